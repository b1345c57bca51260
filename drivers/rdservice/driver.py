"""A registered device: watched by read, and asked for sealed captures by `capture`.

read() hands over no Reading. A sealed capture cannot be looked at here (see SealedPid), so there is neither a picture
nor a person in it; what read() tells is whether the device is there.
"""

import threading
import time

from drivers import DeviceGone, OptionError, ProtocolError
from drivers.base import Advice, Feature, Info, Reading, Retry
from drivers.rdservice import codec
from drivers.rdservice.codec import Outcome, Response, SealedPid, Service, Status
from drivers.web import Client, Site, Trust

_ASK_S = 3.0
_PROBE_S = 1.0
_LOOK_S = 2.0  # how often read() looks whether the device is still there
_WAIT_S = 1.5  # Mantra's own advice after −1509
_SLACK_S = 3.0  # more than the capture itself may take


class RdService:
    """See drivers.base.Driver for the contract. One thread at a time, except close."""

    def __init__(
        self,
        *,
        host: str,
        port: int = 0,
        secure: bool = False,
        pin: str = "",
        ca: str = "",
        environment: str = "P",
        patience: float = 1.0,
    ) -> None:
        if environment not in ("P", "PP", "S"):
            raise OptionError(f"environment = {environment!r}: expected P, PP or S")
        trust = Trust(pin, ca)
        ports = [port] if port else codec.PORTS
        self._clients = {one: Client(Site(secure, host, one, "/"), trust) for one in ports}
        self._where = f"RD service on {host}"
        self._environment = environment
        self._patience = patience  # how often as long as usual an answer may take
        self._closed = threading.Event()
        self._closed.set()
        self._client: Client | None = None
        self._service: Service | None = None

    @property
    def features(self) -> Feature:
        return Feature.SEALED

    def open(self) -> None:
        """Find the port that answers. Raises DeviceGone when none does, or its device is not ready."""
        if self._client is not None:
            return
        self._closed.clear()
        for client in self._clients.values():
            client.resume()
        reasons: list[str] = []
        for client in self._clients.values():
            try:
                service = self._ask(client, _PROBE_S * self._patience)
            except (DeviceGone, ProtocolError) as error:
                reasons.append(str(error))
                continue
            if service.status is Status.READY:
                self._client, self._service = client, service
                return
            reasons.insert(0, f"{self._where}: {service.status} {service.words}".rstrip())
        self._closed.set()
        raise DeviceGone(reasons[0])

    def close(self) -> None:
        self._closed.set()
        for client in self._clients.values():
            client.cancel()
        self._client = self._service = None

    def read(self, timeout_s: float) -> Reading | None:
        """Nothing, after `timeout_s`. Raises DeviceGone when the device goes meanwhile."""
        until = time.monotonic() + timeout_s
        while True:
            client, _ = self._opened()
            service = self._ask(client, _ASK_S * self._patience)
            if service.status is Status.NOT_READY:
                raise DeviceGone(f"{self._where}: {service.status} {service.words}".rstrip())
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._closed.wait(min(left, _LOOK_S))

    def info(self) -> Info:
        client, service = self._opened()
        answer = client.ask("DEVICEINFO", service.info_path, _ASK_S * self._patience)
        device = codec.device(answer.body)
        details = {"provider": device.provider, "service": device.service, "device_code": device.code}
        return Info(device.model, device.version, device.serial, details)

    def capture(self, timeout_s: float, *, wadh: str = "") -> SealedPid | Retry | None:
        """One finger, sealed for UIDAI; None when nobody came. Raises DeviceGone, ProtocolError.

        `wadh`: what a licensed KUA's server asks to have sealed with it (base64), for e-KYC.
        """
        until = time.monotonic() + timeout_s
        while True:
            client, service = self._opened()
            left = max(0.0, until - time.monotonic())
            body = codec.options(max(1, round(left * 1000)), environment=self._environment, wadh=wadh)
            longest_s = left + _SLACK_S * self._patience
            answer = client.ask("CAPTURE", service.capture_path, longest_s, body, {"Content-Type": "text/xml"})
            found = codec.captured(answer.body)
            if isinstance(found, SealedPid):
                return found
            match codec.outcome(found.code):
                case Outcome.NOBODY:
                    return None
                case Outcome.AGAIN:
                    return Retry(Advice.PLACE_AGAIN)
                case Outcome.WAIT if time.monotonic() + _WAIT_S < until:
                    self._closed.wait(_WAIT_S)
                case Outcome.WAIT | Outcome.GONE:
                    raise DeviceGone(self._words(found))
                case _:
                    raise ProtocolError(self._words(found))

    def _opened(self) -> tuple[Client, Service]:
        client, service = self._client, self._service
        if client is None or service is None or self._closed.is_set():
            raise DeviceGone(f"{self._where}: closed")
        return client, service

    def _ask(self, client: Client, timeout_s: float) -> Service:
        return codec.service(client.ask("RDSERVICE", "/", timeout_s).body)

    def _words(self, found: Response) -> str:
        return f"{self._where}: error {found.code} {found.words}".rstrip()
