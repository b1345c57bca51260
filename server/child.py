"""A command of ours that runs beside us: begun again whenever it ends, and ended with us, however we end."""

import os
import subprocess
import threading
from collections.abc import Sequence

from server import StartError, leash
from server.threads import Rounds

_AGAIN_S = 1.0
_STOP_S = 5.0


class Child(Rounds):
    """`start`, then `stop` once. One thread owns the process from birth to death (see server.leash). It says "ready …"
    on its stdout when it is; what it logs goes where ours goes."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        super().__init__(name, _AGAIN_S)
        self._command = leash.tied(command)
        self._birth = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    @property
    def missing(self) -> bool:
        """Did it end, and is it not ready again?"""
        return self._ended

    @property
    def pid(self) -> int | None:
        """None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def round(self) -> None:
        """One life of it. Raises StartError when it ended otherwise than in good order."""
        with self._birth:
            if self.stopping.is_set():
                return
            try:
                process = self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            except OSError as error:
                self._ended = True
                raise StartError(f"{self._command[0]}: {os.strerror(error.errno or 0)}") from None
        with process:
            for line in process.stdout or ():
                if line.startswith("ready"):
                    self._ended = False
        self._ended = True
        if process.returncode and not self.stopping.is_set():
            raise StartError(f"it ended with exit code {process.returncode}")

    def stop(self) -> None:
        with self._birth:
            self.stopping.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        super().stop()
