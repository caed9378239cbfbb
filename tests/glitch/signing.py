"""Signs and encrypts test images, with keys made of their names: slow, and not for secrets. Everything is the same each time.

P-256 (ECDSA, ECDH), RSA-2048 (PSS), Ed25519, AES in counter mode: as little of each as images for tests/glitch need.
"""

import functools
import hashlib
import hmac


def expand(text, size):
    """That many bytes, made of a text."""
    return hashlib.shake_256(text.encode()).digest(size)


# ---- P-256 ---------------------------------------------------------------------------------------------------------------------

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


def multiply(plus, point, number, neutral=None):
    result = neutral
    while number:
        if number & 1:
            result = plus(result, point)
        point = plus(point, point)
        number >>= 1
    return result


def p256_private(name):
    return int.from_bytes(expand(name, 32), "big") % (N - 1) + 1


def p256_public(name):
    x, y = multiply(add, G, p256_private(name))
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def p256_shared(name, public):
    point = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    return multiply(add, point, p256_private(name))[0].to_bytes(32, "big")


def p256_sign(name, digest):
    """r and s; the nonce is made of key and digest."""
    nonce = int.from_bytes(hmac.digest(name.encode(), digest, "sha256"), "big") % (N - 1) + 1
    r = multiply(add, G, nonce)[0] % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * p256_private(name)) % N
    return r, s


def der_of(numbers):
    """A SEQUENCE of INTEGERs."""
    parts = b""
    for number in numbers:
        value = number.to_bytes(number.bit_length() // 8 + 1, "big")
        parts += b"\x02" + der_size(value) + value
    return b"\x30" + der_size(parts) + parts


def der_size(data):
    size = len(data)
    return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")


# ---- RSA-2048 ------------------------------------------------------------------------------------------------------------------

RSA_EXPONENT = 65537
RSA_SIZE = 256


def prime_from(text):
    number = int.from_bytes(expand(text, RSA_SIZE // 2), "big") | 3 << (RSA_SIZE * 4 - 2) | 1
    small = [divisor for divisor in range(3, 2000, 2) if pow(2, divisor - 1, divisor) == 1]
    while any(number % divisor == 0 for divisor in small) or pow(2, number - 1, number) != 1:
        number += 2
    return number


@functools.cache
def rsa_key(name):
    """Modulus and private exponent."""
    p, q = prime_from(name + " p"), prime_from(name + " q")
    return p * q, pow(RSA_EXPONENT, -1, (p - 1) * (q - 1))


def rsa_public(name):
    return rsa_key(name)[0].to_bytes(RSA_SIZE, "big") + RSA_EXPONENT.to_bytes(4, "big")


def mgf1(seed, size):
    blocks = (hashlib.sha256(seed + counter.to_bytes(4, "big")).digest() for counter in range((size + 31) // 32))
    return b"".join(blocks)[:size]


def rsa_sign(name, digest):
    """RSASSA-PSS (RFC 8017, 8.1.1); the salt is made of key and digest."""
    modulus, private = rsa_key(name)
    salt = hmac.digest(name.encode(), digest, "sha256")
    h = hashlib.sha256(bytes(8) + digest + salt).digest()
    db = bytes(RSA_SIZE - 2 - 32 - 32) + b"\x01" + salt
    masked = int.from_bytes(db, "big") ^ int.from_bytes(mgf1(h, len(db)), "big")
    masked &= (1 << (len(db) * 8 - 1)) - 1
    em = masked.to_bytes(len(db), "big") + h + b"\xbc"
    return pow(int.from_bytes(em, "big"), private, modulus).to_bytes(RSA_SIZE, "big")


# ---- Ed25519 (RFC 8032) --------------------------------------------------------------------------------------------------------

Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q
B = (15112221349535400772501151409588531511454012693041857206046113283949847762202, 4 * pow(5, -1, Q) % Q)


def ed_add(left, right):
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, Q)
    y3 = (y1 * y2 + x1 * x2) * pow(1 - product, -1, Q)
    return x3 % Q, y3 % Q


def ed_encode(number):
    x, y = multiply(ed_add, B, number, neutral=(0, 1))
    return (y | (x & 1) << 255).to_bytes(32, "little")


def ed_private(name):
    hashed = hashlib.sha512(expand(name, 32)).digest()
    return (int.from_bytes(hashed[:32], "little") & (1 << 254) - 8) | 1 << 254, hashed[32:]


def ed_public(name):
    return ed_encode(ed_private(name)[0])


def ed_sign(name, message):
    def number_of(*parts):
        return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L

    private, prefix = ed_private(name)
    nonce = number_of(prefix, message)
    r = ed_encode(nonce)
    s = (nonce + number_of(r, ed_public(name), message) * private) % L
    return r + s.to_bytes(32, "little")


# ---- AES (FIPS 197), encryption of blocks --------------------------------------------------------------------------------------


def times2(byte):
    return byte << 1 ^ (0x11B if byte & 0x80 else 0)


def make_box():
    box, value, inverse = [0x63] * 256, 1, 1
    for _ in range(255):
        value ^= times2(value)  # times 3
        for bits in (1, 2, 4):  # divided by 3
            inverse ^= inverse << bits
        inverse &= 0xFF
        inverse ^= 9 if inverse & 0x80 else 0
        turned = inverse * 0x101
        box[value] = (inverse ^ turned >> 7 ^ turned >> 6 ^ turned >> 5 ^ turned >> 4 ^ 0x63) & 0xFF
    return box


BOX = make_box()


def expand_key(key):
    words = [list(key[at : at + 4]) for at in range(0, len(key), 4)]
    count, power = len(words), 1
    while len(words) < 4 * (count + 7):
        word = words[-1]
        if len(words) % count == 0:
            word = [BOX[byte] for byte in word[1:] + word[:1]]
            word[0] ^= power
            power = times2(power)
        elif count == 8 and len(words) % 8 == 4:
            word = [BOX[byte] for byte in word]
        words.append([left ^ right for left, right in zip(words[-count], word)])
    flat = sum(words, [])
    return [flat[at : at + 16] for at in range(0, len(flat), 16)]


def mix(column):
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [column[row] ^ every ^ times2(column[row] ^ column[(row + 1) % 4]) for row in range(4)]


def encrypt_block(keys, block):
    state = [left ^ right for left, right in zip(block, keys[0])]
    for number, key in enumerate(keys[1:], 1):
        state = [BOX[state[(at + at % 4 * 4) % 16]] for at in range(16)]
        if number < len(keys) - 1:
            state = sum((mix(state[at : at + 4]) for at in range(0, 16, 4)), [])
        state = [left ^ right for left, right in zip(state, key)]
    return bytes(state)


def aes_ctr(key, data):
    """Encrypts or decrypts from block 0 on."""
    keys = expand_key(key)
    blocks = (encrypt_block(keys, number.to_bytes(16, "big")) for number in range((len(data) + 15) // 16))
    return bytes(left ^ right for left, right in zip(data, b"".join(blocks)))


# ---- ECIES as MCUboot has it (core/image/encrypted.h) ----------------------------------------------------------------------------


def ecies_wrap(name, image_key):
    """The value of TLV 0x32: the image key, wrapped for the owner of `name`."""
    ephemeral = name + " ephemeral"
    secret = p256_shared(ephemeral, p256_public(name))
    extracted = hmac.digest(bytes(32), secret, "sha256")
    derived, block = b"", b""
    while len(derived) < len(image_key) + 32:
        block = hmac.digest(extracted, block + b"MCUBoot_ECIES_v1" + bytes([len(derived) // 32 + 1]), "sha256")
        derived += block
    wrapped = aes_ctr(derived[: len(image_key)], image_key)
    tag = hmac.digest(derived[len(image_key) : len(image_key) + 32], wrapped, "sha256")
    return b"\x04" + p256_public(ephemeral) + tag + wrapped
