"""Batches of one log that follow on from each other are one longer batch, and the last one's signature vouches for it.

A terminal that catches up, or is quicker than we commit, has several batches in one group: joined, they cost one check
of a signature instead of one each, and one way through the ledger. Pure. A run that is not believed as a whole is
taken apart again by whoever judges it, so joining changes what it costs and never what is refused.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from server.intake.incoming import Incoming
from sync.columns import Columns, Indexes

LONGEST = 50  # records, as many as an agent sends at once: no signature moves farther from what it vouches for
_OF_RECORDS = ("types", "boot_no", "since_boot", "wall_offset", "source", "error_bound")
_COLUMNS = (*_OF_RECORDS, "kind", "means", "score", "source_class", "flags", "events")


def runs(group: Iterable[Incoming]) -> list[list[Incoming]]:
    """`group` in order, but a batch comes with those that follow on from it, unless its terminal said something else
    in between."""
    found: list[list[Incoming]] = []
    last: dict[str, list[Incoming]] = {}
    for one in group:
        run = last.get(one.terminal)
        if run and _follows(one, run):
            run.append(one)
        else:
            last[one.terminal] = [one]
            found.append(last[one.terminal])
    return found


def joined(run: Sequence[Incoming]) -> Columns:
    """The one batch that the batches of a run are together, signed by the last."""
    batches = [one.message for one in run if isinstance(one.message, Columns)]
    columns: dict[str, Any] = {
        name: list(chain.from_iterable(getattr(one, name) for one in batches)) for name in _COLUMNS
    }
    columns |= {"people": _people(batches), "signature": batches[-1].signature}
    return replace(batches[0], **columns)


def _people(batches: list[Columns]) -> bytes | Indexes:
    if isinstance(batches[0].people, Indexes):
        places = chain.from_iterable(one.people.places for one in batches if isinstance(one.people, Indexes))
        return Indexes(batches[0].people.version, list(places))
    return b"".join(one.people for one in batches if isinstance(one.people, bytes))


def _follows(one: Incoming, run: list[Incoming]) -> bool:
    first, before, batch = run[0].message, run[-1].message, one.message
    return (
        isinstance(batch, Columns)
        and isinstance(before, Columns)
        and isinstance(first, Columns)
        and batch.log == before.log
        and batch.first_seq == before.last_seq + 1
        and batch.last_seq - first.first_seq < LONGEST
        and _order(batch) == _order(before)
    )


def _order(batch: Columns) -> int | None:
    """The version of the roster in whose order its people are named; None where they are named in full."""
    return batch.people.version if isinstance(batch.people, Indexes) else None
