"""`hazri-server worker`: ingest alone, in a process of its own, for a share of the terminals.

`[ingest] workers = 4` shares the terminals out to four processes by a hash of their ids (server/ledger/locks.place):
`run` is number 0, the others are this command with `--number 1` to 3, on the same PostgreSQL and with the same keys.
Each gets every message of the broker and takes its own; two with one number do no harm, since the ledger's locks keep
them apart. Rosters, pages, the background work and the broker itself stay with `run`.
"""

import contextlib
import datetime as dt
import logging
import threading
from collections.abc import Callable

from server import StartError, heap
from server.feed import Feed
from server.fleet.push import RosterPusher
from server.fleet.roster import keys_of
from server.ingest import Ingest
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.opened import open_state
from server.settings import IngestSettings, ServerSettings
from server.trust import pki
from server.trust.keys import ServerKeys
from server.trust.pki import INGEST
from sync import LinkError, keys
from sync.files import replace_file
from sync.link import Link
from sync.mqtt import MqttLink, MqttSettings
from sync.stopping import on_signal
from sync.topics import UP_ALL

log = logging.getLogger("hazri.worker")


def run(settings: ServerSettings, number: int, announce: Callable[[str], None]) -> None:
    """Work until SIGTERM or SIGINT. `announce` gets one line when everything is ready. Raises ServerError."""
    if settings.url.startswith("sqlite"):
        raise StartError("several workers need PostgreSQL: set database_url")
    if not 1 <= number < settings.ingest.workers:
        raise StartError(
            f"--number: expected 1 to {settings.ingest.workers - 1}, by [ingest] workers; 0 is `run` itself"
        )
    stop = threading.Event()
    on_signal(stop)
    with contextlib.ExitStack() as kept:
        opened = open_state(settings)
        kept.callback(opened.ledger.close)
        keys, roster_keys = opened.keys, keys_of(opened.keys)
        intake = Intake(RecordWriter(opened.ledger.engine.dialect), keys.server, roster_keys, authority=keys.word)
        link = _link(settings, opened.keys, number)
        ours = IngestSettings(
            settings.ingest.commit_records, settings.ingest.commit_ms, settings.ingest.workers, number
        )
        pusher = RosterPusher(opened.ledger, roster_keys, link)  # never started: `run` sends rosters
        ingest = Ingest(ours, opened.ledger, intake, link, pusher, Feed())
        ingest.start()
        kept.callback(ingest.stop)
        heap.settle()
        announce(f"ready worker={number}/{settings.ingest.workers}")
        stop.wait()


def _link(settings: ServerSettings, own: ServerKeys, number: int) -> Link:
    """Under a name of its own: a broker ends the session of whoever comes again under the same one."""
    name = f"{INGEST}-{number}"
    key_path, certificate = own.directory / f"{name}.key", own.directory / f"{name}.crt"
    if not key_path.exists():
        keys.write_key(key_path, pki.make_own_key())
    public = keys.load_ec(key_path).public_key()
    now = dt.datetime.now(dt.UTC)
    made = pki.client_certificate(own.authority, name, public, now, pki.OWN_DAYS)
    replace_file(certificate, pki.pem(made), 0o644)
    try:
        return MqttLink(
            MqttSettings(
                host=settings.broker.host,
                port=settings.broker.port,
                ca=own.directory / "ca.crt",
                certificate=certificate,
                key=key_path,
                client_id=name,
                subscriptions=(UP_ALL,),
                clean_session=False,
                keepalive_s=20,
                retry_max_s=2.0,
                at_once=True,
            )
        )
    except LinkError as error:
        raise StartError(str(error)) from None
