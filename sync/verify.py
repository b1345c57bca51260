"""Check a proof of one record, knowing nothing but this file: `python verify.py PROOF.json`, or `hazri-verify`.

Needs Python 3.11 and the package `cryptography`, and nothing else of Hazri: it may be copied anywhere and read by
anybody. What it knows of Hazri's formats is said again here on purpose, so that it does not trust the programs that
made the proof. docs/proof.md says what each step means.

Ends with 0 when everything the file claims is true, 1 when something is not, 2 when it is not a proof.
"""

import argparse
import base64
import datetime as dt
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "hazri proof 1"
_MAX_FILE = 4 * 1024 * 1024
_IST = dt.timezone(dt.timedelta(hours=5, minutes=30), "IST")


class NotAProofError(ValueError):
    """The file is not a proof, or not of this format."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the record says of itself. `time` is None where no calendar has it, `person` for what is no punch."""

    terminal: str
    log: bytes
    seq: int
    time: dt.datetime | None
    bound_ms: int | None
    person: bytes | None
    kind: int | None
    means: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome: each of `steps` true or false, None for what the file does not hold; `trees` (size, time) signed."""

    said: Said
    received: dt.datetime
    server_key: bytes
    terminal_key: bytes
    neighbours: int
    steps: dict[str, bool | None]
    trees: list[tuple[int, dt.datetime]]

    @property
    def holds(self) -> bool:
        return False not in self.steps.values()


def verify(data: bytes, server_key: bytes | None = None, terminal_key: bytes | None = None) -> Found:
    """Check a proof (JSON). The keys, where they are known from elsewhere, must be those of the proof.

    Raises NotAProofError for anything that is not a proof.
    """
    try:
        return _verify(_parse(data), server_key, terminal_key)
    except NotAProofError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise NotAProofError(f"not a proof: {type(error).__name__}: {error}") from None


def _verify(p: dict[str, Any], server_pin: bytes | None, terminal_pin: bytes | None) -> Found:
    terminal, log, seq = _name(p["terminal"]), _hex(p["log"], 8), int(p["seq"])
    body, before = _hex(p["record"]), _hex(p["head_before"], 32)
    server_key, terminal_key = _hex(p["server_key"], 32), _hex(p["terminal_key"], 32)
    head = _next(before, body)
    steps: dict[str, bool | None] = {"first": before == _genesis(terminal, log)} if seq == 1 else {}
    after = p["signed"]
    steps["signature"] = None if after is None else _chain_signed(terminal_key, head, seq, after)
    words = b"hazri terminal key 1\0" + terminal.encode() + b"\0" + terminal_key
    steps["key"] = _signed(server_key, words, _hex(p["vouched"], 64))
    leaf = (
        b"\0hazri leaf 1\0"
        + terminal.encode()
        + b"\0"
        + log
        + int(p["received_ms"]).to_bytes(8, "big")
        + seq.to_bytes(8, "big")
        + head
    )
    tree = _note(p["checkpoint"], server_key)
    steps["inclusion"] = verify_inclusion(
        hashlib.sha256(leaf).digest(), int(p["index"]), tree.size, _path(p["inclusion"]), tree.root
    )
    steps["checkpoint"] = tree.signed
    trees = [(tree.size, tree.made)]
    steps["later"] = None
    if p["later"] is not None:
        later = _note(p["later"], server_key)
        path = _path(p["consistency"])
        grown = verify_consistency(tree.size, later.size, tree.root, later.root, path)
        steps["later"] = later.signed and grown
        trees.append((later.size, later.made))
    pinned = [pin == key for pin, key in ((server_pin, server_key), (terminal_pin, terminal_key)) if pin is not None]
    steps["pinned"] = all(pinned) if pinned else None
    received = dt.datetime.fromtimestamp(int(p["received_ms"]) / 1000, dt.UTC)
    neighbours = len(after["between"]) if after else 0
    return Found(_said(terminal, log, seq, body), received, server_key, terminal_key, neighbours, steps, trees)


# ── the terminal's chain (docs/wire.md) ──


def _genesis(terminal: str, log: bytes) -> bytes:
    return hashlib.sha256(b"hazri log 1\0" + terminal.encode() + b"\0" + log).digest()


def _next(head: bytes, body: bytes) -> bytes:
    return hashlib.sha256(b"hazri record 1\0" + head + body).digest()


def _chain_signed(key: bytes, head: bytes, seq: int, after: dict[str, Any]) -> bool:
    """Do the records behind this one lead to a head that the terminal signed?"""
    for body in after["between"]:
        head, seq = _next(head, _hex(body)), seq + 1
    return _signed(key, b"hazri head 1\0" + seq.to_bytes(8, "big") + head, _hex(after["signature"], 64))


def _said(terminal: str, log: bytes, seq: int, body: bytes) -> Said:
    fields, rest = _cbor(body)
    if rest or not isinstance(fields, list) or len(fields) not in (4, 8):
        raise NotAProofError("the record is not one of Hazri's")
    _boot, since, offset, _source, bound = fields[1]
    try:
        time = dt.datetime.fromtimestamp((since + offset) / 1000, dt.UTC).astimezone(_IST)
    except (OverflowError, ValueError):
        time = None
    person, kind, means = fields[2:5] if len(fields) == 8 else (None, None, None)
    if person is not None and not (isinstance(person, bytes) and kind in range(1, 6) and means in range(1, 6)):
        raise NotAProofError("the punch is not one of Hazri's")
    return Said(terminal, log, seq, time, None if bound is None else int(bound), person, kind, means)


def _cbor(data: bytes) -> tuple[Any, bytes]:
    """The first value of deterministic CBOR (RFC 8949) and what is left; the few types that records are made of."""
    if data[:1] == b"\xf6":
        return None, data[1:]
    major, low = data[0] >> 5, data[0] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
    number = int.from_bytes(data[1 : 1 + size], "big") if size else low
    data = data[1 + size :]
    if major in (0, 1):
        return (number if major == 0 else -1 - number), data
    if major in (2, 3):
        value = data[:number]
        if len(value) != number:
            raise NotAProofError("the record is cut")
        return (value if major == 2 else value.decode()), data[number:]
    if major not in (4, 5) or number > len(data):
        raise NotAProofError("the record is not one of Hazri's")
    items = []
    for _ in range(number * (major - 3)):
        item, data = _cbor(data)
        items.append(item)
    return (items if major == 4 else dict(zip(items[::2], items[1::2], strict=True))), data


# ── the aggregator's tree (RFC 6962; verification as in RFC 9162, sections 2.1.3.2 and 2.1.4.2) ──


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Is `leaf` (a leaf hash) number `index`, from 0, of the tree with this size and root?"""
    if not 0 <= index < size:
        return False
    found, at, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = _node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Does the tree (new, new_root) begin with the whole of the tree (old, old_root)?"""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    steps = [old_root, *path] if old.bit_count() == 1 else list(path)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            was, now = _node(step, was), _node(step, now)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            now = _node(now, step)
        at, last = at >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


# ── signed statements (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note) ──


@dataclass(frozen=True, slots=True)
class _Tree:
    size: int
    root: bytes
    made: dt.datetime
    signed: bool


def _note(note: str, key: bytes) -> _Tree:
    body, _, signatures = note.partition("\n\n")
    origin, size, root, time = body.split("\n")
    name = f"hazri/{hashlib.sha256(key).hexdigest()[:16]}"
    key_id = hashlib.sha256(name.encode() + b"\n\1" + key).digest()[:4]
    values = [line.removeprefix(f"— {name} ") for line in signatures.splitlines() if line.startswith(f"— {name} ")]
    stamps = [base64.b64decode(value, validate=True) for value in values]
    good = any(one[:4] == key_id and _signed(key, f"{body}\n".encode(), one[4:]) for one in stamps)
    made = dt.datetime.strptime(time, "time %Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    return _Tree(int(size), base64.b64decode(root, validate=True), made, good and origin == name)


def _signed(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _hex(value: str, size: int | None = None) -> bytes:
    data = bytes.fromhex(value)
    if size is not None and len(data) != size:
        raise NotAProofError(f"{len(data)} bytes where {size} belong")
    return data


def _name(value: str) -> str:
    if not value.isascii() or not value.isprintable() or len(value) > 64:
        raise NotAProofError("the terminal's name is not one")
    return value


def _path(values: list[str]) -> list[bytes]:
    return [_hex(value, 32) for value in values]


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > _MAX_FILE:
        raise NotAProofError(f"more than {_MAX_FILE} bytes")
    found = json.loads(data)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotAProofError(f'its "format" is not "{FORMAT}"')
    return found


# ── in words ──

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "record": "Record {seq} of terminal {terminal}, log {log}.",
        "punch": "A punch of the person {person}; kind: {kind}, by: {means}.",
        "event": "No punch, but an event of the terminal.",
        "time": "The terminal's clock showed {time} IST, {bound}.",
        "no-time": "The terminal's clock showed a time that no calendar has.",
        "bound": "true within {seconds} s",
        "no-bound": "and nobody knows how true that was",
        "received": "The server received it at {received} IST.",
        "first": "This is the first record of its log, which begins with the terminal's name.",
        "signature": "The terminal's own key signed this record, and every record before it ({neighbours} behind it).",
        "key": "The server confirms that this key is the terminal's.",
        "inclusion": "The record stood in the server's log of {size} records, with this time of receipt.",
        "checkpoint": "The server signed for that log at {made} IST: the record existed then, as it is here.",
        "later": "The log at {later} IST begins with that one: nothing in it was changed or taken out.",
        "pinned": "The keys are those you named.",
        "holds": "Everything this file claims is true.",
        "fails": "This file claims something that is not true. It proves nothing.",
        "open": "What this cannot prove:",
        "open-1": "whose reference the person's is: the office's register says so;",
        "open-2": "that the true time was the shown one, beyond the bound above and before the time of receipt;",
        "open-3": "that there is no other record;",
        "open-4": "that the keys are whose they are said to be, unless you compare them with published ones:",
        "keys": "server key {server}; terminal key {terminal}",
    },
    "hi": {
        "record": "मशीन {terminal}, लॉग {log} का अभिलेख {seq}।",
        "punch": "व्यक्ति {person} की हाज़िरी; प्रकार: {kind}, पहचान: {means}।",
        "event": "हाज़िरी नहीं, मशीन की एक घटना।",
        "time": "मशीन की घड़ी में {time} IST था, {bound}।",
        "no-time": "मशीन की घड़ी का समय किसी पंचांग में नहीं है।",
        "bound": "अधिकतम त्रुटि {seconds} से.",
        "no-bound": "यह कितना सही था, ज्ञात नहीं",
        "received": "सर्वर को {received} IST पर मिला।",
        "first": "यह अपने लॉग का पहला अभिलेख है, और लॉग इसी मशीन के नाम से शुरू होता है।",
        "signature": "मशीन की अपनी कुंजी ने इस पर और इससे पहले के हर अभिलेख पर हस्ताक्षर किए (इसके बाद {neighbours})।",
        "key": "सर्वर पुष्टि करता है कि यह कुंजी इसी मशीन की है।",
        "inclusion": "यह अभिलेख, प्राप्ति के इसी समय के साथ, सर्वर के {size} अभिलेखों के लॉग में था।",
        "checkpoint": "सर्वर ने {made} IST पर उस लॉग पर हस्ताक्षर किए: तब यह अभिलेख ठीक ऐसा ही था।",
        "later": "{later} IST का लॉग उसी से शुरू होता है: उसमें न कुछ बदला गया, न हटाया गया।",
        "pinned": "कुंजियाँ वही हैं जो आपने बताईं।",
        "holds": "इस फ़ाइल का हर दावा सत्य है।",
        "fails": "इस फ़ाइल का कोई दावा असत्य है। इससे कुछ सिद्ध नहीं होता।",
        "open": "इससे यह सिद्ध नहीं होता:",
        "open-1": "कि व्यक्ति का संकेत किसका है: यह कार्यालय का रजिस्टर बताता है;",
        "open-2": "कि सही समय वही था, ऊपर की त्रुटि-सीमा और प्राप्ति के समय से आगे;",
        "open-3": "कि कोई और अभिलेख नहीं है;",
        "open-4": "कि कुंजियाँ उन्हीं की हैं, जब तक आप प्रकाशित कुंजियों से न मिलाएँ:",
        "keys": "सर्वर की कुंजी {server}; मशीन की कुंजी {terminal}",
    },
}
_MARKS = {
    "en": {True: "PROVEN", False: "FALSE", None: "not in the file"},
    "hi": {True: "सिद्ध", False: "असत्य", None: "फ़ाइल में नहीं"},
}
_KINDS = {
    "en": ("", "in", "out", "left premises", "back", "on duty"),
    "hi": ("", "आगमन", "प्रस्थान", "परिसर से बाहर", "वापसी", "ड्यूटी पर"),
}
_MEANS = {
    "en": ("", "finger", "face", "supervised", "card", "password"),
    "hi": ("", "उँगली", "चेहरा", "पर्यवेक्षित", "कार्ड", "पासवर्ड"),
}


def in_words(found: Found, language: str = "en") -> list[str]:
    """The outcome, a line each: what the record says, every step, and what no proof can say."""
    w = _WORDS[language]
    (size, made), (_, later) = found.trees[0], found.trees[-1]
    fill = {"size": size, "made": _ist(made), "later": _ist(later), "neighbours": found.neighbours}
    told = [(step, held) for step, held in found.steps.items() if held is not None or step == "signature"]
    steps = [f"[{_MARKS[language][held]}] {w[step].format(**fill)}" for step, held in told]
    doubts = [w["open"], *(f"- {w[f'open-{n}']}" for n in range(1, 5))]
    keys = w["keys"].format(server=found.server_key.hex(), terminal=found.terminal_key.hex())
    verdict = w["holds" if found.holds else "fails"]
    return [*_record_words(found, language), "", *steps, "", verdict, "", *doubts, f"  {keys}"]


def _record_words(found: Found, language: str) -> list[str]:
    w, said = _WORDS[language], found.said
    lines = [w["record"].format(seq=said.seq, terminal=said.terminal, log=said.log.hex())]
    if said.person is None or said.kind is None or said.means is None:
        lines.append(w["event"])
    else:
        kind, means = _KINDS[language][said.kind], _MEANS[language][said.means]
        lines.append(w["punch"].format(person=said.person.hex(), kind=kind, means=means))
    bound = w["no-bound"] if said.bound_ms is None else w["bound"].format(seconds=said.bound_ms / 1000)
    shown = w["no-time"] if said.time is None else w["time"].format(time=_ist(said.time), bound=bound)
    return [*lines, shown, w["received"].format(received=_ist(found.received))]


def _ist(time: dt.datetime) -> str:
    return f"{time.astimezone(_IST):%d.%m.%Y %H:%M:%S}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="hazri-verify", description="Check a proof of one attendance record.")
    parser.add_argument("file", type=Path, metavar="PROOF.json")
    parser.add_argument("--server-key", type=bytes.fromhex, metavar="HEX", help="the server's key, as published")
    parser.add_argument("--terminal-key", type=bytes.fromhex, metavar="HEX", help="the terminal's key, if you know it")
    parser.add_argument("--lang", choices=sorted(_WORDS), default="en")
    args = parser.parse_args(argv)
    try:
        with args.file.open("rb") as file:
            found = verify(file.read(_MAX_FILE + 1), args.server_key, args.terminal_key)
    except (OSError, NotAProofError) as error:
        sys.stderr.write(f"{args.file}: {error}\n")
        return 2
    sys.stdout.write("\n".join(in_words(found, args.lang)) + "\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
