"""Images for tests/glitch: one good one, and the ways in which an image may be bad. The key is a test key, made of its name."""

import hashlib
import hmac
import struct

# ---- ECDSA over P-256, enough to sign test images; slow, and not for secrets -------------------------------------------------

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def add(left, right):
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if left == right else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def multiply(point, number):
    result = None
    while number:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def number_of(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big") % (N - 1) + 1


def public_key(name):
    x, y = multiply(G, number_of(name))
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sign(name, digest):
    """r and s; the nonce is made of key and digest, so that runs repeat."""
    nonce = int.from_bytes(hmac.digest(name.encode(), digest, "sha256"), "big") % (N - 1) + 1
    r = multiply(G, nonce)[0] % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * number_of(name)) % N
    return r, s


def der_of(numbers):
    parts = b""
    for number in numbers:
        value = number.to_bytes(number.bit_length() // 8 + 1, "big")
        parts += bytes([0x02, len(value)]) + value
    return bytes([0x30, len(parts)]) + parts


# ---- images (core/image/image.h) ---------------------------------------------------------------------------------------------

HEADER_SIZE = 32
SLOT_A = 0x08007000
OWN_KEY, OTHER_KEY = "glitch test key", "another glitch test key"
HARDWARE, COUNTER = "glitch-r1", 7
SPKI = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D03010703420004")
KEY_HASH = hashlib.sha256(SPKI + public_key(OWN_KEY)).digest()


def entry(kind, value):
    return struct.pack("<HH", kind, len(value)) + value


def content(*, nonce=0, hardware=HARDWARE, flags=0):
    """What is hashed and signed: a header, a program that loops, and protected TLVs."""
    vectors = struct.pack("<II", 0x20008000, (SLOT_A + HEADER_SIZE + 16) | 1)
    body = vectors + struct.pack("<II", nonce, 0) + b"\xfe\xe7" * 24
    protected = entry(0x50, struct.pack("<I", COUNTER)) + entry(0x55A0, hardware.encode())
    protected = struct.pack("<HH", 0x6908, 4 + len(protected)) + protected
    header = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, HEADER_SIZE, len(protected), len(body), flags, 1, 2, 3, 4, 0)
    return header + body + protected


def digest_of(data):
    return hashlib.sha256(data).digest()


def image(data=content(), *, digest=None, signature=None):
    """An image of that content; `digest` stands in its hash TLV, `signature` (r, s) in the signature's; () for none."""
    digest = digest or digest_of(data)
    entries = entry(0x10, digest) + entry(0x01, KEY_HASH)
    if signature != ():
        entries += entry(0x22, der_of(signature or sign(OWN_KEY, digest_of(data))))
    return data + struct.pack("<HH", 0x6907, 4 + len(entries)) + entries


def flip(data, offset):
    return data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]


RIGHT_DIGEST = digest_of(content())
RIGHT_SIGNATURE = sign(OWN_KEY, RIGHT_DIGEST)
CHANGED = flip(content(), HEADER_SIZE + 50)


# Each way of being bad: the image, and what the board knows besides (symbols of board.c). Whoever signs nothing can still
# choose what stands in the hash TLV (there a hash for which the signature is good), and try contents until some bytes fit.
BAD = {
    "content changed": (image(CHANGED, digest=RIGHT_DIGEST, signature=RIGHT_SIGNATURE), {}),
    "content changed, hash mended": (image(CHANGED, signature=RIGHT_SIGNATURE), {}),
    "signed by another key": (image(signature=sign(OTHER_KEY, RIGHT_DIGEST)), {}),
    "unsigned": (image(signature=()), {}),
    "signature of zeros": (image(signature=(0, 0)), {}),
    "signature with s = n": (image(signature=(1, N)), {}),
    "r right in two bytes": (image(content(nonce=169), signature=RIGHT_SIGNATURE), {}),
    "hash TLV changed": (image(digest=flip(RIGHT_DIGEST, 5)), {}),
    "low security counter": (image(), {"board_counter": struct.pack("<I", COUNTER + 1)}),
    "wrong hardware": (image(content(hardware="another-r1")), {}),
    "revoked key": (image(), {"board_revokes": struct.pack("<I", 1)}),
    "not bootable": (image(content(flags=0x10)), {}),
}
GOOD = (image(), {})
BOARD = {"board_public_key": public_key(OWN_KEY), "board_keys+8": KEY_HASH}
