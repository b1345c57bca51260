"""The three kinds of protobuf field an ONNX file is made of, written by hand. Pure.

Encoding: developers.google.com/protocol-buffers, "Encoding"; numbers are unsigned here, ONNX needs no others.
"""


def varint(number: int) -> bytes:
    """`number` (0 or more) in base 128, least significant group first."""
    if number < 0:
        raise ValueError(f"{number} is negative")
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """A whole number as field `field`."""
    return varint(field << 3) + varint(value)


def data(field: int, value: bytes | str) -> bytes:
    """Bytes, text or an embedded message as field `field`."""
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content
