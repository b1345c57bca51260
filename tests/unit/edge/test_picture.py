"""Every state, in every language, at every size: drawn, nothing cut off, every letter in its font, legible colours."""

import itertools
import re
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageChops

from edge import SetupError
from edge.screen import fonts, icons, words
from edge.screen.fonts import Style
from edge.screen.picture import PAINTS, SIZES, STRIP_PAINTS, PictureError, contrast, draw
from edge.screen.scene import Arrow, Colour, Corner, Icon, Link, Screen, screen
from edge.screen.screenshots import LATE, USUAL, every, face_placeholder, make, pairs, size
from edge.screen.typeset import Box, Item, TooLongError, fit
from edge.screen.words import Language, Words, catalogue
from edge.session import outcome, states
from edge.session.states import Fact, Page
from sync.record import Kind

BOTH = (Language.HINDI, Language.ENGLISH)
LATIN = Style(Language.ENGLISH)


def filled(language: Language) -> str:
    """All that can be said in a language, with what is filled in."""
    return "".join(w.within(language) for w in catalogue().values()) + "Synthetic 0123456789 7K3 M9Q"


def test_every_state_and_ending_has_its_picture() -> None:
    shown = [state for _, state, _ in every(Language.HINDI)]
    assert {type(state) for state in shown} == set(get_args(states.State))
    endings = {type(state.outcome) for state in shown if isinstance(state, states.Done)}
    assert endings == set(get_args(outcome.Outcome))


@pytest.mark.parametrize("of", SIZES, ids=str)
@pytest.mark.parametrize("language", Language)
def test_no_message_overflows_at_any_size_in_any_language(language: Language, of: tuple[int, int]) -> None:
    """R1.1, S13, S16: what is too long for its place raises; here nothing does."""
    wide, high = of
    strip = max(26, round(high * 0.1)) + 1
    for name, state, corner in every(language):
        shot = draw(screen(state), corner, of, pairs(language))
        assert shot.size == of
        # Nor does any stroke touch the edge of the panel or the strip above.
        back = PAINTS[screen(state).colour].back
        for edge in (
            (0, strip, wide, strip + 2),
            (0, high - 2, wide, high),
            (0, strip, 2, high),
            (wide - 2, strip, wide, high),
        ):
            assert set(shot.crop(edge).get_flattened_data()) == {back}, (name, edge)


@pytest.mark.parametrize("language", Language)
def test_one_language_alone_is_drawn_too(language: Language) -> None:
    for _, state, corner in every(language):
        draw(screen(state), corner, (320, 240), (language,))


def test_any_two_languages_go_together_on_the_smallest_panel() -> None:
    for first, second in itertools.permutations(Language, 2):
        for _, state, corner in every(first):
            draw(screen(state), corner, (320, 240), (first, second))


def test_a_message_in_no_ones_box_is_noticed() -> None:
    """The test above can fail: words ten times too many raise, and the error quotes none of them."""
    too_many = Words("नाम " * 400, "Name " * 400)
    with pytest.raises(PictureError) as error:
        draw(Screen(Colour.RED, Icon.BOOK, (too_many,)), USUAL, (320, 240), BOTH)
    assert "Name" not in str(error.value)
    with pytest.raises(TooLongError):
        fit((Item("W" * 300, 1, LATIN),), Box(0, 0, 100, 100), 30, 12)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("calm", [False, True])
def test_every_letter_has_its_glyph(language: Language, calm: bool) -> None:
    assert fonts.missing(filled(language), Style(language, calm=calm)) == ""
    assert fonts.missing(filled(language), Style(language, bold=True, calm=calm)) == ""


def test_a_letter_that_no_font_has_is_noticed() -> None:
    assert fonts.missing("a\U00013000b", LATIN) == "\U00013000"


@pytest.mark.parametrize("name", ["আনন্দ", "ਅਨੰਦ", "ಆನಂದ", "ആനന്ദ്", "ஆனந்த்", "ఆనంద్", "આનંદ", "ଆନନ୍ଦ", "آنند", "Anand"])
def test_a_name_in_another_script_has_all_its_letters(name: str) -> None:
    for language in Language:
        assert fonts.missing(name, Style(language)) == ""
        assert fonts.width(name, 30, Style(language)) > 30


@pytest.mark.parametrize("language", Language)
def test_every_message_is_translated(language: Language) -> None:
    """A new message needs a line in kannada.py and urdu.py beside it; until then people are shown English."""
    missing = [
        name for name, w in catalogue().items() if language is not Language.ENGLISH and w.within(language) == w.en
    ]
    assert missing == []


def test_what_is_filled_in_is_filled_in_everywhere() -> None:
    for message in catalogue().values():
        blanks = {tuple(sorted(re.findall(r"\{\w+\}", message.within(language)))) for language in Language}
        assert len(blanks) == 1, message.en


def test_everything_written_is_legible() -> None:
    """WCAG 2.2, criterion 1.4.3: a contrast of at least 4.5 (S16)."""
    for paint in (*PAINTS.values(), *STRIP_PAINTS):
        assert contrast(paint.back, paint.ink) >= 4.5
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) < 4.5


def test_colours_are_told_apart_by_lightness_or_sign_too() -> None:
    """Whoever sees no colours sees another sign: no sign stands on both green and red."""
    signs: dict[Colour, set[Icon]] = {}
    for _, state, _ in every(Language.HINDI):
        picture = screen(state)
        signs.setdefault(picture.colour, set()).add(picture.icon)
    assert signs[Colour.GREEN] == {Icon.TICK}
    assert not signs[Colour.GREEN] & (signs[Colour.RED] | signs[Colour.YELLOW])


def test_not_recorded_is_red_and_large() -> None:
    """S13"""
    shot = draw(screen(states.Done(outcome.NotRecorded())), USUAL, (480, 320), BOTH)
    assert shot.getpixel((240, 310)) == PAINTS[Colour.RED].back
    said = words.NOT_RECORDED
    lines = fit((Item(said.hi, 1, Style(Language.HINDI, bold=True)),), Box(0, 0, 310, 250), 51, 18)
    assert lines[0].size >= 40


@pytest.mark.parametrize("sign", [*Icon, *Arrow, *Link, "clock", "up"], ids=str)
def test_every_sign_is_a_picture_of_its_own(sign: icons.Sign) -> None:
    drawn = icons.mask(sign, 64)
    assert drawn.size == (64, 64)
    inked = sum(drawn.histogram()[128:]) / 64**2
    assert 0.05 < inked < 0.8
    others = [icons.mask(other, 64) for other in (*Icon, *Arrow, *Link) if other is not sign]
    assert all(ImageChops.difference(drawn, other).getbbox() for other in others)


def differs(a: Image.Image, b: Image.Image) -> bool:
    return ImageChops.difference(a, b).getbbox() is not None


def test_the_corner_shows_link_queue_and_clock() -> None:
    """S2: an untrusted clock is said on every screen."""
    usual = draw(screen(states.Idle()), USUAL, (480, 320), BOTH)
    for other in (
        Corner(Link.WIFI, 3, 12, "09:12"),
        Corner(Link.MOBILE, 1, 12, "09:12"),
        Corner(Link.MOBILE, 3, 13, "09:12"),
        Corner(Link.MOBILE, 3, 12, "09:13"),
        Corner(Link.MOBILE, 3, 12, "09:12", clock_trusted=False),
        Corner(None, 3, 12, "09:12"),
        LATE,
    ):
        shot = draw(screen(states.Idle()), other, (480, 320), BOTH)
        strip, body = (0, 0, 480, 32), (0, 34, 480, 320)
        assert differs(usual.crop(strip), shot.crop(strip))
        assert not differs(usual.crop(body), shot.crop(body))


def test_urdu_reads_from_the_right() -> None:
    left, right = (0, 60, 150, 320), (330, 60, 480, 320)
    there = draw(screen(states.Place(1, None)), USUAL, (480, 320), (Language.URDU,))
    here = draw(screen(states.Place(1, None)), USUAL, (480, 320), (Language.HINDI,))
    sign = icons.mask(Icon.FINGER, 64).getbbox()
    assert sign is not None
    assert there.crop(right).histogram() != here.crop(right).histogram()
    assert there.crop(left).histogram() != here.crop(left).histogram()
    [run_first, run_last] = fonts.runs("خوش Synthetic", Style(Language.URDU))
    placed = {run: x for x, run in fonts.placed("خوش Synthetic", 30, Style(Language.URDU))}
    assert (run_first.direction, run_last.direction) == ("rtl", "ltr")
    assert placed[run_first] > placed[run_last] == 0


def test_letters_are_shaped_and_not_only_put_in_a_row() -> None:
    """A conjunct is narrower than its letters, an Arabic word than its letters apart: Raqm is at work."""
    for text, language in (("क्ष", Language.HINDI), ("ಕ್ಷ", Language.KANNADA), ("محمد", Language.URDU)):
        style = Style(language)
        assert fonts.width(text, 40, style) < sum(fonts.width(c, 40, style) for c in text if c not in "्್") * 0.95


def test_a_photo_is_shown_and_a_broken_one_is_not_missed() -> None:
    known = next(state for name, state, _ in every(Language.HINDI) if name == "accepted-in")
    picture = screen(known)
    assert picture.photo == face_placeholder()
    broken = [picture.photo[:200], b"", b"not a JPEG", b"\xff\xd8\xff" + bytes(999)]
    shots = [
        draw(Screen(picture.colour, picture.icon, picture.lines, photo=photo, name="S"), USUAL, (480, 320), BOTH)
        for photo in (None, picture.photo, *broken)
    ]
    assert differs(shots[0], shots[1])
    assert not any(differs(shots[0], shot) for shot in shots[2:])


def test_a_very_long_name_is_shortened_and_never_refused() -> None:
    for name in ("Synthetic " * 12, "W" * 200, "कृत्रिम" * 30, "मصA" * 40):
        picture = Screen(Colour.GREEN, Icon.TICK, (words.ACCEPTED[Kind.IN],), name=name, code="7K3M9Q")
        draw(picture, LATE, (320, 240), BOTH)


NO_PANELS = [((319, 240), BOTH), ((320, 239), BOTH), ((480, 320), ()), ((480, 320), (*BOTH, Language.URDU))]


@pytest.mark.parametrize(("of", "languages"), NO_PANELS)
def test_what_no_panel_is_is_refused(of: tuple[int, int], languages: tuple[Language, ...]) -> None:
    with pytest.raises(PictureError, match="expected 320×240"):
        draw(screen(states.Idle()), USUAL, of, languages)


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(fonts.FOLDER_VARIABLE, str(tmp_path))
    fonts.face.cache_clear()
    with pytest.raises(SetupError, match="fonts-noto-core"):
        fonts.face("NotoSans", 17, False)


def test_the_command_draws_every_screen_and_a_sheet(tmp_path: Path) -> None:
    said: list[str] = []
    make(tmp_path, size("320x240"), [Language.KANNADA], said.append)
    shots = sorted((tmp_path / "kn").glob("*.png"))
    assert len(shots) == len(list(every(Language.KANNADA)))
    assert (tmp_path / "terminal-kn.png").stat().st_size < 400_000
    assert "screens of 320×240" in said[0]
    for wrong in ("big", "100x100", "480", "480x", "99999x9"):
        with pytest.raises(PictureError):
            size(wrong)


def test_a_reason_too_long_for_its_row_is_shortened_and_does_not_blank_the_panel() -> None:
    """S15: what a technician needs most is what takes most words."""
    facts = tuple((fact.value, "no answer in time: weak line, or a firewall (a detail)") for fact in list(Fact)[:7])
    for language in Language:
        shot = draw(screen(states.Technician(Page.NETWORK, facts)), USUAL, (320, 240), pairs(language))
        assert shot.size == (320, 240)


@pytest.mark.parametrize(("language", "first"), [(Language.KANNADA, "left"), (Language.URDU, "right")])
def test_a_figure_s_name_stands_where_reading_begins(language: Language, first: str) -> None:
    """A technician who reads from right to left finds the name at the right, and the figure after it."""
    wide, high = 480, 320
    shots = [
        draw(screen(states.Technician(Page.STATUS, ((name, "64"),))), USUAL, (wide, high), (language,))
        for name in ("people", "seq")
    ]
    left, _, right, _ = ImageChops.difference(*shots).getbbox() or (0, 0, wide, 0)
    assert ("left" if right < wide // 2 else "right" if left > wide // 2 else "both") == first
