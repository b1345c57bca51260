"""`hazri-server bench …`: what can be measured here, and under which load."""

import argparse

from server.commands.words import Words


def add(words: Words) -> None:
    """Put them beside the other commands."""
    command, group, work = words.command, words.group, words.plain
    bench = group("bench", "Measure this machine under a made-up load, against the real broker over TLS.")
    wire = command("wire", work, "Bytes a punch and KiB a day, as IP packets (needs root).", bench)
    link = command("link", work, "Seconds to a receipt over an emulated 2G line (needs root).", bench)
    link.add_argument(
        "--runs", type=int, default=50, metavar="N", help="returns to measure, of each size (default: 50)"
    )
    ingest = command("ingest", work, "Punches a second, verified and committed.", bench)
    ingest.add_argument("--scale", type=float, default=1.0, help="a smaller or larger load (default: 1)")
    storm = command("storm", work, "Every terminal comes back at once.", bench)
    storm.add_argument("--terminals", type=int, default=5000, metavar="N", help="how many (default: 5000)")
    storm.add_argument("--flood", action="store_true", help="instead: one terminal floods, twenty others work on")
    days = command("attendance", work, "Fold a month of a whole state, and one late punch.", bench)
    public = command("public", work, "Ask for the public pages of a whole state, over and over.", bench)
    for one in (days, public):
        one.add_argument("--people", type=int, default=100_000, metavar="N", help="(default: 100,000)")
    api = command("api", work, "Pull a large made-up ledger through the API.", bench)
    board = command("dashboard", work, "Look at a large made-up ledger, and at a thousand punches a second.", bench)
    for one in (ingest, api, board):
        told = "an empty one, or of an earlier bench (default: SQLite)"
        one.add_argument("--database", default="", metavar="URL", help=told)
    for one in (api, board):
        one.add_argument("--punches", type=int, default=10_000_000, metavar="N", help="(default: 10,000,000)")
        one.add_argument("--terminals", type=int, default=10_000, metavar="N", help="(default: 10,000)")
    named = ("wire", wire), ("link", link), ("ingest", ingest), ("storm", storm), ("api", api), ("dashboard", board)
    for name, one in (*named, ("attendance", days), ("public", public)):
        one.set_defaults(bench=name)
        one.add_argument("--json", action="store_true", help="one line of JSON")
        one.set_defaults(topic=_bench)


def _bench(args: argparse.Namespace) -> str:
    from server.bench import choose

    return choose.main(args)
