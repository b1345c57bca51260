"""`make soak MINUTES=60`: a terminal with each pretended device in turn, used so long by a hundred people a minute."""

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge.progress import progress
from tests.soak.run import Plan, Result, Soak
from tests.soak.stages import DEVICES


def main() -> int:
    """The exit code: 1 when anything grew or went wrong."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    args = _parser().parse_args()
    sessions, a_minute = round(args.minutes * args.rate), 0.0 if args.fast else args.rate
    # What a short run grows by is what Python and SQLite set aside once; what a long one grows by, it loses.
    plan = Plan(sessions, a_minute, warm_up=min(sessions // 4, 500), kb_per_1000=1024, kb=4096)
    groups = [args.only] if args.together else [[name] for name in args.only]
    results = []
    for names in groups:
        results += _soaked(names, plan)
    Console(width=None if sys.stdout.isatty() else 140).print(_table(results))
    return 1 if any(result.trouble for result in results) else 0


def _soaked(names: list[str], plan: Plan) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="hazri-soak-") as folder, closing(Soak(Path(folder), names)) as soak:
        if not soak.names:
            sys.stderr.write("not tried: faces (set HAZRI_MODELS to a folder with their networks)\n")
            return []
        soak.open()
        with progress() as tell:
            return [soak.run(plan, tell)]


def _table(results: list[Result]) -> Table:
    table = Table(title="Soak")
    for head in (
        "devices",
        "sessions",
        "a minute",
        "accepted",
        "green ms",
        "process",
        "kB",
        "kB/1000",
        "threads",
        "fds",
        "",
    ):
        table.add_column(head, justify="left" if head in ("devices", "process", "") else "right")
    for result in results:
        accepted = sum(count for words, count in result.outcomes.items() if words.endswith(": accepted"))
        green = f"{statistics.median(result.green_ms):.0f}" if result.green_ms else ""
        rows = [result.name, str(result.sessions), f"{result.a_minute:.0f}", str(accepted), green]
        for who, grown in result.growth.items():
            figures = (f"{grown.kb:+}", f"{grown.kb_per_1000:+.0f}", f"{grown.threads:+}", f"{grown.files:+}")
            table.add_row(*rows, who, *figures, "; ".join(result.trouble) or "fine")
            rows = [""] * len(rows)
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="for each device (default 60)")
    parser.add_argument("--rate", type=float, default=100.0, help="sessions a minute (default 100)")
    parser.add_argument("--only", nargs="+", choices=sorted(DEVICES), default=sorted(DEVICES), metavar="DEVICE")
    parser.add_argument("--fast", action="store_true", help="as many sessions, as fast as they go")
    parser.add_argument("--together", action="store_true", help="all of them on one terminal")
    return parser


if __name__ == "__main__":
    sys.exit(main())
