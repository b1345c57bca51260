"""A message as it came, read: what it says, or what is wrong with it. Nothing is looked up, so any thread may do it."""

from dataclasses import dataclass

from server.intake.judge import Reason, Refuse
from sync import VersionError, WireError
from sync.anchor import parse_question
from sync.charter import Renew, parse_renew
from sync.columns import Columns, parse_columns
from sync.fetch import Wanted, parse_wanted
from sync.health import Health, parse_health
from sync.link import Delivery
from sync.topics import parse_up
from sync.wire import Beat, Chunk, parse_beat, parse_chunk


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for the time, by its tag."""

    tag: bytes


Message = Columns | Chunk | Beat | Health | Asked | Wanted | Renew | Refuse


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery as read: who sent it (by the broker's word) and what it says."""

    delivery: Delivery
    terminal: str
    leaf: str
    message: Message

    @property
    def weight(self) -> int:
        """How many records it may bring."""
        return len(self.message) if isinstance(self.message, Columns) else 1


def read(delivery: Delivery) -> Incoming:
    """Parse one delivery; whatever is wrong with it becomes a Refuse."""
    try:
        terminal, leaf = parse_up(delivery.topic)
    except WireError as error:
        return Incoming(delivery, "", "", Refuse(Reason.TOPIC, str(error)))
    message: Message
    try:
        match leaf:
            case "batch":
                message = parse_columns(delivery.payload)
            case "chunk":
                message = parse_chunk(delivery.payload)
            case "health":
                message = parse_health(delivery.payload)
            case "question":
                message = Asked(parse_question(delivery.payload))
            case "renew":
                message = parse_renew(delivery.payload)
            case "wanted":
                message = parse_wanted(delivery.payload)
            case _:
                message = parse_beat(delivery.payload)
    except VersionError as error:
        message = Refuse(Reason.VERSION, str(error))
    except WireError as error:
        message = Refuse(Reason.GARBAGE, str(error))
    except Exception as error:  # noqa: BLE001 - a parser's bug must cost one message, never the work of all terminals
        message = Refuse(Reason.GARBAGE, f"the parser failed: {type(error).__name__}")
    return Incoming(delivery, terminal, leaf, message)
