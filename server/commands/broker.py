"""`hazri-server broker`: what a broker of its own unit reads, for `[broker] embedded = false` on this machine."""

import argparse
import os
from pathlib import Path

from server import BrokerError
from server.commands.words import Words
from server.settings import BrokerSettings, ServerSettings
from sync.files import replace_file


def add(words: Words) -> None:
    """Put it among the commands."""
    one = words.command("broker", words.on_settings, "Write the configuration of a Mosquitto with a unit of its own.")
    one.set_defaults(topic=_broker)
    one.add_argument("--keys", type=Path, metavar="DIR", help="where its certificates are (default: state_dir/keys)")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="made where it is missing")


def _broker(args: argparse.Namespace, settings: ServerSettings) -> str:
    write_files(settings.broker, args.keys or settings.state_dir / "keys", args.out)
    return f"{args.out / 'mosquitto.conf'}"


def write_files(settings: BrokerSettings, keys: Path, out: Path) -> None:
    """The same as the embedded broker's; nobody is denied by name, who was revoked is refused by certificate.
    Raises BrokerError."""
    from server.broker import access_list, configuration
    from server.trust.keys import CRL

    try:
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(out / "mosquitto.conf", configuration(settings).encode())
        replace_file(out / "acl", access_list().encode())
        for name in ("ca.crt", "broker.crt", "broker.key", CRL):
            replace_file(out / name, (keys / name).read_bytes())
    except OSError as error:
        raise BrokerError(f"{error.filename or out}: {os.strerror(error.errno or 0)}") from None
