"""Valid records and messages of every shape, for property tests."""

from hypothesis import strategies as st

from sync.anchor import Answer
from sync.batch import Batch
from sync.fetch import Found, Wanted, Whereabouts
from sync.health import (
    Counters,
    Health,
    LinkKind,
    Machine,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    Throttled,
    Verdict,
)
from sync.orders import Order
from sync.record import ClockSource, Event, EventCode, Flag, Instant, Kind, Means, Punch, SourceClass
from sync.wire import ROOM, Beat, CardFlag, Chunk, PersonCard, Receipt, RosterDelta, RosterEntry, SealedTemplate

whole = st.integers(0, 2**50)


def octets(low: int, high: int | None = None) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=low, max_size=low if high is None else high)


instants = st.builds(
    Instant,
    boot_no=st.integers(0, 10_000),
    since_boot_ms=st.integers(0, 2**40),
    wall_offset_ms=st.integers(-(2**45), 2**45),
    source=st.sampled_from(ClockSource),
    error_bound_ms=st.none() | st.integers(0, 10**9),
)
punches = st.builds(
    Punch,
    person=octets(8),
    kind=st.sampled_from(Kind),
    means=st.sampled_from(Means),
    score=st.integers(0, 1000),
    source_class=st.sampled_from(SourceClass),
    flags=st.sampled_from([Flag(n) for n in range(4)]),
    instant=instants,
)
details = st.dictionaries(
    st.text(max_size=32), st.integers(-(2**50), 2**50) | st.text(max_size=64) | octets(0, 64), max_size=4
)
events = st.builds(Event, code=st.sampled_from(EventCode), detail=details, instant=instants)
records = punches | events
batches = st.builds(
    Batch,
    log=octets(8),
    first_seq=st.integers(1, 2**40),
    records=st.lists(records, min_size=1, max_size=12).map(tuple),
    signature=octets(64),
)
templates = st.builds(
    SealedTemplate,
    person=octets(8),
    finger=st.integers(0, 10),
    version=st.integers(1, 2**31),
    body=octets(28, 300),
    wrapped=octets(1, 92),
)
entries = st.builds(
    RosterEntry,
    person=octets(8),
    active=st.booleans(),
    sealed=octets(0, 100),
    templates=st.lists(templates, max_size=3).map(tuple),
)
deltas = st.builds(
    RosterDelta,
    version=st.integers(1, 2**31),
    base=whole,
    entries=st.lists(entries, max_size=3).map(tuple),
    signature=octets(64),
    goal=st.integers(2**31, 2**40),
)
receipts = st.builds(Receipt, log=octets(8), seq=whole, head=octets(32), signature=octets(64), plain=st.booleans())
cards = st.builds(PersonCard, lookup=octets(16), name=st.text(max_size=80), flags=st.integers(0, 0xFFFF).map(CardFlag))
chunks = st.integers(1, 1024).flatmap(
    lambda total: st.builds(
        Chunk,
        log=octets(8),
        seq=st.integers(1, 2**40),
        index=st.integers(0, total - 1),
        total=st.just(total),
        data=octets(1, 100),
    )
)
answers = st.builds(Answer, server_ms=st.integers(0, 2**53), signature=octets(64))
beats = st.builds(
    Beat,
    session=octets(8),
    online=st.booleans(),
    log=octets(8),
    seq=whole,
    backlog=whole,
    roster_version=whole,
    room=st.integers(0, ROOM),
)
wanted = st.builds(Wanted, number=whole, sealed=octets(66))
found = st.builds(
    Found, number=whole, verdict=st.sampled_from(Whereabouts), version=st.integers(0, 2**40), signature=octets(64)
)
orders = st.builds(
    Order,
    number=st.integers(1, 2**40),
    kind=st.integers(1, 255),
    detail=details,
    session=octets(8),
    signature=octets(64),
)
percents = st.none() | st.integers(0, 100)
sensors = st.builds(
    Sensor,
    name=st.text(max_size=32),
    kind=st.sampled_from(SensorKind),
    state=st.sampled_from(SensorState),
    verdict=st.sampled_from(Verdict),
    score=percents,
    glass=percents,
    counters=st.lists(whole, max_size=6).map(lambda counts: Counters(*counts)),
)
machines = st.builds(
    Machine,
    uptime_s=whole,
    restarts=whole,
    temperature_c=st.none() | st.integers(-100, 200),
    throttled=st.integers(0, 0xFFFFF).map(Throttled),
    memory_free_percent=percents,
    storage_free_mb=st.none() | whole,
    storage_used_percent=percents,
    wear_percent=st.none() | st.integers(0, 1000),
)
healths = st.builds(
    Health,
    software=st.text(max_size=32),
    serving=st.sampled_from(Serving),
    link=st.sampled_from(LinkKind),
    metered=st.booleans(),
    signal_percent=percents,
    backlog=whole,
    oldest_s=whole,
    clock=st.sampled_from(ClockSource),
    clock_offset_ms=st.none() | st.integers(-(2**50), 2**50),
    clock_bound_ms=st.none() | whole,
    roster_version=whole,
    roster_age_s=st.none() | whole,
    certificate_days=st.none() | st.integers(-100_000, 100_000),
    machine=machines,
    sensors=st.lists(sensors, max_size=4).map(tuple),
)
