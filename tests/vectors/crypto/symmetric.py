"""Rows of the hashes, HMAC, HKDF and AES-CTR: sizes about every border, counters about every carry."""

import hashlib
import hmac

from draw import draw_bytes, hexed

# ---- hashes


def hash_rows(name):
    block = hashlib.new(name).block_size
    border = block * 7 // 8  # where the length no longer fits into a block
    for size in (0, 1, 2, 3, 4, *(at + more for at in (border, block, block + border) for more in (-1, 0, 1))):
        message = draw_bytes(f"{name} of {size}", size)
        yield f"{size}-bytes valid {hexed(message)} {hexed(hashlib.new(name, message).digest())}"
    for byte in (0x00, 0x80, 0xFF):
        message = bytes([byte]) * (2 * block)
        yield f"all-{byte:02x} valid {hexed(message)} {hexed(hashlib.new(name, message).digest())}"
    yield f"rfc-6234-abc valid {hexed(b'abc')} {hexed(hashlib.new(name, b'abc').digest())}"


def hmac_rows():
    for key_size in (0, 1, 31, 32, 33, 63, 64, 65, 128, 200):
        key = draw_bytes(f"hmac key of {key_size}", key_size)
        yield f"key {hexed(key)}"
        for size in (0, 1, 32, 55, 56, 63, 64, 65) if key_size in (32, 64) else (0, 33, 64):
            message = draw_bytes(f"hmac of {size}", size)
            yield f"key-{key_size},message-{size} valid {hexed(message)} {hmac.new(key, message, 'sha256').hexdigest()}"


def hkdf(secret, info, size):
    """RFC 5869 without salt."""
    key = hmac.new(bytes(32), secret, "sha256").digest()
    out, last = b"", b""
    for number in range(1, size // 32 + 2):
        last = hmac.new(key, last + info + bytes([number]), "sha256").digest()
        out += last
    return out[:size]


def hkdf_rows():
    cases = [(32, b"MCUBoot_ECIES_v1", size) for size in (1, 16, 31, 32, 33, 48, 63, 64, 65, 80, 96, 97)]
    cases += [(32, draw_bytes(f"info of {size}", size), 48) for size in (0, 1, 15, 17, 31, 32, 33, 64, 100)]
    cases += [(size, b"MCUBoot_ECIES_v1", 48) for size in (1, 31, 33, 64, 65, 200)]
    for secret_size, info, size in cases:
        secret = draw_bytes(f"secret of {secret_size}", secret_size)
        yield f"key {hexed(secret)}"
        yield f"secret-{secret_size},info-{len(info)},out-{size} valid {hexed(info)} {hexed(hkdf(secret, info, size))}"
    yield f"key {'0b' * 22}"
    yield f"rfc-5869-test-3 valid - {hexed(hkdf(bytes([0x0B]) * 22, b'', 42))}"


# ---- AES (FIPS 197): a state is its 16 bytes, column after column


def times(left, right):
    """The product in AES's field."""
    product = 0
    for bit in range(8):
        product ^= left << bit if right >> bit & 1 else 0
    for bit in range(14, 7, -1):
        product ^= 0x11B << bit - 8 if product >> bit & 1 else 0
    return product


def make_s_box():
    box = []
    for value in range(256):
        inverse = next((other for other in range(256) if times(value, other) == 1), 0)
        spread = inverse ^ inverse << 1 ^ inverse << 2 ^ inverse << 3 ^ inverse << 4
        box.append((spread ^ spread >> 8) & 0xFF ^ 0x63)
    return bytes(box)


S_BOX = make_s_box()
DOUBLE = bytes(times(2, value) for value in range(256))


def round_keys(key):
    words = [key[at : at + 4] for at in range(0, len(key), 4)]
    length, factor = len(words), 1
    while len(words) < 4 * (length + 7):
        last = words[-1]
        if len(words) % length == 0:
            last = (last[1:] + last[:1]).translate(S_BOX)
            last = bytes([last[0] ^ factor]) + last[1:]
            factor = times(factor, 2)
        elif length > 6 and len(words) % length == 4:
            last = last.translate(S_BOX)
        words.append(xor(words[-length], last))
    joined = b"".join(words)
    return [joined[at : at + 16] for at in range(0, len(joined), 16)]


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def mix(column):
    whole = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(column[at] ^ whole ^ DOUBLE[column[at] ^ column[(at + 1) % 4]] for at in range(4))


def encrypt(keys, block):
    state = xor(block, keys[0])
    for number, key in enumerate(keys[1:], 1):
        state = bytes(state[5 * at % 16] for at in range(16)).translate(S_BOX)
        if number < len(keys) - 1:
            state = b"".join(mix(state[at : at + 4]) for at in range(0, 16, 4))
        state = xor(state, key)
    return state


def aes_ctr_rows():
    for key_size in (16, 32):
        key = draw_bytes(f"aes key of {key_size}", key_size)
        keys = round_keys(key)
        yield f"key {hexed(key)}"
        cases = [(0, size) for size in (0, 1, 15, 16, 17, 31, 32, 33, 256)]
        cases += [(16 * block, 48) for block in (1, 0xFF, 0xFFFE, 0xFFFFFF, 0x1000000, 0x7FFFFFF, 0xFFFFFFD)]
        cases += [(0xFFFFFFF0, 16), (0x12345670, 7)]
        cases += [(offset, size) for offset in (1, 15, 17, 0xFFFFFFEF) for size in (1, 16, 17)]
        for offset, size in cases:
            plain = draw_bytes(f"plaintext of {size}", size)
            blocks = range(offset // 16, (offset + size + 15) // 16)
            stream = b"".join(encrypt(keys, bytes(12) + block.to_bytes(4, "big")) for block in blocks)[offset % 16 :]
            name = f"key-{key_size},offset-{offset:x},{size}-bytes"
            yield f"{name} valid {hexed(offset, 4)} {hexed(plain)} {hexed(xor(plain, stream))}"
