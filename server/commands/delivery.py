"""`hazri-server pull`, `stack`, `webhook`, `backup`, `restore`: what leaves a server, and comes back."""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server import PullError, ServerError
from server.commands.words import Words

if TYPE_CHECKING:
    from server.fleet.roster import RosterKeys
    from server.opened import Opened
    from server.settings import ServerSettings

_POLL_S = 2.0


def add(words: Words) -> None:
    """Put them beside the other commands."""
    command, group, work, with_settings = words.command, words.group, words.topic, words.on_settings
    pull = command("pull", with_settings, "Keep a file of all punches (or changes) of another server up to date.")
    pull.add_argument("--url", required=True, help="of the other server, as https://host")
    pull.add_argument("--token-file", type=Path, required=True, metavar="F", help="a file that holds a pull token")
    pull.add_argument("--state", type=Path, required=True, metavar="FILE", help="where the cursor is kept")
    pull.add_argument("--out", type=Path, required=True, metavar="FILE.ndjson", help="one a line")
    changes = "each punch as it was dated when it came; later datings, forks and alarms as lines of their own"
    pull.add_argument("--changes", action="store_true", help=changes)
    how = pull.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="end when there is no more (default)")
    how.add_argument("--follow", action="store_true", help="stay and take what comes")
    pull.set_defaults(topic=_pull)
    stack = group("stack", "Districts below this aggregator.")
    one = _topic(command, work, stack, "add", _stack_add, "Pull a district from now on, or again.")
    one.add_argument("name")
    one.add_argument("--url", required=True, help="of the district, as https://host")
    one.add_argument("--token-file", type=Path, required=True, metavar="F", help="a file that holds a pull token")
    one.add_argument("--server-key", required=True, metavar="HEX", help="as `stack key` prints it there")
    one = _topic(command, work, stack, "pull", _stack_pull, "Take what is new from every district, or from one.")
    one.add_argument("name", nargs="?")
    one.add_argument("--follow", action="store_true", help="stay and take what comes")
    _topic(command, work, stack, "list", _stack_list, "List the districts, one JSON object a line.")
    _topic(command, work, stack, "key", _stack_key, "Print this server's public key, for the aggregator above.")
    _topic(command, work, stack, "remove", _stack_remove, "Pull a district no more.").add_argument("name")
    hooks = group("webhook", "Send changes on as they come.")
    one = _topic(command, work, hooks, "add", _hook_add, "Send to an address; prints its secret, once.")
    one.add_argument("url", metavar="URL")
    one.add_argument("--private", action="store_true", help="it may be an address inside (as 10.0.0.0/8)")
    one.add_argument("--from-start", action="store_true", help="with everything there is, not from now on")
    _topic(command, work, hooks, "list", _hook_list, "List where is sent to, one JSON object a line.")
    _topic(command, work, hooks, "remove", _hook_remove, "Send there no more.").add_argument("id")
    one = _topic(command, work, hooks, "redrive", _hook_redrive, "Send again what was given up.")
    one.add_argument("id")
    one = command("worker", with_settings, "Take in a share of the terminals, beside `run`, on PostgreSQL.")
    one.add_argument("--number", type=int, required=True, metavar="N", help="1 to [ingest] workers - 1")
    one.set_defaults(topic=_worker)
    one = command("backup", with_settings, "Write ledger and keys into one file, while the server runs.")
    one.add_argument("file", type=Path, metavar="FILE.tar")
    one.set_defaults(topic=_backup)
    one = command("restore", with_settings, "Make an empty state directory what it was.")
    one.add_argument("file", type=Path, metavar="FILE.tar")
    one.set_defaults(topic=_restore)


def _topic(command: Any, work: Any, group: Any, name: str, run: Any, text: str) -> Any:
    one = command(name, work, text, group)
    one.set_defaults(topic=run)
    return one


def _keys(opened: "Opened") -> "RosterKeys":
    from server.fleet.roster import RosterKeys
    from server.trust.vault import Vault

    return RosterKeys(opened.keys.server, opened.keys.template, Vault(opened.keys.vault))


def _pull(args: argparse.Namespace, _settings: "ServerSettings") -> str:
    from server.sharing.copied import Changes, Punches
    from server.sharing.pull import pull

    feed = Changes() if args.changes else Punches()
    return pull(args.url, _text(args.token_file), args.state, args.out, feed=feed, follow=args.follow)


def _stack_add(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import stack

    token = _text(args.token_file)
    stack.add(opened.ledger, _keys(opened).vault, args.name, args.url, args.server_key, token)
    return f"{args.name}: is pulled from now on"


def _stack_pull(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import stack

    keys, taken, failed = _keys(opened), 0, None
    while True:
        for row in stack.districts(opened.ledger):
            if (args.name or row.name) == row.name and row.state == "active":
                try:
                    taken += sum(stack.pull(opened.ledger, keys, row.name))
                except PullError as error:  # one district that is down costs only itself
                    failed = error
        if not args.follow:
            break
        time.sleep(_POLL_S)
    if failed is not None:
        raise failed
    return f"{taken} records"


def _stack_list(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import stack

    names = ("name", "url", "after", "state", "reason", "pulled_ms")
    rows = stack.districts(opened.ledger)
    return "\n".join(json.dumps({name: getattr(row, name) for name in names}) for row in rows)


def _stack_key(_args: argparse.Namespace, opened: "Opened") -> str:
    return opened.keys.server.public_key().public_bytes_raw().hex()


def _stack_remove(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import stack

    stack.remove(opened.ledger, args.name)
    return f"{args.name}: is pulled no more"


def _hook_add(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import webhooks

    made = webhooks.add(opened.ledger, _keys(opened).vault, args.url, private=args.private, all_of_it=args.from_start)
    return json.dumps({"id": made.id.hex(), "secret": made.secret})


def _hook_list(_args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import webhooks

    return "\n".join(json.dumps(one) for one in webhooks.listed(opened.ledger))


def _hook_remove(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import webhooks

    webhooks.remove(opened.ledger, args.id)
    return f"{args.id}: nothing is sent there any more"


def _hook_redrive(args: argparse.Namespace, opened: "Opened") -> str:
    from server.sharing import webhooks

    return f"{webhooks.redrive(opened.ledger, args.id)} to be sent again"


def _worker(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.worker import run

    run(settings, args.number, lambda line: print(line, flush=True))  # noqa: T201 - the readiness line
    return f"worker {args.number} ended"


def _backup(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.backup import backup

    made = backup(settings, args.file)
    note = "" if made.database == "sqlite" else "; the ledger is PostgreSQL's to keep: see docs/backup.md"
    return f"{args.file}: {len(made.files)} files, {args.file.stat().st_size} bytes{note}"


def _restore(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.backup import restore

    return f"{settings.state_dir}: {len(restore(settings, args.file).files)} files restored"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")[:1000]
    except (OSError, UnicodeError) as error:
        raise ServerError(f"{path}: {error}") from None
