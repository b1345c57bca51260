"""Updates over what an update is made of: what is fetched, how a slot is filled, and every way back (S2, S13)."""

import datetime as dt
import hashlib
import itertools
import json
import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.update import LaterError, SlotError, SourceError, TrustError, UpdateError, journal
from edge.update.fetch import RANGE_BYTES, Fetching
from edge.update.machine import patient
from edge.update.purse import MeteredPurse
from edge.update.run import FOLDER, INCOMING, JOURNAL, Parts, Update
from edge.update.slots import CURRENT, GOOD, Slots
from edge.update.source import Folder
from edge.update.steps import Journal
from edge.update.trust import Whose
from sync.budget import Budget
from sync.release import Release, blocks_path, within
from tests.unit.edge.update_site import DISTRICT, Makers, Terminal, make_wheel, make_wheels, run, stick

OLD, NEW, NEWER = "0.1.0", "0.2.0", "0.3.0"
_SAME = random.Random(7).randbytes(300_000)


class Counted(Folder):
    """Counts what is read of it; `most` bytes in all, and then it breaks off."""

    def __init__(self, folder: Path, most: int | None = None) -> None:
        super().__init__(folder)
        self.bytes: dict[str, int] = {}
        self._left = most

    def read(self, path: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        for chunk in super().read(path, start, length):
            part = chunk
            if self._left is not None and path.startswith("targets/wheels"):
                if self._left <= 0:
                    raise SourceError("the line broke off")
                part = chunk[: self._left]
                self._left -= len(part)
            self.bytes[path] = self.bytes.get(path, 0) + len(part)
            yield part
            if len(part) < len(chunk):
                raise SourceError("the line broke off")

    @property
    def wheels(self) -> int:
        return sum(count for path, count in self.bytes.items() if "wheels/" in path)


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path / "makers")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "opt", make_wheels(tmp_path / "old", OLD), OLD)


def large_wheels(folder: Path, version: str) -> Path:
    """A program of 200 files, of which one changed, beside a library of 300 kB."""
    make_wheels(folder, version, parts=200)
    make_wheel(folder, "library", "2.0", {"library.bin": _SAME})
    return folder


# ── what is fetched ──


def test_a_wheel_that_is_here_already_is_not_fetched(makers: Makers, terminal: Terminal) -> None:
    makers.release(NEW)
    makers.offer(NEW)
    source = Counted(makers.public)
    terminal.update(source, makers.root)
    assert terminal.state() == (NEW, NEW, NEW)
    library = next(path for path in (terminal.root / "wheels").glob("numbers_small*"))
    assert not any(wheel_path_of(library) in path for path in source.bytes)
    assert (terminal.root / "slots/a/wheels" / library.name).stat().st_ino == library.stat().st_ino


def wheel_path_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_of_a_changed_wheel_the_changed_parts_are_fetched(makers: Makers, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "opt", large_wheels(tmp_path / "large-old", OLD), OLD)
    release = makers.release(NEW, wheels=large_wheels(tmp_path / "large-new", NEW))
    makers.offer(NEW)
    source = Counted(makers.public)
    terminal.update(source, makers.root)
    assert terminal.version == NEW
    ours = next(wheel for wheel in release.wheels if wheel.distribution == "hazri")
    assert 0 < source.wheels < ours.length * 0.75  # the directory of so many small files is much of the wheel
    assert source.wheels < release.length / 3


def test_who_is_cut_off_goes_on_where_the_file_ends(makers: Makers, tmp_path: Path) -> None:
    """In many pieces the same bytes come as in one, and none of a wheel twice."""
    terminal = Terminal(tmp_path / "opt", make_wheels(tmp_path / "old", OLD), OLD)
    library = make_wheels(tmp_path / "wheels", NEW)
    make_wheel(library, "library", "2.0", {f"{n}.bin": os.urandom(RANGE_BYTES // 3) for n in range(12)})
    release = makers.release(NEW, wheels=library)
    source = Counted(makers.public)
    fetching = Fetching(source, tmp_path / "whole", terminal.slots.wheels)
    fetching.fetch(release)
    broken = spent = 0
    for most in itertools.cycle((9_000, 21_001, 5)):
        line = Counted(makers.public, most)
        try:
            Fetching(line, tmp_path / "parts", terminal.slots.wheels).fetch(release)
            break
        except SourceError:
            broken += 1
        finally:
            spent += line.wheels
    assert broken > 10
    assert source.wheels <= spent < source.wheels * 1.02  # a map that was cut off is fetched again
    for wheel in release.wheels:
        assert (tmp_path / "parts" / wheel.sha256.hex()).stat().st_size == wheel.length


def test_a_damaged_old_wheel_costs_a_download_and_nothing_else(makers: Makers, tmp_path: Path) -> None:
    """Its blocks are read anew each time; what rots while it is copied is seen by the sum at the end."""
    terminal = Terminal(tmp_path / "opt", large_wheels(tmp_path / "large-old", OLD), OLD)
    makers.release(NEW, wheels=large_wheels(tmp_path / "large-new", NEW))
    makers.offer(NEW)
    for path in (terminal.root / "wheels").glob("hazri-*"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    terminal.update(stick(makers), makers.root)
    assert terminal.state() == (NEW, NEW, NEW)


def test_a_block_map_that_was_not_signed_is_refused(makers: Makers, terminal: Terminal) -> None:
    release = makers.release(NEW)
    makers.offer(NEW)
    for wheel in release.wheels:
        path = makers.public / "targets" / blocks_path(wheel)
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(TrustError, match="block map"):
        terminal.update(stick(makers), makers.root)


def test_a_fetched_file_that_changed_on_the_disk_is_seen_before_it_is_unpacked(
    makers: Makers, terminal: Terminal
) -> None:
    release = makers.release(NEW)
    fetching = Fetching(stick(makers), terminal.root / FOLDER / INCOMING, terminal.slots.wheels)
    files = fetching.fetch(release)
    ours = next(path for wheel, path in files.items() if wheel.distribution == "hazri")
    ours.write_bytes(ours.read_bytes()[:-1] + b"!")
    with pytest.raises(TrustError, match="fetched again"):
        terminal.install(stick(makers), release)
    assert terminal.install(stick(makers), release) == f"{NEW} is what runs"


# ── who is offered what ──


def test_a_ring_decides_who_is_offered_a_release(makers: Makers, terminal: Terminal) -> None:
    makers.release(NEW)
    makers.offer(NEW, 10)
    inside = next(f"gate-{n}" for n in range(1000) if within(f"gate-{n}", 10))
    outside = next(f"gate-{n}" for n in range(1000) if not within(f"gate-{n}", 10))
    why = terminal.update(stick(makers), makers.root, Whose(outside, (DISTRICT,), "amd64"))
    assert why == f"{NEW} is offered to 10 % of the terminals, and this one is not among them yet"
    assert terminal.update(stick(makers), makers.root, Whose(inside, (DISTRICT,), "amd64")) == f"{NEW} is what runs"


# ── hours, bytes, room ──


def test_services_are_not_restarted_while_people_punch(makers: Makers, terminal: Terminal) -> None:
    """Fetched, filled and tried it is at any hour; the switch waits."""
    release = makers.release(NEW)
    assert terminal.install(stick(makers), release, hours=False) == f"{NEW} waits until nobody punches"
    assert (terminal.state(), terminal.bench.restarts) == ((OLD, OLD, OLD), ["venv"])
    assert terminal.install(stick(makers), release) == f"{NEW} is what runs"


def test_a_metered_line_is_used_at_night_and_within_its_bytes(tmp_path: Path) -> None:
    now = dt.datetime(2026, 4, 1, 23, tzinfo=dt.UTC)
    state = {"metered": True, "night": True}
    file = tmp_path / "spent.json"

    def purse() -> MeteredPurse:
        budget = Budget(file, 1_000_000)
        return MeteredPurse(budget, 1_000_000, lambda: state["metered"], lambda: state["night"], lambda: now)

    first = purse()
    first.ask()
    first.pay(600_000)
    first.save()
    second = purse()  # after a restart
    second.ask()
    second.pay(400_000)
    with pytest.raises(LaterError, match="1 MB that updates may cost a month are spent"):
        second.ask()
    state["metered"] = False
    second.ask()
    state.update(metered=True, night=False)
    with pytest.raises(LaterError, match="nobody punches"):
        purse().ask()


def test_a_release_for_which_there_is_no_room_is_not_fetched(makers: Makers, terminal: Terminal) -> None:
    """S13: punches go to the same disk."""
    release = makers.release(NEW)
    terminal.slots = Slots(terminal.root, flush=lambda: None, reserve=1 << 60)
    source = Counted(makers.public)
    with pytest.raises(SlotError, match="MB are free"):
        terminal.install(source, release)
    assert source.bytes == {}


# ── slots ──


def test_an_update_goes_from_slot_to_slot(makers: Makers, terminal: Terminal) -> None:
    for version in (NEW, NEWER, "0.4.0"):
        makers.release(version)
        makers.offer(version)
        terminal.update(stick(makers), makers.root)
        assert terminal.state() == (version, version, version)
    assert terminal.bench.restarts == ["venv", "slots/a", "slots/b", "slots/a"]
    assert run(terminal.root / "venv").split()[1] == OLD  # the package's own stays


def test_files_of_wheels_that_did_not_change_are_linked_and_no_link_is_written_through(
    makers: Makers, terminal: Terminal
) -> None:
    for version in (NEW, NEWER):
        makers.release(version)
        makers.offer(version)
        terminal.update(stick(makers), makers.root)
    first, second = (terminal.root / slot for slot in ("slots/a", "slots/b"))
    one, two = (next(slot.rglob("numbers_small/__init__.py")) for slot in (first, second))
    assert one.stat().st_ino == two.stat().st_ino
    assert next(first.rglob("hazri_small.py")).stat().st_ino != next(second.rglob("hazri_small.py")).stat().st_ino
    assert run(first).split()[1] == NEW


def test_a_damaged_file_of_the_slot_that_runs_is_not_linked(makers: Makers, terminal: Terminal) -> None:
    """It comes out of its wheel, whose sum was held."""
    makers.release(NEW)
    makers.offer(NEW)
    terminal.update(stick(makers), makers.root)
    library = next((terminal.root / "slots/a").rglob("numbers_small/__init__.py"))
    library.write_text("VALUE = 43\n")
    makers.release(NEWER)
    makers.offer(NEWER)
    terminal.update(stick(makers), makers.root)
    assert run(terminal.root / CURRENT).split() == ["hazri-edge", NEWER, "42", "well"]
    assert next((terminal.root / "slots/b").rglob("numbers_small/__init__.py")).read_text() == "VALUE = 42\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../outside.py", "leads out of it"),
        ("/etc/outside.py", "leads out of it"),
        ("a\\..\\b.py", "leads out of it"),
    ],
)
def test_a_wheel_that_leads_out_of_its_slot_is_refused(
    makers: Makers, terminal: Terminal, tmp_path: Path, name: str, words: str
) -> None:
    """Even signed: makers may be careless."""
    wheels = make_wheels(tmp_path / "wheels", NEW)
    make_wheel(wheels, "careless", "1.0", {name: b"print('outside')\n"})
    release = makers.release(NEW, wheels=wheels)
    with pytest.raises(SlotError, match=words):
        terminal.install(stick(makers), release)
    assert terminal.state() == (OLD, OLD, OLD)
    assert not (terminal.root / "slots" / "outside.py").exists()


@pytest.mark.parametrize("points", ["", "[console_scripts]\nhazri-edge = a:b;import os\n", "no section"])
def test_a_release_without_programs_is_refused(makers: Makers, terminal: Terminal, tmp_path: Path, points: str) -> None:
    folder = tmp_path / "wheels"
    make_wheel(folder, "hazri", NEW, {"hazri_small.py": b"def main():\n    return 0\n"}, points)
    release = makers.release(NEW, wheels=folder)
    with pytest.raises(SlotError, match="program"):
        terminal.install(stick(makers), release)
    assert terminal.state() == (OLD, OLD, OLD)


def test_a_file_that_is_no_wheel_is_refused(makers: Makers, terminal: Terminal, tmp_path: Path) -> None:
    wheels = make_wheels(tmp_path / "wheels", NEW)
    (wheels / "broken-1.0-py3-none-any.whl").write_bytes(b"no zip file at all")
    release = makers.release(NEW, wheels=wheels)
    with pytest.raises(SlotError, match="not a wheel"):
        terminal.install(stick(makers), release)
    assert terminal.state() == (OLD, OLD, OLD)


def test_data_of_a_wheel_lands_where_pythons_packages_are(tmp_path: Path, makers: Makers, terminal: Terminal) -> None:
    wheels = make_wheels(tmp_path / "wheels", NEW)
    extra = {"extra-1.0.data/purelib/extra.py": b"X = 1\n", "extra-1.0.data/scripts/evil": b"#!/bin/sh\n"}
    make_wheel(wheels, "extra", "1.0", extra)
    terminal.install(stick(makers), makers.release(NEW, wheels=wheels))
    slot = terminal.root / "slots/a"
    assert next(slot.rglob("extra.py")).read_text() == "X = 1\n"
    assert {path.name for path in (slot / "bin").iterdir()} == {"hazri-edge", "python", "python3"}
    assert list(slot.rglob("evil")) == []


def test_links_that_point_to_no_slot_are_an_error_that_says_what_to_do(terminal: Terminal) -> None:
    (terminal.root / CURRENT).unlink()
    with pytest.raises(SlotError, match="install the Debian package once more"):
        terminal.settle()
    (terminal.root / CURRENT).symlink_to("/tmp")
    with pytest.raises(SlotError, match="points to no slot"):
        terminal.settle()


# ── trial and way back ──


def test_an_ill_release_is_left_and_not_tried_again(makers: Makers, terminal: Terminal) -> None:
    makers.release(NEW, "ill")
    makers.offer(NEW)
    why = terminal.update(stick(makers), makers.root)
    assert why == f"{NEW} was tried here and found ill: {NEW}: the terminal serves nobody"
    assert terminal.state() == (OLD, OLD, OLD)
    assert terminal.bench.restarts == ["venv", "slots/a", "venv"]
    terminal.update(stick(makers), makers.root)
    assert terminal.bench.restarts == ["venv", "slots/a", "venv"]
    makers.release(NEWER)
    makers.offer(NEWER)
    terminal.update(stick(makers), makers.root)
    assert terminal.state() == (NEWER, NEWER, NEWER)


def test_a_release_that_does_not_even_start_is_never_switched_to(
    makers: Makers, terminal: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "wheels"
    points = "[console_scripts]\nhazri-edge = hazri_small:main\n"
    make_wheel(folder, "hazri", NEW, {"hazri_small.py": b"raise SystemExit('no')\n"}, points)
    why = terminal.install(stick(makers), makers.release(NEW, wheels=folder))
    assert why == f"{NEW} was tried here and found ill: {NEW}: it does not start"
    assert terminal.bench.restarts == ["venv"]


def test_who_is_killed_in_every_trial_gives_up_after_three(makers: Makers, terminal: Terminal) -> None:
    """Each switch is written down before it is made."""
    release = makers.release(NEW)

    class Dies(Exception):  # noqa: N818 - as a kill
        pass

    def dies(_version: str) -> str:
        raise Dies

    terminal.bench.ill = dies
    for _ in range(3):
        with pytest.raises(Dies):
            terminal.install(stick(makers), release)
        assert (terminal.root / CURRENT).readlink() == Path("slots/a")
        terminal.settle()
        assert terminal.state() == (OLD, OLD, OLD)
    why = terminal.install(stick(makers), release)
    assert why == f"{NEW} was tried 3 times, and each time something broke it off"


def test_something_to_settle_is_marked_for_the_next_start(makers: Makers, terminal: Terminal) -> None:
    """hazri-update-settle.service runs where the file is, before the services."""
    release = makers.release(NEW)
    marked = []
    terminal.bench.ill = lambda _: marked.append((terminal.root / FOLDER / "open").exists()) or ""
    terminal.install(stick(makers), release)
    assert marked == [True]
    assert not (terminal.root / FOLDER / "open").exists()
    unit = Path(__file__).parents[3] / "systemd" / "hazri-update-settle.service"
    assert "ConditionPathExists=/opt/hazri/update/open\n" in unit.read_text()


def test_services_that_may_run_what_is_no_longer_current_are_restarted_first(terminal: Terminal) -> None:
    journal.write(terminal.root / FOLDER / JOURNAL, Journal(restart_due=True))
    terminal.settle()
    assert terminal.bench.restarts == ["venv", "venv"]
    terminal.settle()
    assert terminal.bench.restarts == ["venv", "venv"]


def test_an_update_without_a_release_or_a_source_does_nothing(terminal: Terminal, makers: Makers) -> None:
    assert terminal.settle() == "nothing is offered"
    release = makers.release(NEW)
    parts = Parts(terminal.slots, terminal.bench, None, lambda: True, lambda _: None)
    with pytest.raises(UpdateError, match="nowhere to fetch from"):
        Update(parts, release).run()


def test_a_version_is_well_after_three_looks_in_a_row_and_patience_ends() -> None:
    """Within the 90 s of the settings; with the restart the way back takes two minutes at most."""

    def judged(answers: Iterator[str]) -> tuple[str, float]:
        clock = [0.0]

        def sleep(seconds: float) -> None:
            clock[0] += seconds

        return patient(lambda: next(answers), 90.0, sleep, lambda: clock[0]), clock[0]

    assert judged(iter(["starting", "", "", ""])) == ("", 15.0)
    assert judged(iter(["", "", "down", *[""] * 3])) == ("", 25.0)
    why, took_s = judged(itertools.repeat("nobody is served"))
    assert (why, took_s <= 90.0) == ("nobody is served", True)
    why, took_s = judged(itertools.cycle(["", "", "down"]))
    assert why
    assert took_s <= 90.0


# ── the journal ──


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"[]",
        b"{",
        b'{"refused": [1]}',
        b'{"floor": "x", "refused": []}',
        json.dumps({"tries": "3", "refused": [], "restart_due": False, "note": ""}).encode(),
        json.dumps({"tries": 3, "refused": ["1.0"] * 99, "restart_due": False, "note": ""}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_spoilt_journal_begins_anew(tmp_path: Path, spoilt: bytes) -> None:
    file = tmp_path / "journal.json"
    file.write_bytes(spoilt)
    assert journal.read(file) == Journal()


def test_the_journal_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "journal.json"
    kept = Journal("1.2", "1.3", 2, ("1.1",), True, "why")
    journal.write(file, kept)
    assert journal.read(file) == kept
    with pytest.raises(SlotError, match="No such file"):
        journal.write(tmp_path / "nowhere" / "journal.json", kept)


def test_links_are_readable_by_the_services(makers: Makers, terminal: Terminal) -> None:
    """They run as users of their own."""
    makers.release(NEW)
    makers.offer(NEW)
    terminal.update(stick(makers), makers.root)
    program = terminal.root / GOOD / "bin" / "hazri-edge"
    assert program.stat().st_mode & stat.S_IXOTH
    assert all(path.stat().st_mode & stat.S_IROTH for path in (terminal.root / GOOD).resolve().rglob("*.py"))


def test_a_release_is_never_staged_into_a_slot_in_use(makers: Makers, terminal: Terminal) -> None:
    first: Release = makers.release(NEW)
    terminal.install(stick(makers), first)
    assert terminal.slots.spare == "slots/b"
    terminal.slots.turn(CURRENT, "venv")
    assert terminal.slots.spare == "slots/b"
