"""What each node of the cluster reads. The numbers are from measurements: see docs/cluster.md."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server import BrokerError
from server.broker import MAX_IN_FLIGHT
from server.nats import papers, passes
from server.trust.keys import ServerKeys
from sync.cbor import MAX_MESSAGE_BYTES
from sync.files import replace_file

NODES = (1, 3, 5)
ACK_WAIT_S = 5
_STORE_BYTES = 8 << 30


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each node listens: for terminals, for the gate, for the other nodes."""

    mqtt: int = 8883
    gate: int = 4222
    routes: int = 6222


def write(keys: ServerKeys, nodes: Mapping[str, str], hosts: tuple[str, ...], ports: Ports, out: Path) -> list[Path]:
    """A folder for each node, by its name, with everything it reads; `nodes` gives each one's address, `hosts` the
    names that terminals know the cluster by. Raises BrokerError."""
    if len(nodes) not in NODES:
        raise BrokerError(f"a cluster has {', '.join(map(str, NODES[:-1]))} or {NODES[-1]} nodes: a majority must live")
    issuer = passes.nkey(passes.ACCOUNT, papers.of_gate(keys).issuer)
    secret = secrets.token_urlsafe(24)
    written = []
    for name, host in nodes.items():
        folder = out / name
        others = [other for other in nodes.values() if other != host]
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            papers.write_node(keys, folder, (host, *hosts))
            text = configuration(name, host, others, ports, issuer, secret)
            replace_file(folder / "nats.conf", text.encode())
        except OSError as error:
            raise BrokerError(f"{folder}: {error.strerror}") from None
        written.append(folder / "nats.conf")
    return written


def configuration(name: str, host: str, others: list[str], ports: Ports, issuer: str, secret: str) -> str:
    """nats.conf: files beside it, TLS 1.3 and a certificate of ours at every door, and bounds for everything."""
    tls = 'cert_file: "node.crt", key_file: "node.key", ca_file: "ca.crt", min_version: "1.3"'
    routes = "".join(f'\n    "nats://node:{secret}@{other}:{ports.routes}"' for other in others)
    cluster = f"""
cluster {{
  name: hazri
  listen: "{host}:{ports.routes}"
  authorization {{ user: node, password: "{secret}", timeout: 5 }}
  tls {{ {tls}, verify: true, timeout: 5 }}
  routes: [{routes}
  ]
}}
"""
    return f"""# Written by `hazri-server nats`; run as: nats-server -c nats.conf, in this folder.
server_name: "{name}"
listen: "{host}:{ports.gate}"
tls {{ {tls}, verify_and_map: true, handshake_first: true, timeout: 5 }}
max_payload: {MAX_MESSAGE_BYTES + 1024}
max_connections: 100000
{cluster if others else ""}
jetstream {{
  store_dir: "store"
  max_file_store: {_STORE_BYTES}
  limits {{ default_max_consumers: 200000 }}
}}

mqtt {{
  listen: "{host}:{ports.mqtt}"
  tls {{ {tls}, verify: true, timeout: 5 }}
  ack_wait: "{ACK_WAIT_S}s"
  max_ack_pending: {MAX_IN_FLIGHT}
  stream_replicas: {min(len(others) + 1, 3)}
}}

# Nobody is written down here: the gate is asked about everybody, and asks the registry.
authorization {{
  timeout: 5
  users: [ {{ user: "CN={papers.GATE}" }} ]
  auth_callout {{
    issuer: "{issuer}"
    auth_users: [ "CN={papers.GATE}" ]
  }}
}}
"""
