"""How much a terminal may send before it counts as a flood."""

from server.intake.throttle import FLOOD_DROPS, MOST_WAITING, RATES, Passage, Throttle

BATCH, BATCH_BYTES = 50, 500


def passed(throttle: Throttle, n: int, now_s: float, size: int = BATCH_BYTES, records: int = BATCH) -> int:
    done = 0
    for _ in range(n):
        if throttle.message("t-1", size, now_s) is Passage.PASS:
            throttle.records("t-1", records)
            done += 1
    return done


def test_thirty_days_offline_pass_at_once() -> None:
    """S3: 15,000 records in 300 messages, as fast as the line takes them."""
    assert passed(Throttle(), 300, 0.0) == 300


def test_who_waits_for_receipts_is_never_a_flood() -> None:
    """A terminal that brings far more than the bucket holds drains all of it: four messages, a drop, twenty seconds."""
    throttle, now_s, left = Throttle(), 0.0, 100_000
    seen = set()
    for _ in range(10_000):
        if left <= 0:
            break
        dropped = False
        for _ in range(4):
            passage = throttle.message("t-1", BATCH_BYTES, now_s)
            seen.add(passage)
            if passage is Passage.PASS:
                throttle.records("t-1", BATCH)
                left -= BATCH
            else:
                dropped = True
        now_s += 20.0 if dropped else 0.05
    assert left <= 0
    assert seen == {Passage.PASS, Passage.DROP}


def test_who_does_not_wait_floods() -> None:
    throttle = Throttle()
    assert passed(throttle, 5000, 0.0, records=1) == RATES.hold[0]
    assert throttle.message("t-1", 1, 0.0) is Passage.FLOOD
    assert throttle.message("t-2", 1, 0.0) is Passage.PASS


def test_who_sends_on_while_nothing_is_answered_floods_long_before_the_bucket_is_empty() -> None:
    throttle = Throttle()
    seen = [throttle.message("t-1", 500, 0.001 * n, waiting=min(n, MOST_WAITING)) for n in range(200)]
    assert seen.index(Passage.DROP) == MOST_WAITING
    assert seen.index(Passage.FLOOD) == MOST_WAITING + FLOOD_DROPS - 1
    assert set(seen[MOST_WAITING + FLOOD_DROPS :]) == {Passage.FLOOD}


def test_an_agent_that_repeats_itself_while_nothing_is_answered_is_no_flood() -> None:
    """S12: the ledger takes nothing for an hour, and the line breaks every second besides."""
    throttle = Throttle()
    seen = {throttle.message("t-1", 500, float(s), waiting=MOST_WAITING) for s in range(3600) for _ in range(16)}
    assert seen == {Passage.DROP}


def test_while_nobody_is_answered_nobody_is_blamed_for_going_on() -> None:
    throttle = Throttle()
    seen = {throttle.message("t-1", 500, 0.001 * n, MOST_WAITING, answering=False) for n in range(5000)}
    assert seen == {Passage.DROP}
    assert throttle.message("t-1", 500, 6.0, MOST_WAITING) is Passage.DROP


def test_a_flooder_is_shut_out_while_what_the_broker_still_had_of_it_comes() -> None:
    throttle = Throttle()
    for _ in range(MOST_WAITING + FLOOD_DROPS):
        throttle.message("t-1", 500, 0.0, waiting=MOST_WAITING)
    assert throttle.message("t-1", 500, 1.0) is Passage.FLOOD
    assert throttle.message("t-2", 500, 1.0) is Passage.PASS
    assert throttle.message("t-1", 500, 11.0) is Passage.PASS


def test_records_and_bytes_run_out_too() -> None:
    assert passed(Throttle(), 500, 0.0, records=1000) == RATES.hold[1] / 1000 + 1
    assert passed(Throttle(), 500, 0.0, size=2**18) == RATES.hold[2] / 2**18


def test_the_bucket_fills_again_and_old_drops_are_forgotten() -> None:
    throttle = Throttle()
    passed(throttle, 600 + FLOOD_DROPS - 1, 0.0, records=1)
    assert throttle.message("t-1", 2**30, 1000.0) is Passage.DROP
    assert passed(throttle, 5000, 1000.0, records=1) == RATES.hold[0]


def test_room_is_bounded() -> None:
    throttle = Throttle()
    for i in range(100_001):
        throttle.message(f"t-{i}", 1, 0.0)
    assert len(throttle._buckets) == 100_000
