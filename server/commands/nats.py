"""`hazri-server nats` and `gate`: a cluster of NATS JetStream servers in the broker's place."""

import argparse
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from server import BrokerError
from server.commands.words import Words
from server.settings import ServerSettings

if TYPE_CHECKING:
    from server.trust.keys import ServerKeys


def add(words: Words) -> None:
    """Put them among the commands."""
    nats = words.command("nats", words.on_settings, "Write what each node of a NATS cluster reads (docs/cluster.md).")
    nats.set_defaults(topic=_nats)
    nats.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder for each node is made in it")
    gate = words.command("gate", words.on_settings, "Tell a NATS cluster who may come in; several may run.")
    gate.set_defaults(topic=_gate)
    for one in (nats, gate):
        one.add_argument(
            "--node", action="append", required=True, metavar="NAME=HOST", help="one, three or five; say it for each"
        )
        one.add_argument("--gate-port", type=int, default=4222, help="where nodes listen for gates (default: 4222)")
    nats.add_argument("--mqtt-port", type=int, default=8883, help="where they listen for terminals (default: 8883)")
    nats.add_argument("--route-port", type=int, default=6222, help="where they listen for nodes (default: 6222)")


def _nats(args: argparse.Namespace, settings: ServerSettings) -> str:
    from server.nats import cluster

    ports = cluster.Ports(args.mqtt_port, args.gate_port, args.route_port)
    keys = _keys(settings)
    return "\n".join(map(str, cluster.write(keys, _nodes(args.node), settings.broker.hosts, ports, args.out)))


def _gate(args: argparse.Namespace, settings: ServerSettings) -> str:
    from server.nats import papers
    from server.nats.gate import Door, Gate
    from server.opened import open_state
    from sync.stopping import on_signal

    stop = threading.Event()
    on_signal(stop)
    opened = open_state(settings)
    nodes = [(host, args.gate_port) for host in _nodes(args.node).values()]
    found = papers.of_gate(opened.keys)
    gate = Gate(found, str(opened.keys.directory / "ca.crt"), nodes, Door(opened.ledger))
    gate.start()
    sys.stdout.write(f"ready gate of {len(nodes)} nodes\n")
    sys.stdout.flush()
    stop.wait()
    gate.stop()
    opened.ledger.close()
    return "ended"


def _keys(settings: ServerSettings) -> "ServerKeys":
    from server.opened import open_state

    opened = open_state(settings)
    opened.ledger.close()
    return opened.keys


def _nodes(told: list[str]) -> dict[str, str]:
    """Raises BrokerError."""
    found = dict(one.partition("=")[::2] for one in told)
    if len(found) != len(told) or not all(re.fullmatch(r"[a-z0-9-]{1,32}", name) for name in found):
        raise BrokerError("--node: expected NAME=HOST, each name once, of a-z, 0-9 and '-'")
    if not all(re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host) for host in found.values()):
        raise BrokerError("--node: expected a host name or an IPv4 address after '='")
    return found
