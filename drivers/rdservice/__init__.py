"""UIDAI registered devices: found, named and asked to capture; what they capture is sealed for UIDAI alone."""

from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options, Simulation, Simulator, Stage
from drivers.rdservice.codec import SealedPid
from drivers.rdservice.variants import VARIANTS

__all__ = ["ENTRY", "SealedPid"]


def _make(options: Options) -> Driver:
    from drivers.rdservice.driver import RdService

    return RdService(
        host=str(options["host"]),
        port=int(options["port"]),
        secure=bool(options["https"]),
        pin=str(options["pin"]),
        ca=str(options["ca"]),
        environment=str(options["environment"]),
        patience=int(options["patience_pct"]) / 100,
    )


def _start(stage: Stage) -> Simulation:
    from drivers.rdservice.sim import RdSimulation

    return RdSimulation(stage)


ENTRY = Entry(
    summary="a UIDAI registered device: sealed captures for online authentication, nothing to match here",
    features=Feature.SEALED,
    options={
        "host": Option(str, "127.0.0.1", "the machine on which the RD service runs"),
        "port": Option(int, 0, "its port; 0: the first of 11100 to 11120 that answers", 0, 65535),
        "https": Option(int, 0, "1: over TLS", 0, 1),
        "pin": Option(str, "", "SHA-256 of the service's certificate; empty: it must be signed by an authority"),
        "ca": Option(str, "", "file of authorities to trust; empty: the system's"),
        "environment": Option(str, "P", "UIDAI's environment: P (production), PP (pre-production) or S (staging)"),
        "patience_pct": PATIENCE,
    },
    make=_make,
    network=True,
    simulator=Simulator(VARIANTS, _start, library=False),
)
