"""All steps of a set-up, in the order in which a technician does them."""

from edge.setup import words
from edge.setup.joining import claim, enrol
from edge.setup.reach import clock, network, server
from edge.setup.rescue import bundle, card
from edge.setup.said import Entry, Step
from edge.setup.sensing import devices, sensors

STEPS = (
    Step("sensors", words.SENSORS, words.NOW_SENSORS, sensors),
    Step("network", words.NETWORK, words.NOW_NETWORK, network),
    Step("clock", words.CLOCK, words.NOW_CLOCK, clock),
    Step("server", words.SERVER, words.NOW_SERVER, server),
    Step("claim", words.CLAIM, words.NOW_CLAIM, claim, (Entry("file", words.FILE),), asks=True),
    Step(
        "enrol",
        words.ENROL,
        words.NOW_ENROL,
        enrol,
        (Entry("person", words.PERSON), Entry("fingers", words.FINGERS, "right_thumb")),
        asks=True,
    ),
    Step("selftest", words.SELFTEST, words.NOW_SELFTEST, devices, asks=True),
    Step("logs", words.LOGS, words.NOW_LOGS, bundle, (Entry("out", words.OUT, "/tmp/hazri-logs.zip"),), asks=True),  # noqa: S108
    Step("card", words.CARD, words.NOW_CARD, card, (Entry("card", words.PLACE),), asks=True),
)
BY_NAME = {step.name: step for step in STEPS}
