"""Of sixteen anchors most are left out of a dating, because others say more: the answer must be as if none were."""

import random

import pytest

from server.intake.dating import Boot, Evidence, Kind

_BEGAN_MS = 1_700_000_000_000


def _evidence(draw: random.Random) -> list[Evidence]:
    """Answers quick and slow, true and false, close together and days apart; and what the boots around say."""
    found = []
    spread_ms, wrong_ms = 10 ** draw.randrange(4, 10), 10 ** draw.randrange(1, 6)
    for _ in range(draw.randrange(30)):
        came = draw.randrange(1, spread_ms)
        asked = max(0, came - draw.randrange(1, 60_000))
        said = _BEGAN_MS + came + draw.randrange(-wrong_ms, wrong_ms)
        found.append(Evidence(Kind.ANCHOR, _BEGAN_MS + draw.randrange(spread_ms), came, said, asked, said))
    if draw.random() < 0.3:
        found.append(Evidence(Kind.EARLIER, _BEGAN_MS, low_ms=_BEGAN_MS - draw.randrange(wrong_ms)))
    if draw.random() < 0.3:
        end = _BEGAN_MS + spread_ms + draw.randrange(wrong_ms)
        found.append(Evidence(Kind.LATER, _BEGAN_MS + spread_ms, high_at_ms=spread_ms, high_ms=end))
    return found


@pytest.mark.parametrize("seed", range(300))
def test_the_quick_answer_is_that_of_all_evidence(seed: int) -> None:
    """`history` weighs everything near, one by one; its first entry is as it was known then, its last as now."""
    draw = random.Random(seed)
    boot = Boot(_evidence(draw))
    for _ in range(20):
        at = draw.randrange(10 ** draw.randrange(1, 11))
        received = _BEGAN_MS + at + draw.randrange(1_000_000)
        history = boot.history(at, received)
        assert boot.date(at, received) == history[-1].interval
        assert boot.date_then(at, received) == history[0].interval
        later = draw.choice(history)
        assert boot.date_then(at, received, later.known_ms) == later.interval
