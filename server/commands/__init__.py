"""The commands of `hazri-server`: each module adds its words to the parser, and calls the room that does the work."""

from server.commands import (
    account,
    bench,
    broker,
    claim,
    delivery,
    exchange,
    fleet,
    nats,
    orders,
    people,
    policy,
    registration,
    release,
    report,
    simulate,
    synthetic,
    web,
)
from server.commands.words import Words


def add_all(words: Words) -> None:
    """In the order in which `hazri-server --help` tells them."""
    for one in (bench, report, exchange, synthetic, simulate, policy, delivery, web, broker, nats, account):
        one.add(words)
    for one in (fleet, claim, release, orders, people, registration):
        one.add(words)
