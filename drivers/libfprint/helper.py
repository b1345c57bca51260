"""libfprint for the driver: runs on the interpreter that Debian's introspection belongs to, in a process of its own.

Standard library and GObject introspection alone; see codec.py for what it says on its standard output and is told on
its standard input. It ends when that is closed.
"""

import base64
import importlib
import json
import os
from typing import Any


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # what the library prints is no answer
    try:
        gi = importlib.import_module("gi")
        gi.require_version("FPrint", "2.0")
        glib = importlib.import_module("gi.repository.GLib")
        gio = importlib.import_module("gi.repository.Gio")
        fprint = importlib.import_module("gi.repository.FPrint")
    except (ImportError, ValueError) as error:
        _write(out, _line({"is": "failed", "kind": "missing", "text": str(error)}))
        return
    Helper(fprint, glib, gio, out).run()


class Helper:
    """One reader and at most one thing under way with it."""

    def __init__(self, fprint: Any, glib: Any, gio: Any, out: int) -> None:
        self._fprint, self._glib, self._gio, self._out = fprint, glib, gio, out
        self._loop = glib.MainLoop()
        self._context: Any = None
        self._device: Any = None
        self._cancel: Any = None
        self._next: dict[str, Any] | None = None  # what to do when the cancelled has ended
        self._doing = ""
        self._timer = 0
        self._prints: list[Any] = []
        self._rest = b""

    def run(self) -> None:
        self._glib.io_add_watch(0, self._glib.PRIORITY_DEFAULT, self._glib.IO_IN | self._glib.IO_HUP, self._hear)
        self._loop.run()
        if self._device is not None and self._device.is_open():
            self._stop()
            while self._doing:
                self._loop.get_context().iteration(True)
            self._device.close_sync(None)

    def _hear(self, *_: object) -> bool:
        try:
            data = os.read(0, 65536)
        except OSError:  # an error in here would be printed and passed over
            data = b""
        if not data:
            self._loop.quit()
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        return True

    def _do(self, wanted: dict[str, Any]) -> None:
        try:
            match wanted["do"]:
                case "open":
                    self._open(str(wanted["device"]), bool(wanted["match"]))
                case "cancel":
                    self._stop()
                    if not self._doing:
                        self._say({"is": "idle"})
                case doing if doing == self._doing and doing != "match" and not self._cancel.is_cancelled():
                    self._wait_for(wanted)  # goes on
                case _ if self._doing:
                    self._next = wanted
                    self._stop()
                case "capture":
                    self._start(wanted)
                    self._device.capture(True, self._cancel, self._captured)
                case "enrol":
                    self._start(wanted)
                    template = self._fprint.Print.new(self._device)
                    self._device.enroll(template, self._cancel, self._staged, (), self._enrolled)
                case "match":
                    self._prints = [self._print(one) for one in wanted["prints"]]
                    self._start(wanted)
                    self._match(self._prints)
        except self._glib.Error as error:
            self._fail(error)

    def _open(self, wanted: str, match: bool) -> None:
        self._context = self._fprint.Context()
        feature = self._fprint.DeviceFeature
        for device in self._context.get_devices():
            named = wanted in (device.get_driver(), device.get_name()) or wanted.lower() in device.get_name().lower()
            matches = device.has_feature(feature.VERIFY) or device.has_feature(feature.IDENTIFY)
            captures = device.has_feature(feature.CAPTURE)
            if (matches and (named or not captures)) if match else captures:
                if wanted != "any" and not named:
                    continue
                device.open_sync(None)
                self._device = device
                device.connect("removed", self._removed)
                about = {"name": device.get_name(), "driver": device.get_driver(), "id": device.get_device_id()}
                identify = device.has_feature(feature.IDENTIFY)
                self._say({"is": "open", **about, "stages": device.get_nr_enroll_stages(), "identify": identify})
                return
        self._say({"is": "failed", "kind": "absent", "text": ""})

    def _start(self, wanted: dict[str, Any]) -> None:
        self._doing, self._cancel = wanted["do"], self._gio.Cancellable()
        self._wait_for(wanted)

    def _wait_for(self, wanted: dict[str, Any]) -> None:
        """Be done with it when nobody asks any more: the light goes out."""
        self._forget_timer()
        self._timer = self._glib.timeout_add(int(1000 * wanted["for_s"]), self._waited)
        self._say({"is": "waiting"})

    def _waited(self) -> bool:
        self._timer = 0
        self._stop()
        return False

    def _forget_timer(self) -> None:
        if self._timer:
            self._glib.source_remove(self._timer)
            self._timer = 0

    def _stop(self) -> None:
        if self._cancel is not None:
            self._cancel.cancel()

    def _end(self) -> None:
        """Nothing is under way any more: what was asked for meanwhile begins."""
        self._forget_timer()
        cancelled = self._cancel is not None and self._cancel.is_cancelled()
        self._doing, self._cancel = "", None
        wanted, self._next = self._next, None
        if wanted is not None:
            self._do(wanted)
        elif cancelled:
            self._say({"is": "idle"})

    def _match(self, prints: list[Any]) -> None:
        if len(prints) > 1 and self._device.has_feature(self._fprint.DeviceFeature.IDENTIFY):
            self._device.identify(prints, self._cancel, None, (), self._identified)
        else:
            self._device.verify(prints[0], self._cancel, None, (), self._verified)

    def _captured(self, device: Any, result: Any, *_: object) -> None:
        try:
            image = device.capture_finish(result)
        except self._glib.Error as error:
            self._fail(error)
        else:
            raw = bytes(image.get_data())
            size = {"width": image.get_width(), "height": image.get_height(), "ppmm": image.get_ppmm()}
            self._say({"is": "image", **size, "bytes": len(raw)}, raw)
        self._end()

    def _staged(self, _device: Any, done: int, _print: Any, *rest: Any) -> None:
        error = rest[-1] if rest and isinstance(rest[-1], self._glib.Error) else None
        if error is not None:
            self._fail(error)
        elif done < self._device.get_nr_enroll_stages():
            self._say({"is": "stage", "done": done})

    def _enrolled(self, device: Any, result: Any, *_: object) -> None:
        try:
            raw = bytes(device.enroll_finish(result).serialize())
        except self._glib.Error as error:
            self._fail(error)
        else:
            self._say({"is": "print", "bytes": len(raw)}, raw)
        self._end()

    def _identified(self, device: Any, result: Any, *_: object) -> None:
        try:
            found, _print = device.identify_finish(result)
        except self._glib.Error as error:
            self._fail(error)
        else:
            at = next((n for n, one in enumerate(self._prints) if found is not None and found.equal(one)), None)
            self._say({"is": "matched", "at": at, "tried": len(self._prints)})
        self._end()

    def _verified(self, device: Any, result: Any, *_: object) -> None:
        try:
            same, _print = device.verify_finish(result)
        except self._glib.Error as error:
            self._fail(error)
        else:
            self._say({"is": "matched", "at": 0 if same else None, "tried": 1})
        self._end()

    def _removed(self, *_: object) -> None:
        self._say({"is": "failed", "kind": "gone", "text": ""})

    def _print(self, text: str) -> Any:
        return self._fprint.Print.deserialize(base64.b64decode(text))

    def _fail(self, error: Any) -> None:
        if error.matches(self._gio.io_error_quark(), self._gio.IOErrorEnum.CANCELLED):
            return
        if error.matches(self._fprint.device_retry_quark(), error.code):
            self._say({"is": "retry", "code": error.code})
            return
        ours = error.matches(self._fprint.device_error_quark(), error.code)
        kind = _KINDS.get(error.code, "other") if ours else "other"
        if error.matches(self._gio.io_error_quark(), self._gio.IOErrorEnum.INVALID_DATA):
            kind = "garbled"
        words = str(error.message).lower()
        if "permission" in words or "access" in words:
            kind = "denied"
        elif "busy" in words or "claim" in words:
            kind = "busy"
        elif "disconnected" in words or "no device" in words or "no such device" in words:
            kind = "gone"
        self._say({"is": "failed", "kind": kind, "text": str(error.message)[:200]})

    def _say(self, fields: dict[str, Any], raw: bytes = b"") -> None:
        try:
            _write(self._out, _line(fields) + raw)
        except OSError:
            self._loop.quit()


# FpDeviceError of libfprint 1.94.
_KINDS = {4: "busy", 5: "garbled", 6: "garbled", 7: "garbled", 8: "other", 9: "other", 256: "gone", 257: "hot"}


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _write(out: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]


if __name__ == "__main__":
    main()
