"""`hazri-edge sync`: puts the sync process together and runs it until it is told to stop.

It owns the network and the transport key, and reads punches.db; it has no sensor and no key to sign or open anything.
"""

import contextlib
import ctypes
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from drivers import modem
from edge.health.connection import Noting
from edge.health.message import Reporter
from edge.health.report import Report
from edge.lines import Lines
from edge.record.clock import boot_id
from edge.settings import Settings, Uplink
from edge.trust.identity import load_transport
from edge.trust.papers import Folder, PapersLink
from sync.agent import Agent, AgentSettings, AgentState
from sync.asker import Asker
from sync.budget import Budget
from sync.handed import Handed
from sync.mqtt import MqttLink, MqttSettings
from sync.pulse import Pulse
from sync.roster import RosterStore
from sync.stopping import on_signal
from sync.telling import Teller
from sync.topics import down_all

_M_ARENA_MAX = -8  # mallopt(3)
_PATIENCE_S = 30.0  # a poor 2G line takes seconds to say hello, and repeats what was lost


def run(settings: Settings, uplink: Uplink, *, events: bool) -> int:
    """Sync until SIGTERM or SIGINT. Returns the exit code; raises SetupError, StorageError, LinkError."""
    stop = threading.Event()
    on_signal(stop)
    _one_heap()
    report, pulse = Report("sync", events=events), Pulse()
    _make_tables(settings.roster)
    receipted = _serve(settings, uplink, Turn(stop), report, pulse)
    while not stop.is_set():
        report.say("papers", state="changed")
        receipted = _serve(settings, uplink, Turn(stop), report, pulse)
    report.say("stopped", receipted=receipted)
    return 0


def _one_heap() -> None:
    """Before there are threads: glibc would give each a heap of its own, which costs 0.7 MB and saves a process that
    waits nothing. Another C library has one anyway."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _make_tables(roster: Path) -> None:
    """By a child, before there are threads: what makes tables takes 24 MB (sync.schema), which here would stay for
    months. What goes wrong goes wrong again where the file is opened, and is said there."""
    child = os.fork()
    if child == 0:
        try:
            RosterStore(roster)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


class Turn(threading.Event):
    """Set when the whole process is to stop, or when the next connection needs other papers."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return self._stop.is_set() or super().is_set()


def _serve(settings: Settings, uplink: Uplink, stop: Turn, report: Report, pulse: Pulse) -> int:
    """With one set of papers; returns how far the server has receipted."""
    me = load_transport(settings.state_dir)
    folder = Folder(settings.state_dir, me.admission, me.certificate, me.ca)
    files = folder.files()
    store = RosterStore(settings.roster)
    asker = Asker(me.terminal, me.server_key, boot_id(), store.anchor())
    link = MqttLink(
        MqttSettings(
            host=uplink.broker_host or me.broker_host,
            port=uplink.broker_port or me.broker_port,
            ca=files.ca,
            certificate=files.certificate,
            key=me.key,
            client_id=me.terminal,
            subscriptions=(down_all(me.terminal),),
            keepalive_s=uplink.keepalive_s,
            retry_max_s=uplink.retry_max_s,
            connect_timeout_s=_PATIENCE_S,
            eager=True,
            true_s=asker.true_s,
        )
    )
    agent_settings = AgentSettings(
        me.terminal,
        uplink.batch,
        uplink.in_flight,
        uplink.receipt_timeout_s,
        uplink.heartbeat_s,
        metered_linger_s=uplink.metered_linger_s,
    )
    budget = Budget(settings.state_dir / "budget.json", uplink.monthly_mb * 1_000_000)
    lines = Lines(partial(modem.look, at_port=uplink.modem_port), link, budget, report)
    noting = Noting(settings.connection, stop, lines)
    changes = Changes(report, noting)
    reporter = Reporter(
        settings.condition, files.certificate, lambda: noting.uplink, lambda: store.version, asker.true_s
    )
    agent = Agent(
        agent_settings,
        settings.punches,
        store,
        PapersLink(link, folder, me.terminal, asker.true_s, stop.set),
        me.server_key,
        changes,
        asker,
        lines.thrift,
        link.spread,
        teller=Teller(reporter),
        turned=pulse.beat,
        handed=Handed(settings.receipts, me.terminal, store),
    )
    report.say("ready", broker=f"{uplink.broker_host or me.broker_host}:{uplink.broker_port or me.broker_port}")
    pulse.ready()
    noting.start()
    agent.run(stop)
    noting.end()
    store.close()
    return agent.state.receipted


class Changes:
    """Tells what changed from one state of the agent to the next."""

    def __init__(self, report: Report, also: Callable[[AgentState], None] = lambda _state: None) -> None:
        """`also` hears every state."""
        self._report, self._also = report, also
        self._last = AgentState()

    def __call__(self, state: AgentState) -> None:
        last, self._last = self._last, state
        self._also(state)
        if (state.up, state.reason) != (last.up, last.reason):
            self._report.say("link", up=state.up, reason=state.reason, why=state.why.value)
        if state.sent > max(last.sent, state.receipted):
            self._report.say("sent", seq=state.sent, made=state.made)
        if state.receipted != last.receipted:
            self._report.say("receipted", seq=state.receipted, made=state.made)
        if state.roster_version != last.roster_version:
            self._report.say("roster", roster_version=state.roster_version)
        if state.anchored_ms != last.anchored_ms:
            self._report.say("anchor", bound_ms=state.anchor_bound_ms)
        if state.waiting != last.waiting:
            self._report.say("waiting", reason="the terminal's first start" if state.waiting else "over")
        if state.refused != last.refused:
            self._report.say("refused", count=state.refused, reason=state.trouble)
        elif state.trouble != last.trouble:
            self._report.say("trouble", reason=state.trouble or "over")
