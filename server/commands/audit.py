"""`hazri-server audit`: a pass over the whole ledger with a bar, that may be interrupted and goes on where it was."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

from server import ProofError
from server.opened import Opened
from server.transparency.audit import Auditor, Finding, Report, State
from server.transparency.notary import IST
from server.transparency.tree import Frontier
from server.trust import rotation
from sync.ed25519 import PublicKey
from sync.files import replace_file

_KEEP_S = 5.0


def run(args: argparse.Namespace, opened: Opened) -> tuple[str, bool]:
    """The report, as lines or as JSON, and whether the ledger is sound. Raises ProofError, LedgerError."""
    state = _load(args.state)
    notes = [_read(path).decode("utf-8", "replace") for path in args.checkpoint]
    with opened.ledger.read() as connection:
        former = rotation.former_servers(connection)
    auditor = Auditor(opened.ledger, PublicKey.of(opened.keys.server), notes, state, former)
    if auditor.size < auditor.state.size:
        raise ProofError(f"{args.state}: of another ledger, or this one lost records since; remove it to begin anew")
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress, _kept(args.state, auditor) as keep:
        task = progress.add_task("records", total=auditor.size, completed=auditor.state.size)
        for done in auditor.steps():
            progress.advance(task, done)
            keep()
    if args.state is not None:
        args.state.unlink(missing_ok=True)  # the next audit looks at everything again
    report = auditor.report()
    return (_json(report) if args.json else "\n".join(_lines(report))), report.sound


@contextlib.contextmanager
def _kept(path: Path | None, auditor: Auditor) -> Iterator["_Keep"]:
    keep = _Keep(path, auditor)
    try:
        yield keep
    finally:
        keep(now=True)


class _Keep:
    """Writes the state down, now and then."""

    def __init__(self, path: Path | None, auditor: Auditor) -> None:
        self._path, self._auditor, self._at = path, auditor, time.monotonic()

    def __call__(self, *, now: bool = False) -> None:
        if self._path is None or (not now and time.monotonic() - self._at < _KEEP_S):
            return
        self._at = time.monotonic()
        try:
            replace_file(self._path, msgspec.json.encode(self._auditor.state) + b"\n")
        except OSError as error:
            raise ProofError(f"{self._path}: {error.strerror}") from None


def _lines(report: Report) -> list[str]:
    sizes = {one.size: one for one in report.checkpoints}
    told = f"{report.records} records, {len(report.checkpoints)} checkpoints"
    if report.sound:
        return [f"sound: {told}; every record is as its terminal signed it and as the checkpoints say"]
    first, *others = [_line(one) for one in report.findings]
    by = sizes.get(report.findings[0].contradicted_by)
    word = "no checkpoint speaks of it yet"
    if by is not None:
        word = f"contradicted by the checkpoint of {by.size} records, {by.made.astimezone(IST):%d.%m.%Y %H:%M:%S} IST"
    more = [f"and {report.more} more"] if report.more else []
    return [f"NOT sound: {told}", f"first: {first}", f"       {word}", *others, *more]


def _line(one: Finding) -> str:
    name = f"{one.terminal}/{one.log}/{one.seq} " if one.terminal else ""
    return f"{name}(server_seq {one.server_seq}) {one.fault}: {one.detail}"


def _json(report: Report) -> str:
    found = {
        "sound": report.sound,
        "records": report.records,
        "checkpoints": [one.size for one in report.checkpoints],
        "findings": report.findings,
        "more": report.more,
    }
    return msgspec.json.encode(found).decode()


def _load(path: Path | None) -> State | None:
    if path is None or not path.exists():
        return None
    try:
        state = msgspec.json.decode(_read(path), type=State)
        Frontier(state.size, state.edge)
    except (msgspec.DecodeError, ValueError) as error:
        raise ProofError(f"{path}: not a state of an audit ({error}); remove it to begin anew") from None
    return state


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProofError(f"{path}: {error.strerror}") from None
