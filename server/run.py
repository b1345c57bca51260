"""The aggregator as one process tree: keys, ledger, broker, ingest, rosters, background, web; started in this order,
ended in the reverse one. Killed at any moment it loses nothing: what was not committed was not acknowledged and comes
again.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn

from server import StartError, heap
from server.broker import Broker
from server.carried import Hatch
from server.child import Child
from server.feed import Feed
from server.fleet.claims import Desk
from server.fleet.hearing import Hearing
from server.fleet.push import RosterPusher
from server.fleet.roster import keys_of
from server.heart import Heart
from server.ingest import Ingest
from server.intake.bouncer import Bouncer
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.opened import Opened, open_state
from server.people.otp import PersonCodes
from server.people.registration import Vaults
from server.settings import BrokerSettings, ServerSettings, WebSettings
from server.threads import Threads
from server.trust.keys import ServerKeys, held
from server.trust.pki import INGEST
from server.trust.registrar import Registrar
from server.trust.vault import Vault, open_number_vault
from server.web.app import create_app
from server.web.services import Registry, Services
from server.web.tiles import tiles_of
from sync import LinkError
from sync.link import Link
from sync.mqtt import MqttLink, MqttSettings
from sync.pulse import Pulse
from sync.stopping import on_signal
from sync.topics import UP_ALL

log = logging.getLogger("hazri.server")

_LINK_TIMEOUT_S = 10.0
_WEB_STOP_S = 2


def run(settings: ServerSettings, announce: Callable[[str], None], background: Sequence[str]) -> None:
    """Work until SIGTERM or SIGINT. `announce` gets one line when everything is ready. `background`: the command that
    does the rest (server/background.py), with the same settings. Raises ServerError."""
    stop = threading.Event()
    on_signal(stop)
    with serving(settings, background) as ready:
        announce(ready)
        stop.wait()
        log.info("server state=stopping")


@contextlib.contextmanager
def serving(settings: ServerSettings, background_command: Sequence[str]) -> Iterator[str]:
    """The running aggregator; gives its readiness line. Raises ServerError when it cannot start."""
    with contextlib.ExitStack() as stack:
        opened = open_state(settings)
        _alone(stack, settings.state_dir)
        stack.callback(opened.ledger.close)
        listening = stack.enter_context(_listen(settings.web))
        broker = _start_broker(stack, settings, opened.keys)
        link = _ingest_link(settings.broker, opened.keys)
        feed = Feed()
        bouncer = _start_bouncer(stack, settings, opened, broker, feed)
        threads = Threads(stack)
        ingest = _start_ingest(threads, settings, opened, link, feed, bouncer)
        keep, ledger, keys = threads.keep, opened.ledger, opened.keys
        keep("admits terminals and renews their papers", Registrar(broker, settings.broker, keys, ledger, link))
        keep("says whether it listens", Hearing(ledger, lambda: ingest.up))
        background = Child("background", background_command)
        services = Services(
            opened.ledger,
            feed,
            lambda: _problems(broker, ingest, threads, background),
            opened.keys.vault,
            PersonCodes(Vault(opened.keys.vault)),
            desk=Desk(opened.ledger, opened.keys, settings.broker),
            hatch=_hatch(opened),
            registry=_registry(opened.keys),
            releases=settings.releases,
            tiles=tiles_of(settings.web.map_tiles, settings.web.map_credit),
        )
        start_web(stack, services, listening)
        if not ingest.wait_until_up(_LINK_TIMEOUT_S) and settings.broker.embedded:
            raise StartError(f"no link to the broker at {settings.broker.host}:{settings.broker.port}; see the log")
        host, port = listening.getsockname()[:2]
        pulse = Pulse()
        heart = Heart(pulse, lambda: not threads.problems(), host, port)
        heart.start()
        stack.callback(heart.stop)
        heap.settle()
        keep("keeps the background work", background)  # last: nobody waits for it
        pulse.ready()
        yield f"ready web=http://{host}:{port} broker={settings.broker.host}:{settings.broker.port}"


def _alone(stack: contextlib.ExitStack, directory: Path) -> None:
    try:
        stack.enter_context(held(directory / ".running", wait=False))
    except BlockingIOError:
        raise StartError(f"{directory}: another hazri-server runs on this directory") from None


def _listen(web: WebSettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
        return socket.create_server((web.host, web.port), family=family)
    except OSError as error:
        raise StartError(f"[web] {web.host}:{web.port}: {error.strerror}; is another server running there?") from None
    except ValueError as error:
        raise StartError(f"[web] host: {error}") from None


def _start_broker(stack: contextlib.ExitStack, settings: ServerSettings, keys: ServerKeys) -> Broker | None:
    if not settings.broker.embedded:
        return None
    broker = Broker(settings.broker, settings.state_dir, keys)
    stack.callback(broker.stop)
    broker.start()
    return broker


def _ingest_link(broker: BrokerSettings, keys: ServerKeys) -> Link:
    try:
        return MqttLink(
            MqttSettings(
                host=broker.host,
                port=broker.port,
                ca=keys.directory / "ca.crt",
                certificate=keys.directory / "ingest.crt",
                key=keys.directory / "ingest.key",
                client_id=INGEST,
                subscriptions=(UP_ALL,),
                clean_session=False,
                keepalive_s=20,
                retry_max_s=2.0,
                at_once=True,
            )
        )
    except LinkError as error:
        raise StartError(str(error)) from None


def _start_bouncer(
    stack: contextlib.ExitStack, settings: ServerSettings, opened: Opened, broker: Broker | None, feed: Feed
) -> Bouncer | None:
    """None where the broker is somebody else's: who floods is throttled here, and has to be put out there."""
    if broker is None:
        return None
    bouncer = Bouncer(broker, settings.broker, opened.keys, opened.ledger, feed)
    bouncer.start()
    stack.callback(bouncer.stop)
    return bouncer


def _start_ingest(
    threads: Threads,
    settings: ServerSettings,
    opened: Opened,
    link: Link,
    feed: Feed,
    bouncer: Bouncer | None,
) -> Ingest:
    keys, roster_keys = opened.keys, keys_of(opened.keys)
    intake = Intake(RecordWriter(opened.ledger.engine.dialect), keys.server, roster_keys, authority=keys.word)
    pusher = RosterPusher(opened.ledger, roster_keys, link)
    on_flood = bouncer.flooding if bouncer else _ignore
    ingest = Ingest(settings.ingest, opened.ledger, intake, link, pusher, feed, on_flood)
    threads.keep("stores", ingest)
    threads.keep("sends rosters", pusher)
    return ingest


def _hatch(opened: Opened) -> Hatch:
    keys, writer = opened.keys, RecordWriter(opened.ledger.engine.dialect)
    intake = Intake(writer, keys.server, keys_of(keys), carried=True, authority=keys.word)
    return Hatch(opened.ledger, intake, keys.template)


def _ignore(_terminal: str) -> None:
    pass


def _registry(keys: ServerKeys) -> Registry:
    vaults = Vaults(Vault(keys.vault), open_number_vault(keys.directory))
    return Registry(vaults, keys.template)


def start_web(stack: contextlib.ExitStack, services: Services, listening: socket.socket) -> None:
    """Serve the pages and the API on a listening socket, in a thread, until `stack` is unwound."""
    # Connections inherit it. asyncio sets it only where a socket names its protocol, which ours do not; without it a
    # head waits 40 ms for its body wherever a connection stays open.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_WEB_STOP_S,
        h11_max_incomplete_event_size=16 * 1024,
        limit_concurrency=1000,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)

    def stop() -> None:
        services.stopping.set()
        server.should_exit = True
        thread.join()

    thread.start()
    stack.callback(stop)


def _problems(broker: Broker | None, ingest: Ingest, threads: Threads, background: Child) -> list[str]:
    found = []
    if broker is not None and not broker.accepting:
        found.append("the broker does not accept connections")
    found += threads.problems()
    if not ingest.up:
        found.append("there is no link to the broker")
    if not ingest.storing:
        found.append("the ledger does not take anything now")
    if background.missing:
        found.append("the background work has ended, and is begun again; the log says why")
    return found
