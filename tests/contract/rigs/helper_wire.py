"""The pipes between libfprint's driver and its helper, with a wire to spoil in between.

The driver starts what it takes for Debian's interpreter: a stand-in, which carries bytes between its standard input and
output and a socket. Behind the wire the true helper is started, one after the other, with that socket as its own.
"""

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from drivers.libfprint.process import HELPER
from tests.contract.rigs.wire import UnixWire

_END_S = 5.0
_STAND_IN = """#!/usr/bin/python3 -IS
import os, select, socket
line = socket.socket(socket.AF_UNIX)
line.connect({path!r})
while True:
    for end in select.select([0, line], [], [])[0]:
        data = os.read(0, 65536) if end == 0 else line.recv(65536)
        if not data:
            raise SystemExit
        if end == 0:
            line.sendall(data)
        while end is line and data:
            data = data[os.write(1, data):]
"""


class HelperWire(UnixWire):
    """`python`: what the driver is to start. `environment`: of the true helper."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}
        self._helper: subprocess.Popen[bytes] | None = None
        self._calls = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._calls.bind(str(folder / "helper.sock"))
        self._calls.listen()
        self._started = threading.Thread(target=self._start, name="helpers", daemon=True)
        self._started.start()
        super().__init__(folder / "helper.sock", folder / "wire.sock")
        self.python = folder / "wired"
        self.python.write_text(_STAND_IN.format(path=str(self.where)))
        self.python.chmod(0o755)

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):
            self._calls.shutdown(socket.SHUT_RDWR)
        self._calls.close()
        self._started.join()
        self._end()

    def _start(self) -> None:
        """A helper for each call, when the last one has let go of its reader."""
        with contextlib.suppress(OSError):
            while True:
                call, _ = self._calls.accept()
                self._end()
                command = ["/usr/bin/python3", "-I", str(HELPER)]
                self._helper = subprocess.Popen(
                    command, stdin=call, stdout=call, stderr=subprocess.DEVNULL, env=self._environment
                )
                call.close()

    def _end(self) -> None:
        helper, self._helper = self._helper, None
        if helper is None:
            return
        try:
            helper.wait(_END_S)
        except subprocess.TimeoutExpired:
            helper.kill()
            helper.wait()
