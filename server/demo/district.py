"""A district in miniature on one machine: a real aggregator, three real terminals, and people nobody has ever met.

Everything that matters happens in the programs a district would run: `hazri-server run` with its broker, and for each
terminal `hazri-edge terminal`, `hazri-edge sync` and, as the people before it, `hazri-edge play`. This file only sets
the stage, cuts one terminal's network for a while, and counts: what turned green must be in the ledger, once.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType

from rich.console import Console

from server import DemoError
from server.demo.count import Tally, settle
from server.demo.people import Person, Picture, enrolments, fingers, invent, owners, punches, synthesise
from server.demo.stage import Aggregator, Terminal, start_aggregator, start_terminal
from server.demo.view import show
from sync.relay import Relay

TERMINALS = ("t-1", "t-2", "t-3")
CUT_TERMINAL = "t-2"
CUT_S = 20.0
_SHOWN_S = 2.0
PEOPLE, IMPRESSIONS, SEED = 24, 8, 1
_ROSTER_S, _DRAIN_S, _TICK_S = 120.0, 120.0, 0.05
_ENDING = (signal.SIGTERM, signal.SIGINT)


def main(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit code: 1 when a punch was lost or doubled, or an impostor got in."""
    console = Console(stderr=True)
    before = {number: signal.signal(number, _end) for number in _ENDING}
    folder = Path(tempfile.mkdtemp(prefix="hazri-demo-"))
    try:
        with ExitStack() as stage:
            return _perform(args, folder, stage, console)
    finally:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends like Ctrl-C, also before and after the punching: the folder, with digits in it, is removed.

    SIGINT is taken too, because a shell that starts us in the background has it ignored.
    """
    raise KeyboardInterrupt


def _perform(args: argparse.Namespace, folder: Path, stage: ExitStack, console: Console) -> int:
    people, pictures = _cast(args.fingerprints, folder, console)
    with console.status("starting the aggregator and its broker"):
        aggregator = stage.enter_context(start_aggregator(folder))
        refs = aggregator.register(people)
        relay = Relay("127.0.0.1", aggregator.broker_port)
        stage.callback(relay.close)
    tally = Tally()
    with console.status("provisioning three terminals: own keys, own certificates"):
        terminals = [
            stage.enter_context(start_terminal(folder, name, aggregator, port, tally.green))
            for name, port in ((n, relay.port if n == CUT_TERMINAL else aggregator.broker_port) for n in TERMINALS)
        ]
    _enrol(refs, pictures, terminals, console)
    for number, terminal in enumerate(terminals):
        plan = punches(people, pictures, number, len(terminals))
        tally.owners[terminal.name] = owners(plan, refs, pictures)
        terminal.play({"punches": plan, "loop": True}, partial(tally.session, terminal.name))
    console.print(f"Dashboard: {aggregator.dashboard}", style="bold", soft_wrap=True)
    _run(args, aggregator, terminals, relay, tally, console)
    for terminal in terminals:
        terminal.close_the_door()
    return _verdict(args, aggregator, terminals, tally, folder, console)


def _cast(real: Path | None, folder: Path, console: Console) -> tuple[list[Person], dict[int, list[Picture]]]:
    """People with digits, and the pictures of each one's finger."""
    if real is not None:
        pictures = fingers(real)
    else:
        console.print(f"Growing {PEOPLE} synthetic fingers, {IMPRESSIONS} impressions each; they belong to nobody.")
        pictures = fingers(synthesise(folder / "fingers", PEOPLE, IMPRESSIONS, SEED))
    return invent(len(pictures), SEED), pictures


def _enrol(
    refs: list[str],
    pictures: dict[int, list[Picture]],
    terminals: list[Terminal],
    console: Console,
) -> None:
    """Everybody enrols at the first terminal; then their templates must come down to all three."""
    first, n = terminals[0], len(refs)
    with console.status(f"waiting for the roster of {n} people") as status:
        _wait(_ROSTER_S, terminals, lambda: all(t.people == n for t in terminals), "the roster to arrive")
        status.update(f"enrolling {n} people at {first.name}, three impressions each")
        done = first.enrol(enrolments(refs, pictures), lambda k: status.update(f"enrolled {k} of {n} at {first.name}"))
        refused = [answer for answer in done if not answer.get("ok")]
        if refused:
            raise DemoError(f"{len(refused)} of {n} enrolments were refused: {refused[0].get('error')}")
        status.update("templates travel up sealed and come back as roster")
        views = sum(len(answer["seqs"]) for answer in done)
        _wait(
            _ROSTER_S,
            terminals,
            lambda: all(t.templates >= views for t in terminals),
            "the templates to reach every terminal",
        )


def _run(
    args: argparse.Namespace,
    aggregator: Aggregator,
    terminals: list[Terminal],
    relay: Relay,
    tally: Tally,
    console: Console,
) -> None:
    """Let them punch until the time is up or Ctrl-C; cut one network on the way."""
    started = time.monotonic()
    length_s = args.for_s
    cut_from = 10.0 if length_s is None else length_s / 4
    cut_to = cut_from + (CUT_S if length_s is None else min(CUT_S, length_s / 3))
    cut_terminal = next(t for t in terminals if t.name == CUT_TERMINAL)
    is_cut = False
    try:
        with show(terminals, tally, console) as refresh:
            while length_s is None or time.monotonic() - started < length_s:
                elapsed = time.monotonic() - started
                unseen = is_cut and tally.waiting_s(CUT_TERMINAL) < _SHOWN_S  # it held nothing up yet: it goes on
                if (cut_from <= elapsed and (elapsed < cut_to or unseen)) != is_cut:
                    is_cut = not is_cut
                    (relay.cut if is_cut else relay.mend)()
                    cut_terminal.network_cut = is_cut
                aggregator.check()
                for terminal in terminals:
                    terminal.check()
                tally.receipts(terminals)
                refresh()
                time.sleep(_TICK_S)
    except KeyboardInterrupt:
        console.print("stopping; what is under way still arrives")
    if is_cut:
        relay.mend()
        cut_terminal.network_cut = False


def _verdict(
    args: argparse.Namespace,
    aggregator: Aggregator,
    terminals: list[Terminal],
    tally: Tally,
    folder: Path,
    console: Console,
) -> int:
    """Wait for everything to be receipted, pull the ledger as a central server would, and compare."""
    with console.status("waiting for the last receipts, then pulling the ledger"):

        def drained_now() -> bool:
            tally.receipts(terminals)
            return all(t.drained() for t in terminals)

        drained = _until(_DRAIN_S, terminals, drained_now)
        result = settle(tally, aggregator.pull(folder / "ledger.ndjson"))
    if not drained:
        console.print("[red]not everything was receipted in time[/red]")
    if args.json:
        sys.stdout.write(json.dumps(result.numbers()) + "\n")
    else:
        console.print(result.table())
    return 0 if result.clean() and drained else 1


def _wait(seconds: float, terminals: list[Terminal], condition: Callable[[], bool], what: str) -> None:
    if not _until(seconds, terminals, condition):
        raise DemoError(f"waited {seconds:.0f} s for {what}")


def _until(seconds: float, terminals: list[Terminal], condition: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + seconds
    while not condition():
        for terminal in terminals:
            terminal.check()
        if time.monotonic() > give_up:
            return False
        time.sleep(_TICK_S)
    return True
