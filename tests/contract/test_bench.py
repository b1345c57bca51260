"""The load tools, each with a load so small that it proves only that everything in it is real and comes through."""

import io
import json
from argparse import Namespace

import pytest
from rich.console import Console

from config.model import Edge
from server.bench import api, choose, flood, ingest, storm, wire
from tests.databases import postgresql_url


def quiet() -> Console:
    return Console(file=io.StringIO())


def test_ingest_takes_what_the_clients_send() -> None:
    found = ingest.run(quiet(), scale=0.01)
    assert set(found["punches_per_s"]) == {"1", "10", "50"}
    assert all(rate > 0 for rate in found["punches_per_s"].values())
    assert {"clients", "broker", "aggregator"} <= set(found["cpu_s"]["50"])


def test_everybody_comes_back_from_a_storm() -> None:
    found = storm.run(quiet(), 20, window_s=0.5)
    assert found["terminals"] == 20
    assert found["attempts_per_terminal"] >= 1
    assert found["reconnect_s"] > 0


def test_who_floods_is_cut_and_nobody_else_is() -> None:
    found = flood.run(quiet(), 2.0, 6.0)
    assert found["flood"]["times_cut"] >= 1
    assert found["cut_off_s"] <= 10
    assert found["receipts"] == {"before": 80, "with": 240}


def test_the_wire_is_as_narrow_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes, unlike times, are the same on every machine: 17 a punch in fifties, 140 KiB a day. By the kernel's counts,
    which nobody needs a privilege for."""

    def refused(_port: int) -> wire.Meter:
        raise PermissionError

    monkeypatch.setattr(wire, "PacketMeter", refused)
    found = json.loads(choose.main(Namespace(bench="wire", json=True)))
    assert found["counted"] == wire.KernelMeter.how
    assert found["bytes_per_punch"]["50"] <= 17
    assert found["kib_per_day"] <= 140


def test_the_day_is_that_of_the_shipped_settings() -> None:
    shipped = Edge().sync
    assert shipped.metered_linger_s == wire.LINGER_S
    assert (shipped.keepalive_s, shipped.heartbeat_s) == (wire.KEEPALIVE_S, wire.BEAT_S)
    assert shipped.metered_linger_s + 15 <= wire.RECEIPT_S


def test_a_large_ledger_is_pulled_and_looked_at() -> None:
    """Every line comes through, of an empty ledger that is filled and of the same one once more."""
    url = postgresql_url()
    pulled = api.run(quiet(), "api", 2000, 20, url)
    assert pulled["streamed_per_s"] > 0
    assert pulled["punches"] == 2000
    seen = api.run(quiet(), "dashboard", 2000, 20, url)
    assert {"/", "/fleet", "/terminals/{terminal}", "/people/{ref}"} <= set(seen["page_ms_of_state"])
    assert seen["live_lag_ms"]["p50"] > 0
    assert seen["punches"] >= 2000
