"""hazri-server: reads the settings, runs one command, ends with 0 (done), 1 (failed) or 2 (called or set up wrong)."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from config import ConfigError
from config.load import load, there
from config.model import Messages, Server
from server import PeopleError, ServerError
from server.commands import add_all
from server.commands.words import Words
from server.settings import BrokerSettings, IngestSettings, MessageSettings, ServerSettings, WebSettings
from sync.hush import leave_no_core

DEFAULT_CONFIG = Path("/etc/hazri/server.toml")
DONE, FAILED, MISUSED = 0, 1, 2


def main() -> NoReturn:
    """The console script."""
    os.umask(0o077)  # names and digits are in what we write
    leave_no_core()
    sys.exit(command(sys.argv[1:]))


def command(argv: list[str]) -> int:
    """Run one command; returns the exit code. Messages for people go to stderr, results to stdout."""
    args = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    for chatty in ("uvicorn", "httpx", "httpcore", "alembic", "multipart"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        code: int = args.work(args)
    except ConfigError as error:
        return _say(error, MISUSED)
    except ServerError as error:
        return _say(error, FAILED)
    except (BrokenPipeError, KeyboardInterrupt):
        return FAILED
    except Exception as error:
        if args.verbose:
            raise
        return _say(f"{type(error).__name__}: {' '.join(str(error).split())} (`--verbose` tells where)", FAILED)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hazri-server", description="The aggregator of Hazri attendance terminals.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help=f"settings (default: {DEFAULT_CONFIG} if there)")
    shared.add_argument("--verbose", action="store_true", help="log more")

    def add(name: str, work: Callable[[argparse.Namespace], int], text: str, to: Any = commands) -> Any:
        one = to.add_parser(name, help=text, description=text, parents=[shared])
        one.set_defaults(work=work)
        return one

    def group(name: str, text: str) -> Any:
        return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="COMMAND")

    add("run", _run, "Run broker, ingest and web until SIGTERM.")
    add("background", _background, "Do all that is not taking punches in or answering pages; `run` does it, too.")
    add("check", _check, "Check the settings and what they need, and exit; makes nothing.")
    add("init", _init, "Make keys, certificates and tables where they are missing (run and admit do it, too).")
    admit = add("admit", _admit, "Admit a terminal: sign its certificate and register its keys.")
    admit.add_argument("request", type=Path, metavar="REQUEST.json", help="what `hazri-edge keys` wrote")
    admit.add_argument("--out", type=Path, required=True, metavar="ADMISSION.json", help="for `hazri-edge accept`")
    admit.add_argument("--replace", action="store_true", help="other keys or revoked before: take it all the same")
    people = group("people", "People who punch.")
    add(
        "import",
        _people_import,
        'Register people from stdin, lines {"name": …, "digits": …, "flags": […]}; prints references.',
        people,
    )
    flags = add("set", _people_set, "Change what sets a person apart at terminals; they hear of it at once.", people)
    flags.add_argument("person", metavar="REFERENCE", help="as `people import` printed it")
    flags.add_argument(
        "--flags",
        required=True,
        metavar="NAME[,NAME…]",
        help='supervisor, face_first, more_time, spoken; these and no others ("": none)',
    )
    photo = add("photo", _people_photo, "Give a person a photograph, which terminals show after a match.", people)
    photo.add_argument("person", metavar="REFERENCE", help="as `people import` printed it")
    photo.add_argument("file", type=Path, metavar="FILE.jpg", help="a JPEG of at most 100 KB")
    carried = add("import", _import, "Take in what was carried by hand: bundles, or the card of a dead terminal.")
    carried.add_argument("files", nargs="*", type=Path, metavar="FILE", help="of `hazri-edge export`; .txt: QR codes")
    carried.add_argument("--receipts", type=Path, metavar="FILE", help="where what goes back by the same hand is put")
    carried.add_argument("--card", type=Path, metavar="DIR", help="the state directory of a dead terminal; only read")
    token = group("token", "Tokens for the API and the dashboard.")
    new = add("new", _token_new, "Make a token; it is shown once.", token)
    new.add_argument("--scope", choices=["pull", "fleet", "register", "dashboard"], required=True, help="what it opens")
    new.add_argument("--name", default="", help="whom it is for")
    new.add_argument("--office", default="", metavar="ORG/PATH", help="bound to this office (default: all)")
    new.add_argument("--days", type=int, default=365, help="how long it is valid (default: 365)")
    add("list", _token_list, "List the tokens: for whom, what they open, until when.", token)
    ended = add("end", _token_end, "A token opens nothing any more, at once.", token)
    ended.add_argument("token", metavar="ID", help="as `token list` names it")
    demo = add("demo", _demo, "Run a whole district in miniature: aggregator, terminals and synthetic people.")
    demo.add_argument("--for", dest="for_s", type=float, metavar="SECONDS", help="end after so long (default: Ctrl-C)")
    demo.add_argument("--json", action="store_true", help="print one JSON object at the end")
    demo.add_argument("--fingerprints", type=Path, metavar="DIR", help="use real images instead of synthetic ones")
    proof = add("proof", _proof, "Prove one record to somebody who trusts nobody here: a file, a sheet, a verifier.")
    proof.add_argument("punch", metavar="PUNCH", help="TERMINAL/LOG/SEQ, TERMINAL/SEQ, or the six-character code")
    proof.add_argument("--day", metavar="YYYY-MM-DD", help="of the code, as the terminal or this server dates it")
    proof.add_argument("--terminal", help="of the code, where several have it")
    proof.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where the files go (default: here)")
    proof.add_argument("--alone", action="store_true", help="leave out the neighbours, and so the terminal's signature")
    add("checkpoint", _checkpoint, "Print the signed statement of everything the ledger holds now.")
    audit = add("audit", _audit, "Check every record against the terminals' signatures and the checkpoints.")
    audit.add_argument("--state", type=Path, metavar="FILE", help="remember here how far it came, and go on from there")
    audit.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="one kept elsewhere"
    )
    audit.add_argument("--json", action="store_true", help="print one JSON object")
    add_all(Words(add, group, _plain, _topic, _on_settings))
    add("api", _api, "Print the OpenAPI document.")
    return parser


def _settings(args: argparse.Namespace) -> ServerSettings:
    path = args.config or (DEFAULT_CONFIG if there(DEFAULT_CONFIG) else None)
    c = load(Server, path) if path else Server()
    b = c.broker
    return ServerSettings(
        state_dir=c.state_dir,
        database_url=c.database_url,
        web=WebSettings(c.web.host, c.web.port, c.web.map_tiles, c.web.map_credit),
        broker=BrokerSettings(b.embedded, b.mosquitto, b.listen, b.host, b.port, b.public_host, b.public_port),
        ingest=IngestSettings(c.ingest.commit_records, c.ingest.commit_ms, c.ingest.workers),
        messages=_messages(c.messages),
    )


def _messages(c: Messages) -> MessageSettings:
    return MessageSettings(c.smtp_host, c.smtp_port, c.smtp_tls, c.smtp_user, c.smtp_password_file, c.sender, c.outbox)


# Each command imports what it needs: a refused word on the command line should not wait for a web framework.


def _run(args: argparse.Namespace) -> int:
    from server.run import run

    config = ["--config", str(args.config)] if args.config else []
    background = [sys.executable, "-P", "-m", "server", "background", *config]
    run(_settings(args), _announce, background)
    return DONE


def _background(args: argparse.Namespace) -> int:
    from server.background import run

    run(_settings(args), _announce)
    return DONE


def _announce(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the readiness line


def _check(args: argparse.Namespace) -> int:
    from server.check import check

    check(_settings(args))
    _print("the settings are sound")
    return DONE


def _init(args: argparse.Namespace) -> int:
    from server.opened import open_state

    settings = _settings(args)
    open_state(settings).ledger.close()
    _print(f"{settings.state_dir}: keys, certificates and tables are there")
    return DONE


def _admit(args: argparse.Namespace) -> int:
    from server.fleet.admit import admit
    from server.opened import open_state
    from sync.admission import to_json

    settings = _settings(args)
    opened = open_state(settings)
    admission = admit(opened.ledger, opened.keys, settings.broker, _read(args.request), replace=args.replace)
    _write(args.out, to_json(admission))
    return DONE


def _people_import(args: argparse.Namespace) -> int:
    from server.opened import open_state
    from server.people.register import check_new, read, register
    from server.trust.vault import Vault

    people = read(sys.stdin.buffer)
    if not people:
        raise PeopleError('nothing on stdin: expected lines {"name": …, "digits": …}')
    opened = open_state(_settings(args))
    vault = Vault(opened.keys.vault)
    with opened.ledger.write() as connection:
        check_new(connection, vault, people)
    for ref in register(opened.ledger, vault, people):
        _print(json.dumps({"person": ref.hex()}))
    return DONE


def _people_set(args: argparse.Namespace) -> int:
    from server.opened import open_state
    from server.people.register import parse_flags, set_flags

    flags = parse_flags(name.strip() for name in args.flags.split(",") if name.strip())
    _print("changed" if set_flags(open_state(_settings(args)).ledger, args.person, flags) else "unchanged")
    return DONE


def _people_photo(args: argparse.Namespace) -> int:
    from server.opened import open_state
    from server.people.photo import read_photo, set_photo

    file = read_photo(args.file)
    opened = open_state(_settings(args))
    _print(f"{set_photo(opened.ledger, opened.keys.template, args.person, file)} bytes for each terminal")
    return DONE


def _import(args: argparse.Namespace) -> int:
    from server import carried
    from server.fleet.roster import RosterKeys
    from server.intake.group import Intake
    from server.ledger.records import RecordWriter
    from server.opened import open_state
    from server.trust.vault import Vault

    if bool(args.files) == bool(args.card):
        raise ServerError("import: name the files of a bundle, or --card and a directory")
    opened = open_state(_settings(args))
    keys = RosterKeys(opened.keys.server, opened.keys.template, Vault(opened.keys.vault))
    intake = Intake(RecordWriter(opened.ledger.engine.dialect), opened.keys.server, keys, carried=True)
    if args.card:
        taken = carried.take_card(opened.ledger, intake, args.card)
    else:
        taken = carried.take_files(opened.ledger, intake, opened.keys.template, args.files)
    for line in taken.lines():
        _print(line)
    if args.receipts and taken.receipts:
        try:
            args.receipts.write_bytes(taken.answer)
        except OSError as error:
            raise ServerError(f"{args.receipts}: {error.strerror}") from None
        _print(f"{args.receipts}: for `hazri-edge receipts` at the terminal")
    return FAILED if taken.notes else DONE


def _token_new(args: argparse.Namespace) -> int:
    from server.access.scope import Place
    from server.opened import open_state
    from server.trust import tokens

    settings = _settings(args)
    scope = tokens.Scope(args.scope)
    org, slash, rest = args.office.partition("/")
    place = Place(org, slash + rest)
    token = tokens.make(open_state(settings).ledger, args.name or args.scope, scope, args.days, place)
    if scope is tokens.Scope.DASHBOARD:
        _print(f"http://{settings.web.host}:{settings.web.port}/enter#{token}")
    else:
        _print(token)
    return DONE


def _token_list(args: argparse.Namespace) -> int:
    from server.ledger.store import now_ms
    from server.opened import open_state
    from server.trust import tokens
    from server.web.fleet_answers import moment

    for one in tokens.listed(open_state(_settings(args)).ledger):
        until = f"until {moment(one.expires_ms):%Y-%m-%d}" if one.expires_ms > now_ms() else "over"
        _print(f"{one.id} {one.scope:<9} {until:<16} {one.place.org + one.place.path or 'everything':<24} {one.name}")
    return DONE


def _token_end(args: argparse.Namespace) -> int:
    from server.commands.people import who
    from server.opened import open_state
    from server.trust import tokens

    _print(f"{tokens.end(open_state(_settings(args)).ledger, args.token, who())}: over")
    return DONE


def _demo(args: argparse.Namespace) -> int:
    from server.demo import district

    return district.main(args)


def _proof(args: argparse.Namespace) -> int:
    from server.commands import proof
    from server.opened import open_state

    _print(proof.run(args, open_state(_settings(args))))
    return DONE


def _checkpoint(args: argparse.Namespace) -> int:
    from server.commands import proof
    from server.opened import open_state

    _print(proof.checkpoint(open_state(_settings(args))))
    return DONE


def _audit(args: argparse.Namespace) -> int:
    from server.commands import audit
    from server.opened import open_state

    text, sound = audit.run(args, open_state(_settings(args)))
    _print(text)
    return DONE if sound else FAILED


def _plain(args: argparse.Namespace) -> int:
    _print(args.topic(args))
    return DONE


def _topic(args: argparse.Namespace) -> int:
    """A command that lives in a module of its own: `args.topic` does it on the opened state, and tells."""
    from server.opened import open_state

    _print(args.topic(args, open_state(_settings(args))))
    return DONE


def _on_settings(args: argparse.Namespace) -> int:
    _print(args.topic(args, _settings(args)))
    return DONE


def _api(_args: argparse.Namespace) -> int:
    from server.web.app import openapi

    _print(json.dumps(openapi(), indent=1))
    return DONE


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024 * 1024)
    except OSError as error:
        raise ServerError(f"{path}: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ServerError(f"{path}: {error.strerror}") from None


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _say(error: Exception | str, code: int) -> int:
    sys.stderr.write(f"hazri-server: {error}\n")
    return code


if __name__ == "__main__":
    main()
