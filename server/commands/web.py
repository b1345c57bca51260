"""`hazri-server web`: pages and API in a process of its own, as many times as the machine has cores."""

import argparse
import sys

from server.commands.words import Words
from server.settings import ServerSettings


def add(words: Words) -> None:
    """Put it among the commands."""
    web = words.command("web", words.on_settings, "Serve pages and API beside `run`; several may share a port.")
    web.set_defaults(topic=_web)
    web.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    web.add_argument("--port", type=int, required=True, help="the same for all that share the work; not that of `run`")


def _web(args: argparse.Namespace, settings: ServerSettings) -> str:
    from server.web import worker

    def announce(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    worker.run(settings, args.host, args.port, announce)
    return "ended"
