"""One state of health has one form on the wire."""

import pytest

from sync import WireError
from sync.cbor import decode, encode
from sync.health import (
    Counters,
    Health,
    LinkKind,
    Sensor,
    SensorKind,
    SensorState,
    Serving,
    health_bytes,
    parse_health,
)


def test_counters_that_are_0_at_the_end_are_left_out_and_not_taken() -> None:
    sensor = Sensor("zfm", SensorKind.FINGER, SensorState.HERE, counters=Counters(7, 2))
    health = Health("0.1.0", Serving.SERVING, LinkKind.GPRS, sensors=(sensor,))
    data = health_bytes(health)
    assert parse_health(data) == health
    fields = decode(data, what="health")
    counts = fields[-1][0][-1]
    assert counts == [7, 2]
    counts.append(0)
    with pytest.raises(WireError, match="0 at the end are left out"):
        parse_health(encode(fields))
