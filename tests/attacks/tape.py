"""Somebody on the wire between a terminal and its sensor, with a recorder: what passed is kept, and played again."""

import contextlib
import socket
import threading
from collections import defaultdict


class Tap:
    """On the line to a serial sensor that answers when it is asked. It records, or plays what it recorded instead.

    `where` is what the terminal opens. A question and its answer belong together; the n-th time the same is asked, the
    n-th answer is played, and the last one from then on.
    """

    def __init__(self, sensor: str) -> None:
        self._sensor = sensor
        self._lock = threading.Lock()
        self._tape: dict[bytes, list[bytes]] = defaultdict(list)
        self._played: dict[bytes, int] = defaultdict(int)
        self._recording, self._playing = False, False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.where = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._lines: list[socket.socket] = []
        self._door = threading.Thread(target=self._accept, name="tap", daemon=True)
        self._door.start()

    def record(self) -> None:
        with self._lock:
            self._tape.clear()
            self._recording, self._playing = True, False

    def stop(self) -> int:
        """The sensor is heard again; returns how many bytes are on the tape."""
        with self._lock:
            self._recording = self._playing = False
            return sum(len(answer) for answers in self._tape.values() for answer in answers)

    def play(self) -> None:
        """From the beginning."""
        with self._lock:
            self._recording, self._playing = False, True
            self._played.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._door.join()  # nobody is let in any more
        for one in (self._server, *self._lines):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                terminal, _ = self._server.accept()
                self._lines.append(terminal)
                host, port = self._sensor.removeprefix("socket://").split(":")
                sensor = socket.create_connection((host, int(port)))
                self._lines.append(sensor)
                question = Question()
                for work in (self._ask, self._answer):
                    threading.Thread(target=work, args=(terminal, sensor, question), daemon=True).start()

    def _ask(self, terminal: socket.socket, sensor: socket.socket, question: "Question") -> None:
        with contextlib.suppress(OSError):
            while asked := terminal.recv(4096):
                with self._lock:
                    question.asked = asked
                    if self._recording:
                        self._tape[asked].append(b"")
                    answers = self._tape.get(asked, []) if self._playing else []
                    if answers:
                        at = min(self._played[asked], len(answers) - 1)
                        self._played[asked] += 1
                        terminal.sendall(answers[at])
                        continue
                sensor.sendall(asked)

    def _answer(self, terminal: socket.socket, sensor: socket.socket, question: "Question") -> None:
        with contextlib.suppress(OSError):
            while answer := sensor.recv(65536):
                with self._lock:
                    if self._recording and self._tape.get(question.asked):
                        self._tape[question.asked][-1] += answer
                terminal.sendall(answer)


class Question:
    """What was asked last on one line."""

    asked = b""
