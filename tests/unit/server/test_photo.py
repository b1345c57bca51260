"""Photographs: what is accepted as one, and what terminals get of it. The pictures are made here and show nobody."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFile
from sqlalchemy import select

from server import PeopleError
from server.fleet import registry, roster, templates
from server.fleet.roster import RosterKeys
from server.ledger.tables import template
from server.people import photo
from server.people.photo import MAX_FILE_BYTES, SIZE, set_photo, thumbnail
from server.people.register import Registration, register
from server.trust.vault import Vault
from sync.photo import MAX_PHOTO_BYTES, PHOTO
from sync.seal import open_template
from sync.wire import Beat
from tests.unit.server.aggregator import Aggregator, Terminal


def picture(wide: int = 640, high: int = 800, kind: str = "JPEG", quality: int = 80, exif: bool = False) -> bytes:
    """Circles before a slope of grey."""
    image = Image.linear_gradient("L").resize((wide, high)).convert("RGB")
    pen = ImageDraw.Draw(image)
    pen.ellipse((wide * 0.3, high * 0.2, wide * 0.7, high * 0.6), (196, 148, 112))
    out = io.BytesIO()
    extra = Image.Exif()
    extra[0x0112], extra[0x010E] = 6, "where it was taken"  # turned by a quarter, and a remark
    image.save(out, kind, quality=quality, **({"exif": extra} if exif else {}))
    return out.getvalue()


def padded(file: bytes, size: int) -> bytes:
    """What follows a JPEG's end belongs to nothing."""
    return file + bytes(size - len(file))


def test_what_terminals_get_is_small_and_says_nothing_else() -> None:
    """R1.4"""
    small = thumbnail(picture(exif=True))
    assert len(small) <= MAX_PHOTO_BYTES
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", SIZE, {})
    assert b"where" not in small


def test_noise_is_made_small_as_well() -> None:
    noise = Image.effect_noise((200, 250), 120).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=70)
    assert len(thumbnail(out.getvalue())) <= MAX_PHOTO_BYTES


def test_a_hundred_kilobytes_and_not_a_byte_more() -> None:
    """R1.4"""
    assert MAX_FILE_BYTES == 102_400
    thumbnail(padded(picture(), 102_400))
    with pytest.raises(PeopleError, match="more than the 102400 bytes"):
        thumbnail(padded(picture(), 102_401))


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (picture(kind="PNG"), "not a JPEG"),
        (b"\xff\xd8\xff" + bytes(500), "not a JPEG"),
        (picture()[: len(picture()) // 2], "not a JPEG"),
        (b"", "not a JPEG"),
        (picture(80, 90), "80 × 90 pixels"),
        (picture(6000, 5000, quality=1)[:MAX_FILE_BYTES], "more than are opened"),
    ],
    ids=["png", "zeros", "cut", "empty", "tiny", "huge"],
)
def test_what_is_no_photograph_is_refused(file: bytes, says: str) -> None:
    """R1.4"""
    with pytest.raises(PeopleError, match=says):
        thumbnail(file)


def test_a_cut_photograph_is_refused_whatever_pillow_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """R1.4: what prints the returns tells it to be content with half a picture, for the whole process."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    whole = picture()
    assert thumbnail(whole)
    for length in (len(whole) // 2, len(whole) - 2):
        with pytest.raises(PeopleError, match="not a JPEG"):
            thumbnail(whole[:length])


def test_a_name_that_ends_in_jpg_is_no_proof(tmp_path: Path) -> None:
    """R1.4"""
    (tmp_path / "picture.jpg").write_bytes(picture(kind="PNG"))
    with pytest.raises(PeopleError, match="not a JPEG"):
        thumbnail(photo.read_photo(tmp_path / "picture.jpg"))
    with pytest.raises(PeopleError, match="No such file"):
        photo.read_photo(tmp_path / "none.jpg")


def test_the_newest_photograph_reaches_the_terminal_and_opens_there_alone(running: Aggregator) -> None:
    """R1.4, S6: and after what is urgent of the same person, once that has arrived."""
    gate = running.admit(Terminal("t-1"))
    vault = Vault(running.keys.vault)
    ref, *_ = register(running.ledger, vault, [Registration("Synthetic Person", "012345")])
    for exif in (False, True):
        set_photo(running.ledger, running.keys.template, ref.hex(), picture(exif=exif))
    with running.ledger.write() as connection:
        keys = RosterKeys(running.keys.server, running.keys.template, vault)
        ((first, _),) = roster.deltas(connection, keys, "t-1", 0)
        assert first.entries[0].templates == ()
        registry.take_beat(connection, "t-1", Beat(bytes(8), True, bytes(8), 0, 0, first.version, 0), 1)
        (sent,) = roster.deltas(connection, keys, "t-1", first.version)
        held = connection.execute(select(template.c.finger, template.c.version)).all()
    assert [tuple(row) for row in held] == [(PHOTO, 2)]
    (got,) = sent[0].entries[0].templates
    assert open_template(got, gate.seal, "t-1", (running.keys.template.public_key(),)) == thumbnail(picture(exif=True))


def test_nobody_has_a_photograph_who_is_not_registered(running: Aggregator) -> None:
    for reference, says in (("00" * 8, "nobody"), ("zz", "hexadecimal")):
        with pytest.raises(PeopleError, match=says):
            set_photo(running.ledger, running.keys.template, reference, picture())


def test_no_terminal_announces_a_photograph(running: Aggregator) -> None:
    """Else it could put another face beside a name."""
    detail: dict[str, int | str | bytes] = {
        "person": bytes(8),
        "finger": PHOTO,
        "version": 1,
        "hash": bytes(32),
        "size": 100,
    }
    with running.ledger.write() as connection:
        refused = templates.announce(connection, ("t-1", bytes(8), 1), detail)
    assert refused is not None
