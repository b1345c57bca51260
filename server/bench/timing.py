"""How long an answer took, and how these times are spread."""

import statistics
import time

import httpx

from server import ServerError


def timed(client: httpx.Client, path: str, status: int = 200) -> float:
    """Milliseconds until the whole answer is here. Raises ServerError where it is another than expected."""
    started = time.monotonic()
    answer = client.get(path)
    took = (time.monotonic() - started) * 1000
    if answer.status_code != status:
        raise ServerError(f"bench: {path} answered {answer.status_code}")
    return took


def spread(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": round(statistics.median(ordered), 2), "p99": round(ordered[len(ordered) * 99 // 100], 2)}
