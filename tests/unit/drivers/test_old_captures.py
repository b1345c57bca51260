"""Recorded sessions of old machines, replayed from both ends. this file, run, records those of pyzk.

A capture's lines: `#` its origin, `>` what the client sent, `<` what the machine answered; ZK packets in hex without
the eight bytes in front that TCP carries, HTTP as text with its line ends escaped.
"""

import contextlib
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from drivers import ProtocolError
from drivers.adms import codec as adms
from drivers.zk import codec
from drivers.zk.codec import Command
from drivers.zk.machine import FIRMWARES, Line, Machine

FOLDER = Path(__file__).parents[2] / "captures"
VARIANTS = ("tcp40", "udp8", "udp16", "commkey")
NOON = datetime(2026, 4, 1, 12, 0, 0)  # noqa: DTZ001 - wall time of a machine
HEAD = (
    "# pyzk 0.9 against the simulator of drivers.zk, variant {}; no real device. connect, serial number, firmware,\n"
    "# time, users, attendance, disconnect.\n"
)


def machine(variant: str) -> Machine:
    made = Machine(FIRMWARES[variant], lambda: NOON)
    for n, badge in enumerate(("17", "4", "17")):
        made.punch(badge, n % 2, when=datetime(2026, 4, 1, 9, n, 0))  # noqa: DTZ001
    return made


def lines(path: Path) -> list[tuple[str, bytes]]:
    rows = [line.split(" ", 1) for line in path.read_text().splitlines() if line[0] in "<>"]
    return [(side, bytes.fromhex(data)) for side, data in rows]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_machine_answers_the_recorded_client_with_the_recorded_bytes(variant: str) -> None:
    path = FOLDER / "zk" / f"pyzk-{variant}.txt"
    assert path.read_text().startswith(HEAD.format(variant))
    made, line = machine(variant), Line(udp=variant.startswith("udp"))
    answers: list[bytes | None] = []
    for side, data in lines(path):
        if side == ">":
            assert not [a for a in answers if a]
            answers = made.answer(data, line)
        else:
            assert answers.pop(0) == data


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_recorded_packet_is_whole_and_the_log_in_it_is_read(variant: str) -> None:
    packets = [(side, *codec.decode(data)) for side, data in lines(FOLDER / "zk" / f"pyzk-{variant}.txt")]
    assert all(whole for _, _, whole in packets)
    tables = [packet.data for side, packet, _ in packets if side == "<" and packet.command == Command.DATA]
    badges = codec.users(tables[0], 2)
    found = codec.entries(tables[-1], 3, badges)
    assert [(e.badge, codec.unpack_time(e.when).minute) for e in found] == [("17", 0), ("4", 1), ("17", 2)]


def test_the_recorded_pushes_are_what_they_say() -> None:
    text = (FOLDER / "adms" / "push.txt").read_text()
    requests = [line[2:].encode().decode("unicode_escape") for line in text.splitlines() if line.startswith("> ")]
    calls = [adms.call(*request.split(" ", 2)[:2]) for request in requests]
    assert [type(call).__name__ for call in calls] == ["Handshake", "Attendance", "Rows", "Poll", "Results", "Other"]
    found, bad = adms.rows(requests[1].split("\n\n", 1)[1].encode())
    assert ([(row.pin, row.how, row.state) for row in found], bad) == ([("17", "1", "0"), ("4", "15", "1")], 0)
    assert adms.results(requests[4].split("\n\n", 1)[1].encode()) == {1: 0}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_recorded_session_cut_anywhere_is_packets_or_a_protocol_error(variant: str) -> None:
    for _, data in lines(FOLDER / "zk" / f"pyzk-{variant}.txt"):
        for cut in range(len(data)):
            with contextlib.suppress(ProtocolError):
                assert not codec.decode(data[:cut])[1] or cut >= codec.HEAD_BYTES


def record(variant: str) -> None:
    """Have pyzk talk to the simulator, and write down what passes."""
    from zk import ZK

    said: list[str] = []

    class Heard(Machine):
        def answer(self, raw: bytes, line: Line) -> list[bytes | None]:
            answers = super().answer(raw, line)
            said.append("> " + raw.hex())
            said.extend("< " + answer.hex() for answer in answers if answer)
            return answers

    from drivers.zk.sim import ZkSim

    made = Heard(FIRMWARES[variant], lambda: NOON)
    made.entries, made.users = machine(variant).entries, machine(variant).users
    with closing(ZkSim(made)) as sim:
        udp = variant.startswith("udp")
        client = ZK("127.0.0.1", sim.port, 5, made.firmware.key, force_udp=udp, ommit_ping=True)
        client.connect()
        for ask in ("get_serialnumber", "get_firmware_version", "get_time", "get_users", "get_attendance"):
            getattr(client, ask)()
        client.disconnect()
    (FOLDER / "zk" / f"pyzk-{variant}.txt").write_text(HEAD.format(variant) + "\n".join(said) + "\n")


if __name__ == "__main__":
    for name in VARIANTS:
        record(name)
