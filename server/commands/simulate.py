"""`hazri-server simulate`: a fleet in simulated time, with a bar, a summary, and the words by which to see it again."""

import argparse
import json
import logging
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from server import ServerError
from server.commands.words import Words
from server.simulate import PUNCHES_A_DAY

if TYPE_CHECKING:
    from server.simulate.run import Asked, Found

_MOST_TERMINALS, _MOST_DAYS = 100_000, 3660


def add(words: Words) -> None:
    """The command's words."""
    one = words.command(
        "simulate",
        words.plain,
        "Let a made-up fleet live for simulated days, and hold the ledger to what happened.",
    )
    one.add_argument("--terminals", type=int, default=100, metavar="N", help="how many (default: 100)")
    one.add_argument("--days", type=int, default=30, metavar="D", help="how long they live (default: 30)")
    one.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed, the same fleet (default: 1)")
    one.add_argument(
        "--punches", type=int, default=PUNCHES_A_DAY, metavar="P", help=f"a terminal and day ({PUNCHES_A_DAY})"
    )
    one.add_argument("--json", action="store_true", help="one line of JSON")
    one.set_defaults(topic=run)


def run(args: argparse.Namespace) -> str:
    """What came of it, as lines or as JSON. Raises ServerError where something did not hold, and then prints it."""
    from rich.console import Console
    from rich.progress import Progress

    from server.simulate.run import run as simulate

    asked = _asked(args)
    if not args.verbose:
        logging.getLogger("hazri").setLevel(logging.WARNING)  # thousands of terminals have much to say
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("terminal-days", total=asked.terminals * asked.days)
        found = simulate(asked, lambda n: progress.advance(task, n))
    text = _json(found) if args.json else "\n".join(_lines(found))
    if not found.sound:
        sys.stdout.write(text + "\n")
        raise ServerError(f"{found.counts['violations']} violations; see it again: {_again(asked)}")
    return text


def _asked(args: argparse.Namespace) -> "Asked":
    from server.simulate.run import Asked

    for name, value, most in (
        ("--terminals", args.terminals, _MOST_TERMINALS),
        ("--days", args.days, _MOST_DAYS),
        ("--punches", args.punches, 10_000),
    ):
        if not 1 <= value <= most:
            raise ServerError(f"{name}: {value}; expected 1 to {most}")
    return Asked(args.terminals, args.days, args.seed, args.punches)


def _again(asked: "Asked") -> str:
    return (
        f"hazri-server simulate --terminals {asked.terminals} --days {asked.days} --seed {asked.seed} "
        f"--punches {asked.punches_a_day}"
    )


def _json(found: "Found") -> str:
    return json.dumps(
        {
            **asdict(found.asked),
            "sound": found.sound,
            "counts": found.counts,
            "violations": found.violations,
            "digest": found.digest,
            "took_s": round(found.took_s, 1),
            "cpu_s": round(found.cpu_s, 1),
            "us_per_punch": round(found.us_per_punch),
            "again": _again(found.asked),
        }
    )


_ROWS = (
    ("punches with a green light", "punches"),
    ("records in the ledger, each audited", "records_audited"),
    ("boots", "boots"),
    ("power cuts in the middle of a punch", "cut_midway"),
    ("lines lost", "lines_lost"),
    ("clocks turned", "clocks_turned"),
    ("messages lost", "messages_lost"),
    ("messages that came twice", "messages_doubled"),
    ("batches overtaken", "batches_held_up"),
    ("failures of the server", "server_failures"),
    ("of these, with a broker that forgot", "brokers_wiped"),
    ("cards cloned", "cards_cloned"),
    ("cards put back", "cards_put_back"),
    ("cards exchanged", "cards_replaced"),
    ("punches read from dead cards", "carried_punches"),
    ("forked logs, named", "forks_named"),
    ("punches kept on a forked card", "kept_on_a_copied_card"),
    ("punches overwritten by hand", "overwritten_by_hand"),
    ("dated by the server's word", "dated_anchored"),
    ("violations", "violations"),
)


def _lines(found: "Found") -> list[str]:
    lines = [f"{text:<38} {found.counts.get(name, 0):>10,}" for text, name in _ROWS]
    lines += [f"{'':<38} {found.us_per_punch:>10,.0f} µs of CPU a punch, {found.took_s:.1f} s in all", ""]
    if found.sound:
        return [*lines, f"sound: none lost, none doubled, every fork named, every date right ({found.digest})"]
    return [*lines, *found.violations]
