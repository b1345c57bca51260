"""`hazri-edge update`: settle what an update before left open, look for news, and install them.

Run by a timer as well as by hand. It settles first, whatever else it was asked: a version on trial whose watcher was
killed or lost its power is left within moments of the next start.
"""

import contextlib
import datetime as dt
import fcntl
import os
import platform
import ssl
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.health import connection
from edge.health.report import line as say
from edge.settings import Settings
from edge.trust import identity
from edge.update import LaterError, SlotError, journal, root, steps
from edge.update.fetch import Fetching
from edge.update.machine import Systemd
from edge.update.purse import MeteredPurse
from edge.update.run import FOLDER, INCOMING, JOURNAL, Parts, Update
from edge.update.slots import CURRENT, GOOD, SLOTS, Slots
from edge.update.source import Folder, Source, Web
from sync.budget import Budget
from sync.release import districts

_ARCHES = {"aarch64": "arm64", "x86_64": "amd64"}
_SPENT, _LOCK = "spent.json", "lock"


@dataclass(frozen=True, slots=True)
class Updating:
    """The [update] settings. `server`: where the aggregator's pages are; empty: only sticks bring releases. `district`:
    empty: that of the office this terminal was admitted for."""

    root: Path
    server: str
    district: str
    hours: steps.Hours
    monthly_mb: int
    health_s: float

    @property
    def folder(self) -> Path:
        return self.root / FOLDER


def update(args: Namespace, settings: Settings, updating: Updating) -> int:
    """Exit codes: 0 done, or nothing to do, or not now; 1 refused. Raises UpdateError, SetupError."""
    slots = Slots(updating.root)
    if args.status:
        return _status(slots, updating)
    with _alone(updating.folder):
        if args.root is not None:
            root.pin(updating.root / root.ROOT, args.root)
        machine = Systemd(settings.condition, args.config, updating.health_s)
        parts = Parts(slots, machine, None, lambda: args.now or updating.hours.open(_minute()), _tell)
        settled = Update(parts).run()
        if args.settle:
            say(settled)
            return 0
        purse = _purse(settings, updating)
        source = _source(args, settings, updating, purse)
        if source is None:
            say("no server is set ([update] server), and no stick was named (--from)")
            return 0
        try:
            return _install(args, settings, updating, parts, source)
        except LaterError as error:
            say(f"later: {error}")
            return 0
        finally:
            purse.save()


def _install(args: Namespace, settings: Settings, updating: Updating, parts: Parts, source: Source) -> int:
    from edge.update import trust  # TUF is loaded where there is something to look at, and nowhere else

    admission = identity.load_admission(settings.state_dir)
    followed = (updating.district,) if updating.district else districts(admission.offices)
    whose = trust.Whose(admission.terminal, followed, _arch())
    first = root.pinned(updating.root / root.ROOT, admission.releases, source)
    offer = trust.look(source, updating.folder, first, whose)
    slots = parts.slots
    if args.check or offer.release is None:
        kept = journal.read(updating.folder / JOURNAL)
        why = steps.refusal(offer.release.version, slots.version(slots.at(GOOD)), kept) if offer.release else offer.why
        say(why or f"{offer.release.version if offer.release else ''} is offered, and would be installed")
        return 0
    fetching = Fetching(source, updating.folder / INCOMING, slots.wheels)
    say(Update(Parts(slots, parts.machine, fetching, parts.open, parts.say), offer.release).run())
    return 0


def _status(slots: Slots, updating: Updating) -> int:
    """What runs, what it would fall back to, and how the last trial ended."""
    current, good = slots.at(CURRENT), slots.at(GOOD)
    kept = journal.read(updating.folder / JOURNAL)
    say(f"runs {slots.version(current)} from {current}")
    if current != good:
        say(f"on trial; {slots.version(good)} in {good} is what it falls back to")
    for slot in SLOTS:
        found = slots.release(slot) if slot not in (current, good) else None
        if found:
            say(f"{slot} holds {found.version}")
    if kept.note:
        say(f"last: {kept.note}")
    return 0


def _source(args: Namespace, settings: Settings, updating: Updating, purse: MeteredPurse) -> Source | None:
    if args.source is not None:
        return Folder(args.source)
    return Web(updating.server, purse, context=_context(settings)) if updating.server else None


def _purse(settings: Settings, updating: Updating) -> MeteredPurse:
    def metered() -> bool:
        noted = connection.noted(settings.connection)
        return noted is None or noted.metered  # who does not know takes every byte for paid

    limit = updating.monthly_mb * 1_000_000
    budget = Budget(updating.folder / _SPENT, limit)
    return MeteredPurse(budget, limit, metered, lambda: updating.hours.open(_minute()), lambda: dt.datetime.now(dt.UTC))


def _context(settings: Settings) -> ssl.SSLContext:
    """Public authorities, and the aggregator's own."""
    context = ssl.create_default_context()
    own = identity.find(settings.state_dir, identity.CA)
    with contextlib.suppress(OSError):
        context.load_verify_locations(own)
    return context


def _arch() -> str:
    machine = platform.machine()
    if machine not in _ARCHES:
        raise SlotError(f"{machine}: there are no releases for this machine")
    return _ARCHES[machine]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two updates at once would take each other's folders away."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SlotError(f"{folder}: {error.strerror}") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise LaterError("another update is under way") from None
    finally:
        os.close(fd)


def _minute() -> int:
    now = dt.datetime.now().astimezone()
    return now.hour * 60 + now.minute


def _tell(what: str) -> None:
    say(f"update: {what}")
