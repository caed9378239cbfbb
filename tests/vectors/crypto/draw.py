"""Numbers and bytes that look random and follow from a label alone, and how rows write them."""

import hashlib


def draw_bytes(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def draw(label, below):
    """A number from 1 to below - 1."""
    return 1 + int.from_bytes(draw_bytes(label, 128), "big") % (below - 1)


def hexed(value, size=None):
    """Bytes, or a number in `size` bytes big-endian, as a field of a row."""
    data = value if isinstance(value, bytes) else value.to_bytes(size, "big")
    return data.hex() or "-"
