"""Finger readers behind their vendor's capture service on localhost: a picture for each touch."""

from drivers.base import Driver, Feature
from drivers.entry import PATIENCE, Entry, Option, Options, Simulation, Simulator, Stage

VARIANTS = {
    "mantra": "http, /mfs100/info and /mfs100/capture, whole seconds",
    "mantra-tls": "the same over TLS with a certificate of its own",
    "secugen": "TLS with a certificate of its own, /SGIFPCapture, a form, milliseconds",
    "secugen-plain": "the same without TLS, for looking at what passes",
    "l1": "shaped like mantra, and keeps the picture to itself as an L1 reader does",
}


def _make(options: Options) -> Driver:
    from drivers.http_capture.driver import HttpCapture

    return HttpCapture(
        shape=str(options["shape"]),
        url=str(options["url"]),
        pin=str(options["pin"]),
        ca=str(options["ca"]),
        licence=str(options["licence_file"]),
        dpi=int(options["dpi"]),
        quality=int(options["quality"]),
        glance_ms=int(options["glance_ms"]),
        patience=int(options["patience_pct"]) / 100,
    )


def _start(stage: Stage) -> Simulation:
    from drivers.http_capture.sim import CaptureSimulation

    return CaptureSimulation(stage)


ENTRY = Entry(
    summary="a finger reader behind its vendor's capture service (Mantra's and SecuGen's shapes)",
    features=Feature.IMAGE,
    options={
        "shape": Option(str, None, "whose service it is like: mantra or secugen"),
        "url": Option(str, "", "where it listens; empty: the vendor's usual address on this machine"),
        "pin": Option(str, "", "SHA-256 of the service's certificate; empty: it must be signed by an authority"),
        "ca": Option(str, "", "file of authorities to trust; empty: the system's"),
        "licence_file": Option(str, "", "file with the vendor's licence text, where the service wants one"),
        "dpi": Option(int, 500, "resolution of the pictures when the service does not say", 100, 2000),
        "quality": Option(int, 30, "the least quality the service should hand over, 1 to 100", 1, 100),
        "glance_ms": Option(int, 1000, "how long one look at the empty glass takes", 50, 10000),
        "patience_pct": PATIENCE,
    },
    make=_make,
    network=True,
    simulator=Simulator(VARIANTS, _start),
)
