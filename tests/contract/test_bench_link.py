"""The agent on a bad line: an emulated one of the second generation, and all else real (S3, S4)."""

import io

from rich.console import Console

from server.bench import link
from sync.gprs import POOR_2G


def test_punches_come_through_a_poor_line_within_their_budget_of_bytes() -> None:
    """500 punches in less than 60 KB, with lost packets, handshake and receipts; times are for the bench to tell."""
    found = link.run(Console(file=io.StringIO()), runs=1)
    assert found["line"] == {"rate_bps": 20_000, "rtt_s": 0.7, "loss": 0.03}
    assert found["bytes_of_500"] < 60_000
    for size in ("1", "60"):
        # TCP, TLS and MQTT each wait for the other side once: less than three journeys would be no 2G line.
        assert found["receipt_s"][size]["median"] >= 3 * POOR_2G.rtt_s
