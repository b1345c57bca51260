"""`hazri-server bench`: which load, and how its figures are told."""

import argparse
import json
from typing import Any

from rich.console import Console


def main(args: argparse.Namespace) -> str:
    """Run one of the benches; returns its figures, as one line of JSON or a line each. Raises ServerError."""
    found = _run(args, Console(stderr=True))
    if args.json:
        return json.dumps(found)
    return "\n".join(f"{name:<28} {json.dumps(value)}" for name, value in found.items())


def _run(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    # Each imports what it needs: counting packets should not wait for a load client.
    match args.bench:
        case "wire":
            from server.bench import wire

            return wire.run(console)
        case "link":
            from server.bench import link

            return link.run(console, args.runs)
        case "ingest":
            from server.bench import ingest

            return ingest.run(console, args.scale, args.database)
        case "api" | "dashboard":
            from server.bench import api

            return api.run(console, args.bench, args.punches, args.terminals, args.database)
        case "attendance":
            from server.bench import attendance

            return attendance.run(console, args.people)
        case "public":
            from server.public import bench as public

            return public.run(console, args.people)
        case "storm" if args.flood:
            from server.bench import flood

            return flood.run(console)
        case _:
            from server.bench import storm

            return storm.run(console, args.terminals)
