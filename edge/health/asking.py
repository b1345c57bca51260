"""What a running terminal says of itself, for whoever looks at it from outside."""

from pathlib import Path

from drivers.lines import LineClient, Message, listens


def status(control: Path) -> Message | None:
    """Its figures, as edge.daemon gives them; None where no terminal runs. Raises DriverError where it will not say."""
    if not listens(control):
        return None
    with LineClient(control) as client:
        return client.ask({"do": "status"})
