"""`hazri-server background`: everything the server does that is neither taking punches in nor answering pages.

`run` keeps it as a child, so that folding a month of days costs ingest neither its interpreter nor its place in the
queue for the ledger; on PostgreSQL it may also run by itself. The two share the ledger and nothing else: what one has
to know of the other is a row there. All of it may be killed at any moment and begun again; who comes second on a state
directory stands by until the first has ended.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from server import StartError
from server.days.worker import DaysWorker
from server.fleet import hearing
from server.fleet.scheduler import Scheduler
from server.leads.worker import Leads
from server.opened import Opened, open_state
from server.people.messages import Worker
from server.people.worker import PeopleWorker, senders
from server.public.projector import Projector
from server.releases.worker import Releases
from server.returns import schedule
from server.settings import ServerSettings
from server.sharing import delivery
from server.threads import Threads
from server.transparency.notary import Notary
from server.trust.keys import held
from server.trust.vault import Vault
from sync.stopping import on_signal

log = logging.getLogger("hazri.background")

_LOOK_S = 1.0
_NICE = 5


def begin(threads: Threads, opened: Opened, settings: ServerSettings) -> None:
    """All of the work, each a thread."""
    ledger, keys, vault = opened.ledger, opened.keys, Vault(opened.keys.vault)
    threads.keep("signs checkpoints", Notary(ledger, keys.server))
    delivery.start(threads, ledger, keys)
    threads.keep("watches the fleet", Scheduler(ledger, partial(hearing.hears, ledger)))
    threads.keep("writes to people", Worker(ledger, vault, senders(settings)))
    threads.keep("lets orders for people take effect", PeopleWorker(ledger, keys))
    threads.keep("folds the days", DaysWorker(ledger, partial(schedule.tick, ledger, vault)))
    threads.keep("keeps the public pages", Projector(ledger))
    threads.keep("looks for leads", Leads(ledger))
    threads.keep("keeps the releases", Releases(ledger, settings.releases))


def run(settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Work until SIGTERM or SIGINT. `announce` gets one line when it has begun. Raises ServerError, also when one of
    the threads has ended: then whoever started us starts us again."""
    stop = _until_told()
    with contextlib.suppress(OSError):  # a unit may forbid it; then the rests between rounds must do
        os.nice(_NICE)
    with contextlib.ExitStack() as stack:
        opened = open_state(settings, considerate=True)
        stack.callback(opened.ledger.close)
        stack.enter_context(_turn(settings.state_dir, stop))
        if stop.is_set():
            return
        threads = Threads(stack)
        begin(threads, opened, settings)
        announce("ready background")
        while not stop.wait(_LOOK_S):
            if problems := threads.problems():
                raise StartError("; ".join(problems))


def _until_told() -> threading.Event:
    stop, parent = threading.Event(), os.getppid()

    def orphaned() -> None:
        if os.getppid() != parent:  # killed: whoever comes next must not wait for the rest of our rounds
            os._exit(1)

    on_signal(stop, orphaned)
    return stop


@contextlib.contextmanager
def _turn(directory: Path, stop: threading.Event) -> Iterator[None]:
    """Hold the place of the one that works in the background of a state directory; ours only if `stop` is not set."""
    with contextlib.ExitStack() as stack:
        while not stop.is_set():
            try:
                stack.enter_context(held(directory / ".background", wait=False))
                break
            except BlockingIOError:
                stop.wait(_LOOK_S)
        yield
