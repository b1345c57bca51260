"""The demo's live view: a row a terminal, with its link, and how far its punches have come."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from server.demo.count import Tally
from server.demo.stage import Terminal

_LINE_S = 10.0


@contextmanager
def show(terminals: list[Terminal], tally: Tally, console: Console) -> Iterator[Callable[[], None]]:
    """Yields a function that brings the view up to date; where there is no screen, a line now and then."""
    if console.is_terminal:
        with Live(_table(terminals, tally), console=console, auto_refresh=False) as live:
            yield lambda: live.update(_table(terminals, tally), refresh=True)
    else:
        last_s = time.monotonic()

        def say() -> None:
            nonlocal last_s
            if time.monotonic() - last_s >= _LINE_S:
                last_s = time.monotonic()
                words = (f"{t.name}: {_link(t)}, records {t.made}, receipted {t.receipted}" for t in terminals)
                console.print("; ".join(words), markup=False, highlight=False, soft_wrap=True)

        yield say


def _table(terminals: list[Terminal], tally: Tally) -> Table:
    table = Table(title="Three terminals, live", caption="Ctrl-C ends and settles the books")
    table.add_column("Terminal")
    table.add_column("Link", min_width=20, max_width=40, no_wrap=True)  # as wide when the link goes as before
    for heading in ("Punches", "Refused", "Impostors refused", "Records", "Synced", "Receipted", "Waiting"):
        table.add_column(heading, justify="right")
    for t in terminals:
        table.add_row(
            t.name,
            f"[green]● {_link(t)}[/green]" if t.up and not t.network_cut else f"[red]○ {_link(t)}[/red]",
            *map(
                str,
                (
                    tally.accepted("genuine", t.name),
                    tally.rejected("genuine", t.name),
                    tally.rejected("impostor", t.name),
                    t.made,
                    t.sent,
                    t.receipted,
                    max(0, t.made - t.receipted),
                ),
            ),
        )
    return table


def _link(terminal: Terminal) -> str:
    if terminal.network_cut:
        return "network pulled out"
    return "up" if terminal.up else terminal.reason
