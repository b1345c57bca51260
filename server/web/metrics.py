"""Figures for Prometheus, in its text format 0.0.4; read from the ledger when they are asked for.

Written here and not with a client library: a library keeps its own figures of one process, and ours are the ledger's,
which several processes share. What is left of it is the text.
"""

import resource
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select

from server.access.gate import everybody, may
from server.access.rights import Right
from server.access.scope import Scope
from server.fleet import overview, pulse
from server.fleet.follow import CURSOR
from server.ledger.records import PUNCHES, RECORDS
from server.ledger.store import now_ms
from server.ledger.tables import counter
from server.web.services import Services

router = APIRouter(include_in_schema=False)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTER, GAUGE = "counter", "gauge"
_STARTED = time.time()

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, and its values by labels."""

    name: str
    kind: str
    text: str
    values: Iterable[tuple[Labels, float]]


@router.get("/metrics", dependencies=[everybody("it says where the figures are, and no figure")])
def metrics_are_there() -> Response:
    """Where Prometheus looks by itself; it follows, with its token."""
    return RedirectResponse("/api/v1/metrics", 308)


@router.get("/api/v1/metrics")
def metrics(request: Request, scope: Annotated[Scope, may(Right.FLEET)]) -> Response:
    """Of what the scope sees; what is of the server as a whole only for who sees the whole."""
    services: Services = request.app.state.services
    with services.ledger.read() as connection:
        found = [*_of_the_fleet(connection, scope), *(_of_the_ledger(connection) if scope.whole else ())]
    if scope.whole:
        found += _of_the_server(services)
    return Response(exposition(found), headers={"content-type": CONTENT_TYPE})


def exposition(metrics: Iterable[Metric]) -> str:
    """The text format (prometheus.io/docs/instrumenting/exposition_formats)."""
    return "".join(line + "\n" for metric in metrics for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {_escaped(metric.text)}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in metric.values:
        told = ",".join(f'{name}="{_quoted(text)}"' for name, text in labels.items())
        yield f"{metric.name}{'{' + told + '}' if told else ''} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')


def _one(value: float) -> list[tuple[Labels, float]]:
    return [({}, value)]


def _of_the_fleet(connection: Connection, scope: Scope) -> Iterator[Metric]:
    sums = overview.sums(connection, now_ms(), scope)
    by_state = [({"state": state}, n) for state, n in sorted(sums.states.items())]
    by_level = [({"level": level}, sums.levels.get(level, 0)) for level in ("warn", "fail")]
    by_kind = [({"kind": kind, "level": level}, n) for (kind, level), n in sorted(sums.wrong.items())]
    yield Metric("hazri_terminals", GAUGE, "Terminals by standing.", by_state)
    yield Metric("hazri_terminals_online", GAUGE, "Terminals with a session at the broker.", _one(sums.online))
    yield Metric("hazri_terminals_unwell", GAUGE, "Terminals by the worst that is found.", by_level)
    yield Metric("hazri_conditions", GAUGE, "Terminals by what is found.", by_kind)
    yield Metric("hazri_incidents_open", GAUGE, "Alarms that are not over.", _one(sums.incidents))
    yield Metric("hazri_tickets_open", GAUGE, "Faults that wait to be mended.", _one(sums.tickets))
    yield Metric("hazri_tickets_breached", GAUGE, "Faults on their day 8 or later.", _one(sums.breached))


def _of_the_ledger(connection: Connection) -> Iterator[Metric]:
    wanted = select(counter.c.name, counter.c.value).where(counter.c.name.in_([RECORDS, PUNCHES, CURSOR]))
    counts = {row.name: row.value for row in connection.execute(wanted)}
    records = counts.get(RECORDS, 0)
    behind = records - counts.get(CURSOR, 0)
    look = pulse.load(connection)
    steps = [({"step": name}, seconds) for name, seconds in sorted(look.seconds.items())]
    yield Metric("hazri_records_total", COUNTER, "Records the ledger holds.", _one(records))
    yield Metric("hazri_punches_total", COUNTER, "Punches the ledger holds.", _one(counts.get(PUNCHES, 0)))
    yield Metric("hazri_fleet_behind_records", GAUGE, "Records the fleet's view has not read yet.", _one(behind))
    yield Metric("hazri_fleet_ticks_total", COUNTER, "Looks at the whole fleet.", _one(look.ticks))
    yield Metric("hazri_fleet_failures_total", COUNTER, "Looks the ledger did not allow.", _one(look.failures))
    yield Metric("hazri_fleet_look_timestamp_seconds", GAUGE, "When the last look ended.", _one(look.last_ms / 1000))
    yield Metric("hazri_fleet_step_seconds", GAUGE, "How long each step of it took.", steps)


def _of_the_server(services: Services) -> Iterator[Metric]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    news = [({"what": name}, count) for name, count in sorted(services.feed.counts().items())]
    yield Metric("hazri_build_info", GAUGE, "The version that runs.", [({"version": version("hazri")}, 1)])
    yield Metric("hazri_ready", GAUGE, "1 when everything works (/readyz).", _one(not services.problems()))
    yield Metric("hazri_ingest_total", COUNTER, "What ingest did since the start.", news)
    yield Metric("process_start_time_seconds", GAUGE, "Unix time.", _one(_STARTED))
    cpu_s = usage.ru_utime + usage.ru_stime
    yield Metric("process_cpu_seconds_total", COUNTER, "User and system.", _one(cpu_s))
    yield Metric("process_max_resident_memory_bytes", GAUGE, "The most it was.", _one(usage.ru_maxrss * 1024))
