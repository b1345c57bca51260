"""A process that is told to end ends, at whatever step it is told."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from sync.stopping import on_signal

CHILD = """
import threading
from sync.stopping import on_signal
stop = threading.Event()
on_signal(stop)
print("ready", flush=True)
while not stop.wait(0):  # nearly always inside, where the lock is held that setting it wants
    pass
"""
PATIENCE_S = 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_wait_ends_it(number: signal.Signals) -> None:
    """Set by the handler itself, one in four waited for itself for ever; told twice, it ends all the same."""
    command = [sys.executable, "-c", CHILD]
    for _ in range(8):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            child.send_signal(number)
            child.send_signal(number)
            try:
                assert child.wait(PATIENCE_S) == 0
            finally:
                child.kill()


@pytest.fixture
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers")
def test_nothing_has_to_come_first_and_what_must_does() -> None:
    stop, later, told = threading.Event(), threading.Event(), list[bool]()
    on_signal(stop)
    os.kill(os.getpid(), signal.SIGINT)
    assert stop.wait(PATIENCE_S)
    on_signal(later, lambda: told.append(later.is_set()))
    os.kill(os.getpid(), signal.SIGTERM)
    assert later.wait(PATIENCE_S)
    assert told == [False]
