"""The store of messages is capped: NATS keeps MQTT's messages in a stream without a bound, and one that fills the disk
locks everybody out. Pure: what to ask a node over the gate's line, and what to make of its answers (NATS documentation,
"JetStream wire API").

With `discard: new` a full store refuses the newest, which then have no acknowledgement and stay on their terminals; the
oldest, which ingest has yet to take, stay too.
"""

import json
from typing import Any

MESSAGES = "$MQTT_msgs"
MAX_BYTES = 4 << 30  # half of what a node may keep (cluster.py): the rest is for retained receipts and sessions
ASK = f"$JS.API.STREAM.INFO.{MESSAGES}"
CHANGE = f"$JS.API.STREAM.UPDATE.{MESSAGES}"
_WANTED = {"max_bytes": MAX_BYTES, "discard": "new"}


def change(told: bytes) -> bytes | None:
    """What CHANGE is to be asked, from the answer to ASK; None: nothing, it is capped, or there is no stream yet."""
    config = _config(told)
    if config is None or is_capped(told):
        return None
    return json.dumps(config | _WANTED).encode()


def is_capped(told: bytes) -> bool:
    """Does the answer to either say so? A cap that somebody set by hand stands."""
    config = _config(told)
    return config is not None and config.get("discard") == "new" and config.get("max_bytes", -1) > 0


def _config(told: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(told)
        config = found.get("config")
        return config if isinstance(config, dict) and isinstance(config.get("max_bytes", -1), int) else None
    except (ValueError, AttributeError, RecursionError):
        return None
