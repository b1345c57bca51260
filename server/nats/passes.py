"""NATS' own tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 keys that are written as "nkeys": base32 of a prefix
that says what the key is for, the public key, and a CRC-16 (NATS documentation, "NKeys" and "Auth Callout"). Pure.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import BrokerError

ACCOUNT = 0 << 3  # such a key begins with A
_KIND = "ed25519-nkey"
_GLOBAL = "$G"  # the account of servers that know no accounts
MAX_REQUEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """A node asks who somebody is. `leaf` is the certificate they came with, which the node has verified against our
    authority; `client_id` is what their CONNECT says."""

    server: str
    user: str
    client_id: str
    leaf: x509.Certificate | None


@dataclass(frozen=True, slots=True)
class Pass:
    """What somebody may do: subjects, in which NATS writes a dot for MQTT's slash. `for_s`: then they are cut off."""

    name: str
    publish: Sequence[str]
    subscribe: Sequence[str]
    for_s: int | None = None


def nkey(prefix: int, key: Ed25519PrivateKey) -> str:
    """The public half as NATS writes it."""
    raw = bytes([prefix]) + key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def read(token: bytes) -> Question:
    """What a node asks; the line it came over vouches for it. Raises BrokerError on anything else."""
    try:
        claims = json.loads(_plain(token.split(b".")[1])) if len(token) <= MAX_REQUEST else {}
        asked = claims["nats"]
        found = asked.get("client_tls") or {}
        chains = found.get("verified_chains") or [found.get("certs") or []]
        pem = chains[0][0] if chains and chains[0] else ""
        leaf = x509.load_pem_x509_certificate(pem.encode()) if pem else None
        told = asked["client_info"]
        return Question(str(asked["server_id"]["id"]), str(asked["user_nkey"]), str(told.get("mqtt_id", "")), leaf)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise BrokerError(f"a node's question cannot be read: {type(error).__name__}") from None


def granted(key: Ed25519PrivateKey, question: Question, given: Pass, now_s: int) -> bytes:
    """The answer that lets somebody in."""
    able = {"pub": {"allow": list(given.publish)}, "sub": {"allow": list(given.subscribe)}, "subs": -1, "data": -1}
    claims = {"aud": _GLOBAL, "name": given.name, "sub": question.user, "iat": now_s}
    claims |= {} if given.for_s is None else {"exp": now_s + given.for_s}
    user = _signed(key, claims, able | {"payload": -1, "type": "user", "version": 2})
    return _answer(key, question, {"jwt": user.decode()}, now_s)


def refused(key: Ed25519PrivateKey, question: Question, why: str, now_s: int) -> bytes:
    """The answer that does not."""
    return _answer(key, question, {"error": why}, now_s)


def _answer(key: Ed25519PrivateKey, question: Question, what: dict[str, Any], now_s: int) -> bytes:
    claims = {"aud": question.server, "sub": question.user, "iat": now_s}
    return _signed(key, claims, what | {"type": "authorization_response", "version": 2})


def _signed(key: Ed25519PrivateKey, claims: dict[str, Any], nats: dict[str, Any]) -> bytes:
    body = claims | {"iss": nkey(ACCOUNT, key), "nats": nats}
    digest = hashlib.sha256(_json(body)).digest()
    body["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signed = b".".join(_packed(_json(part)) for part in ({"typ": "JWT", "alg": _KIND}, body))
    return signed + b"." + _packed(key.sign(signed))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _packed(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _plain(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
