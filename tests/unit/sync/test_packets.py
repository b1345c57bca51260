"""MQTT 3.1.1, packet by packet: written as the standard says, read however it is cut, refused where it is none."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from sync import WireError, packets
from sync.packets import Packets, Publication

PAYLOADS = st.binary(max_size=300) | st.sampled_from([b"x" * 16_400, b"x" * 2_097_200])


def test_packets_are_those_of_the_standard() -> None:
    assert packets.connect("t-1", 100).hex() == "100f00044d5154540402006400 03742d31".replace(" ", "")
    lasting = packets.connect("t-1", 20, clean=False, will=("a", b"gone"))
    assert lasting == b"\x10\x18\0\4MQTT\x04\x0c\0\x14\0\3t-1\0\1a\0\4gone"
    assert packets.subscribe(("a/#", "b")) == b"\x82\x0c\0\1\0\3a/#\1\0\1b\1"
    assert packets.publish("a", b"x") == b"\x30\4\0\1ax"
    assert packets.publish("a", b"x", mid=258, retain=True) == b"\x33\6\0\1a\1\2x"
    assert packets.puback(258) == b"\x40\2\1\2"


def test_another_client_writes_the_same() -> None:
    """paho-mqtt, told to write into a list."""
    written: list[bytes] = []
    other = Client(CallbackAPIVersion.VERSION2, "t-1", clean_session=False)
    other.will_set("hz1/t-1/u/b", b"gone", qos=1)
    other._packet_queue = lambda command, packet, *_: written.append(bytes(packet))  # type: ignore[method-assign,assignment]
    other._sock = socket.socket()
    other._send_connect(100)
    other._send_subscribe(False, [("hz1/t-1/d/#", 1)])  # type: ignore[list-item]
    other._send_publish(7, b"hz1/t-1/u/p", bytes(200), 1, False)
    other._send_puback(7)
    other._sock.close()
    other._sock = None
    assert written == [
        packets.connect("t-1", 100, clean=False, will=("hz1/t-1/u/b", b"gone")),
        packets.subscribe(("hz1/t-1/d/#",)),
        packets.publish("hz1/t-1/u/p", bytes(200), mid=7),
        packets.puback(7),
    ]


@given(st.lists(st.tuples(st.text("abc/", min_size=1), PAYLOADS, st.integers(0, 65535)), max_size=5), st.data())
def test_what_was_written_is_read_however_it_was_cut(said: list[tuple[str, bytes, int]], data: st.DataObject) -> None:
    stream = b"".join(packets.publish(topic, payload, mid=mid) for topic, payload, mid in said)
    reader = Packets()
    heard = []
    while stream:
        n = data.draw(st.integers(1, max(1, len(stream))))
        heard += reader.feed(stream[:n])
        stream = stream[n:]
    assert [packets.publication(*one) for one in heard] == [Publication(*one) for one in said]


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_waits_for_more(garbage: bytes) -> None:
    reader = Packets(limit=1000)
    try:
        for first, body in reader.feed(garbage):
            packets.publication(first, body)
    except WireError:
        pass


def test_a_packet_beyond_the_limit_is_refused_by_its_first_bytes() -> None:
    reader = Packets(limit=100)
    assert reader.feed(b"\x30\x64") == []
    with pytest.raises(WireError, match="more than the 100"):
        Packets(limit=100).feed(b"\x30\x65")
    with pytest.raises(WireError, match="four bytes"):
        Packets().feed(b"\x30\xff\xff\xff\xff")
    with pytest.raises(WireError, match="more than a packet can have"):
        packets.publish("a", bytes(0x1000_0000))
