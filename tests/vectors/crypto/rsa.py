"""RSA keys that follow from labels, and the rows of rsa.txt: encoded messages with one thing wrong, then rightly signed.

The keys are test keys and their private parts are public: they are made here. Never sign a product with them.
"""

import hashlib
import math

from draw import draw, draw_bytes, hexed

STEPS_TO_PRIME = {
    (512, ""): 229, (512, "q"): 31, (1016, ""): 895, (1023, ""): 260,
    (1024, ""): 168, (1024, "q"): 364, (1536, ""): 1641, (1536, "q"): 2545,
}
DIGEST = hashlib.sha256(b"pss").digest()
SALT = draw_bytes("salt", 32)


def prime(bits, label=""):
    """The first prime that is 3 modulo 4 and good for all our exponents, from a drawn number of so many bits on; the product
    of two has all their bits, but not all the highest ones. The search takes seconds: how far it went is kept.
    """
    return (2**bits * 5 // 7 + draw(f"prime of {bits} {label}", 2**bits // 7) | 3) + 4 * STEPS_TO_PRIME[bits, label]


class Key:
    """Two primes and an exponent. `size` is what the verifier is told the modulus has."""

    def __init__(self, p, q, exponent, size):
        self.p, self.q, self.exponent, self.size = p, q, exponent, size
        self.modulus = p * q
        self.private = pow(exponent, -1, math.lcm(p - 1, q - 1))

    def line(self):
        return f"key {hexed(self.modulus, self.size)} {hexed(self.exponent, 4)}"

    def power(self, number):
        """The private operation, by the Chinese remainder theorem."""
        at_p, at_q = (pow(number, self.private % (prime - 1), prime) for prime in (self.p, self.q))
        return at_q + self.q * ((at_p - at_q) * pow(self.q, -1, self.p) % self.p)


def key_of(p, q, size):
    return Key(p, q, 65537, size)


# ---- the encoding (RFC 8017, 9.1.1), each part replaceable


def mask_of(seed, size, hash_name="sha256"):
    blocks = range(size // hashlib.new(hash_name).digest_size + 1)
    return b"".join(hashlib.new(hash_name, seed + block.to_bytes(4, "big")).digest() for block in blocks)[:size]


def encode(bits, digest=DIGEST, salt=SALT, **parts):
    """EM for `bits` bits. Parts: hash and mask (names), zeros (before the digest), padding, border, h and trailer (in place
    of what is right), top (bits that are set above those of EM), change (what happens to DB).
    """
    size = (bits + 7) // 8
    hash_name = parts.get("hash", "sha256")
    h = parts.get("h") or hashlib.new(hash_name, parts.get("zeros", bytes(8)) + digest + salt).digest()
    db_size = size - len(h) - 1
    padding = parts.get("padding", bytes(db_size - len(salt) - 1))
    db = parts.get("change", lambda data: data)(padding + parts.get("border", b"\1") + salt)
    masked = bytearray(a ^ b for a, b in zip(db, mask_of(h, db_size, parts.get("mask", "sha256"))))
    masked[0] = masked[0] & 0xFF >> 8 * size - bits | parts.get("top", 0)
    return bytes(masked) + h + parts.get("trailer", b"\xbc")


def flipped(data, place, bits=1):
    """The bytes with some bits of one byte flipped."""
    changed = bytearray(data)
    changed[place] ^= bits
    return bytes(changed)


def pkcs1(size):
    """The older encoding (RFC 8017, 9.2) of the digest."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") + DIGEST
    return b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info


def encodings(bits):
    """{name: (verdict, EM)} for a modulus of one bit more."""
    size = (bits + 7) // 8
    h = hashlib.sha256(bytes(8) + DIGEST + SALT).digest()
    padding = bytes(size - 66)
    valid = {
        "salt-of-zeros": encode(bits, salt=bytes(32)),
        "salt-of-ones": encode(bits, salt=b"\xff" * 32),
        "salt-that-begins-with-border": encode(bits, salt=b"\1" + bytes(31)),
    }
    wrong = {f"salt-of-{length}-bytes": encode(bits, salt=draw_bytes("other salt", length))
             for length in (0, 20, 31, 33, size - 34)}
    wrong |= {f"trailer-{value:02x}": encode(bits, trailer=bytes([value])) for value in (0x00, 0xBD, 0x3C)}
    wrong |= {f"hash-{name}": encode(bits, hashlib.new(name, b"pss").digest(), hash=name, mask=name)
              for name in ("sha1", "sha512")}
    wrong |= {f"mask-{name}": encode(bits, mask=name) for name in ("sha1", "sha224")}
    wrong |= {f"padding-byte-{place}": encode(bits, padding=flipped(padding, place, 0x40))
              for place in (0, len(padding) // 2, len(padding) - 1)}
    wrong |= {f"h-byte-{place}": encode(bits, h=flipped(h, place)) for place in (0, 31)}
    wrong |= {f"zeros-byte-{place}": encode(bits, zeros=flipped(bytes(8), place)) for place in (0, 7)}
    return {name: ("valid", em) for name, em in valid.items()} | {name: ("invalid", em) for name, em in (wrong | {
        "other-digest": encode(bits, flipped(DIGEST, 0)),
        "last-byte-of-digest": encode(bits, flipped(DIGEST, 31, 0x80)),
        "no-zeros": encode(bits, zeros=b""),
        "padding-of-ones": encode(bits, padding=b"\xff" * len(padding)),
        "padding-one-shorter": encode(bits, padding=padding[1:], border=b"\1\0"),
        "border-00": encode(bits, border=b"\0"),
        "border-02": encode(bits, border=b"\2"),
        "border-81": encode(bits, border=b"\x81"),
        "border-one-early": encode(bits, change=lambda db: db[1:] + b"\0"),
        "db-of-zeros": encode(bits, change=lambda db: bytes(len(db))),
        "h-of-zeros": encode(bits, h=bytes(32)),
        "h-of-ones": encode(bits, h=b"\xff" * 32),
        "no-mask": encode(bits, change=lambda db: bytes(a ^ b for a, b in zip(db, mask_of(h, len(db))))),
        "pkcs1": pkcs1(size),
    }).items()}


# ---- rows


def row(name, verdict, signature, size, digest=DIGEST):
    return f"{name} {verdict} {hexed(digest)} {hexed(signature, size)}"


def signed_row(key, name, verdict, em, digest=DIGEST):
    return row(name, verdict, key.power(int.from_bytes(em, "big")), key.size, digest)


def number_rows(key, bits):
    """Signatures that are wrong, or not reduced, as numbers."""
    signature = key.power(int.from_bytes(encode(bits), "big"))
    numbers = {"0": 0, "1": 1, "n-1": key.modulus - 1, "n": key.modulus, "n+1": key.modulus + 1, "max": 2 ** (8 * key.size) - 1}
    for name, number in (numbers | {"negative": key.modulus - signature, "next": signature + 1}).items():
        yield row(f"signature-{name}", "invalid", number, key.size)
    salts = [draw_bytes(f"salt {number}", 32) for number in range(99)]
    small = next(s for s in (key.power(int.from_bytes(encode(bits, salt=salt), "big")) for salt in salts)
                 if s + key.modulus < 2 ** (8 * key.size))
    high = next(em for em in (int.from_bytes(encode(bits, salt=salt, top=0x80), "big") for salt in salts) if em < key.modulus)
    yield row("highest-bit-of-encoded-message", "invalid", key.power(high), key.size)
    yield row("signature-small", "valid", small, key.size)
    yield row("signature-plus-modulus", "invalid", small + key.modulus, key.size)
    yield row("encoded-message-itself", "invalid", int.from_bytes(encode(bits), "big"), key.size)
    for bit in (0, 8 * key.size // 2, 8 * key.size - 2):
        yield row(f"bit-{bit}-of-signature", "invalid", signature ^ 1 << bit, key.size)
    yield row("bit-of-digest", "invalid", signature, key.size, flipped(DIGEST, 16))


def exponent_rows(p, q):
    """One modulus, several exponents; each signature is right under what the key says."""
    for exponent, verdict in ((3, "valid"), (17, "valid"), (0xFFFFFFFB, "valid"), (1, "invalid")):
        key = Key(p, q, exponent, 256)
        yield key.line()
        yield signed_row(key, f"exponent-{exponent}", verdict, encode(2047))
    yield f"key {hexed(p * q, 256)} {hexed(4, 4)}"
    ems = (int.from_bytes(encode(2047, salt=draw_bytes(f"square {number}", 32)), "big") for number in range(99))
    square = next(em for em in ems if all(pow(em, (factor - 1) // 2, factor) == 1 for factor in (p, q)))
    yield row("exponent-4", "invalid", square_root(square_root(square, p, q), p, q), 256)
    yield f"key {hexed(p * q, 256)} {hexed(0, 4)}"
    yield row("exponent-0", "invalid", int.from_bytes(encode(2047), "big"), 256)


def square_root(square, p, q):
    """The roots modulo each prime that are squares themselves, put together."""
    at_p, at_q = (pow(square, (factor + 1) // 4, factor) for factor in (p, q))
    return at_q + q * ((at_p - at_q) * pow(q, -1, p) % p)


def modulus_rows(p):
    """Moduli that have not just 2048 bits, or are even; each signature is right under what the key says."""
    for bits in (2040, 2047):
        key = Key(p, prime(bits - 1024), 65537, 256)
        assert key.modulus.bit_length() == bits
        yield key.line()
        yield signed_row(key, f"modulus-of-{bits}-bits", "invalid", encode(bits - 1))
        yield signed_row(key, f"modulus-of-{bits}-bits-as-if-2040", "invalid", encode(2039))
    modulus = 2 * key.modulus
    yield f"key {hexed(modulus, 256)} {hexed(65537, 4)}"
    yield row("modulus-even", "invalid", pow(int.from_bytes(encode(2047), "big"), key.private, modulus), 256)
    for name, modulus in (("zero", 0), ("one", 1)):
        yield f"key {hexed(modulus, 256)} {hexed(65537, 4)}"
        yield row(f"modulus-{name}", "invalid", 0, 256)
    key = Key(prime(512), prime(512, "q"), 65537, 128)
    yield key.line()
    yield signed_row(key, "modulus-of-1024-bits", "invalid", encode(1023))


def rsa_rows():
    key = Key(prime(1024), prime(1024, "q"), 65537, 256)
    yield key.line()
    for name, (verdict, em) in encodings(2047).items():
        yield signed_row(key, name, verdict, em)
    yield from number_rows(key, 2047)
    yield from exponent_rows(key.p, key.q)
    yield from modulus_rows(key.p)
    key = Key(prime(1536), prime(1536, "q"), 65537, 384)
    yield key.line()
    wanted = ("salt-of-zeros", "salt-of-31-bytes", "salt-of-33-bytes", "trailer-bd", "padding-byte-0", "border-02",
              "other-digest", "hash-sha512", "mask-sha1", "pkcs1", "signature-n", "signature-small",
              "signature-plus-modulus", "highest-bit-of-encoded-message", "encoded-message-itself")
    rows = [signed_row(key, name, verdict, em) for name, (verdict, em) in encodings(3071).items()]
    yield from ("3072-" + line for line in (*rows, *number_rows(key, 3071)) if line.split()[0] in wanted)
