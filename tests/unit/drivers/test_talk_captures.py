"""What independent software and our pretended devices once said to each other, said again, byte for byte."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from drivers.camera import NET_VARIANTS, rtp
from drivers.camera.sim import CameraSimulation
from drivers.entry import Stage
from drivers.modem import at
from drivers.modem.at import Answer, Conversation
from drivers.modem.sim import ModemSimulation
from drivers.ports import SerialPort

CAPTURES = Path(__file__).parents[2] / "captures"


def turns(name: str) -> Iterator[tuple[bytes, bytes]]:
    """(what the software said, what the device answered)."""
    asked = b""
    for line in (CAPTURES / name).read_text().splitlines():
        way, _, data = line.partition(" ")
        if way == ">":
            asked = bytes.fromhex(data)
        elif way == "<":
            yield asked, bytes.fromhex(data)


def test_a_modem_answers_gammu_as_it_did() -> None:
    talk = list(turns("modem/gammu-sim800.hex"))
    assert len(talk) > 50
    with closing(ModemSimulation(Stage(pacing=False))) as sim, closing(SerialPort(sim.where, 115200)) as port:
        sim.do("time 26/11/22,05:45:12+22")
        port.open()
        for asked, answered in talk:
            port.write(asked)
            got = b""
            while len(got) < len(answered) and (more := port.read(len(answered) - len(got), 5)):
                got += more
            assert got == answered, asked


def test_every_answer_that_gammu_got_is_one_to_us() -> None:
    answers = {}
    for asked, answered in turns("modem/gammu-sim800.hex"):
        command = asked.decode().strip()
        answer = Conversation(command).feed(answered)
        assert isinstance(answer, Answer), command
        if answer.fine:
            answers[command] = answer
    assert at.registration(answers["AT+CREG?"], "CREG") in at.REGISTERED
    assert str(at.network_time(answers["AT+CCLK?"])) == "2026-11-22 00:15:12+00:00"


def test_a_camera_answers_ffmpeg_as_it_did() -> None:
    sim = CameraSimulation(Stage(tcp="127.0.0.1:0", variant="rtsp", pacing=False), NET_VARIANTS)
    with closing(sim), socket.create_connection(("127.0.0.1", sim.port)) as line:
        line.settimeout(5)
        for asked, answered in turns("camera/ffmpeg-rtsp.hex"):
            line.sendall(asked)
            got = b""
            while len(got) < len(answered):
                got += line.recv(len(answered) - len(got))
            assert got == answered
        sim.do("frame")
        assert line.recv(2) == b"$\0", "and then a packet, interleaved"
    described = [answer for _, answer in turns("camera/ffmpeg-rtsp.hex") if b"application/sdp" in answer]
    assert described[0].endswith(rtp.describe("127.0.0.1").encode())
