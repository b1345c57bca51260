"""From exec to ready, with the real processes on a made-up terminal; how fast is for the bench to say."""

from edge.start_bench import bench_start


def test_both_processes_come_up_and_their_times_are_told() -> None:
    report = bench_start(rounds=1)
    assert set(report) == {
        "rounds", "terminal_ready_s", "terminal_ready_cpu_s", "sync_sends_s", "sync_sends_cpu_s"
    }  # fmt: skip
    assert report["terminal_ready_cpu_s"] > 0
    assert report["sync_sends_cpu_s"] > 0
