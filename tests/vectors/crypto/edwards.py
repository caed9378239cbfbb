"""Ed25519 on Python's integers, and the rows of ed25519.txt.

The curve has eight points of small order. They are added to keys and to R where the equations that verifiers use (with
cofactor or without, with the hash reduced or not) then differ.
"""

import hashlib

from draw import draw, draw_bytes, hexed

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)

# ---- the curve: points are (x, y); inside a multiplication, (x, y, z, xy) times z


def add_extended(left, right):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = left, right
    a, b = (y1 - x1) * (y2 - x2), (y1 + x1) * (y2 + x2)
    c, d = 2 * D * t1 * t2, 2 * z1 * z2
    e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def extended(point):
    return *point, 1, point[0] * point[1]


def affine(point):
    inverse = pow(point[2], -1, P)
    return point[0] * inverse % P, point[1] * inverse % P


def add(left, right):
    return affine(add_extended(extended(left), extended(right)))


def multiply(number, point):
    total, term = extended((0, 1)), extended(point)
    for bit in bin(number)[2:]:
        total = add_extended(total, total)
        if bit == "1":
            total = add_extended(total, term)
    return affine(total)


def negative(point):
    return -point[0] % P, point[1]


def point_of_y(y):
    """The point with this y and an even x, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    return (x if x % 2 == 0 else P - x, y) if x * x % P == square else None


def encode(point, more_y=0, flip=0):
    """The encoding; or with `more_y` added to y, or the sign of x flipped."""
    return ((point[1] + more_y) | (point[0] % 2 ^ flip) << 255).to_bytes(32, "little")


G = point_of_y(4 * pow(5, -1, P) % P)
EIGHTH = next(
    point for point in (multiply(L, point_of_y(y)) for y in range(2, 99) if point_of_y(y)) if multiply(4, point) != (0, 1)
)
SMALL = [multiply(number, EIGHTH) for number in range(8)]

# Name, place in SMALL and bytes of each encoding that a lax decoder takes: the right ones, then those with a y that is not
# below the prime, with the sign of an x that is zero, or with both.
ENCODINGS = [(f"small-order-{number}", number, encode(point)) for number, point in enumerate(SMALL)]
ENCODINGS += [
    (f"small-order-{number}-plus-{'p' if more else '0'}{'-flipped' if flip else ''}", number, encode(point, more, flip))
    for number, point in enumerate(SMALL)
    for more in (0, P)
    for flip in (0, 1)
    if (more or flip) and point[1] + more < 2**255 and (flip == 0 or point[0] == 0)
]

# ---- signatures


def challenge(r, key, message):
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little")


def private_key(label):
    return draw(f"ed25519 {label}", L)


def message_for(r, key, wanted):
    """The first message of a series whose challenge is as wanted."""
    return next(m for m in (b"message %d" % number for number in range(9999)) if wanted(challenge(r, key, m)))


def row(name, verdict, message, r, s, given=""):
    """A row; with a `given` challenge, the message is of no meaning."""
    return f"{name} {verdict} {hexed(message)} {hexed(r)}{s.to_bytes(32, 'little').hex()} {given}".rstrip()


def signature(private, message, label):
    """R and s as anybody makes them, but for where the secret number comes from."""
    number = draw(f"r of {label}", L)
    r = encode(multiply(number, G))
    return r, (number + challenge(r, encode(multiply(private, G)), message) * private) % L


def standard_rows():
    """RFC 8032, 7.1: secret key to signature, from the secret keys and messages alone."""
    tests = {
        "rfc-8032-test-1": ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", b""),
        "rfc-8032-test-2": ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", b"\x72"),
        "rfc-8032-test-3": ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", b"\xaf\x82"),
        "rfc-8032-test-sha-abc": (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42", hashlib.sha512(b"abc").digest()
        ),
    }
    for name, (seed, message) in tests.items():
        digest = hashlib.sha512(bytes.fromhex(seed)).digest()
        private = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
        key = encode(multiply(private, G))
        number = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little") % L
        r = encode(multiply(number, G))
        yield f"key {hexed(key)}"
        yield row(name, "valid", message, r, (number + challenge(r, key, message) * private) % L)


def ordinary_rows():
    private = private_key("ordinary")
    key = encode(multiply(private, G))
    yield f"key {hexed(key)}"
    for size in (0, 1, 31, 32, 47, 48, 63, 64, 65, 111, 112, 127, 128, 200):
        message = draw_bytes(f"message of {size}", size)
        yield row(f"{size}-bytes", "valid", message, *signature(private, message, f"{size} bytes"))
    message = b"ordinary"
    r, s = signature(private, message, "ordinary")
    yield row("other-message", "invalid", b"Ordinary", r, s)
    yield row("empty-message", "invalid", b"", r, s)
    for multiple in (1, 2, 3, 4, 8, 15):
        if s + multiple * L < 2**256:
            yield row(f"s-plus-{multiple}L", "invalid", message, r, s + multiple * L)
    for bit in (253, 254, 255):
        yield row(f"s-plus-2-to-the-{bit}", "invalid", message, r, s + 2**bit)
    yield row("negative-s", "invalid", message, r, L - s)
    for bit in (0, 7, 8, 63, 127, 252, 253):
        yield row(f"bit-{bit}-of-s", "invalid", message, r, s ^ 1 << bit)
    number = draw("r of flipped bits", L)
    for bit in (0, 7, 8, 63, 127, 253, 254, 255):  # the signature is right for these bytes, but they are not the point's
        r = (int.from_bytes(encode(multiply(number, G)), "little") ^ 1 << bit).to_bytes(32, "little")
        yield row(f"bit-{bit}-of-r", "invalid", message, r, (number + challenge(r, key, message) * private) % L)
    numbers = {"0": 0, "1": 1, "L-1": L - 1, "L": L, "L+1": L + 1, "2^252": 2**252, "p": P, "2^255": 2**255, "max": 2**256 - 1}
    for r_name, special_r in numbers.items():
        for s_name in ("0", "L-1", "L"):
            yield row(f"r={r_name},s={s_name}", "invalid", message, special_r.to_bytes(32, "little"), numbers[s_name])


def limit_rows():
    """Largest and smallest s that a signature happened to have, against bounds that look at its highest byte only."""
    private = private_key("limits")
    yield f"key {hexed(encode(multiply(private, G)))}"
    for name, low, high in (("below-2-to-the-252", 2**252 - 2**245, 2**252), ("tiny", 0, 2**245)):
        for number in range(9999):
            r, s = signature(private, b"limits", f"limits {number}")
            if low <= s < high:
                yield row(f"s-{name}", "valid", b"limits", r, s)
                yield row(f"s-{name}-plus-L", "invalid", b"limits", r, s + L)
                break


def small_key_rows():
    """Keys of small order: any s is a signature of a message for which challenge * key vanishes."""
    number = draw("r of small keys", L)
    r = encode(multiply(number, G))
    for name, place, key in ENCODINGS:
        yield f"key {hexed(key)}"
        message = message_for(r, key, lambda hashed, place=place: hashed % L * place % 8 == 0)
        yield row(f"key-of-{name}", "invalid", message, r, number)
    key = encode(SMALL[0])
    yield f"key {hexed(key)}"
    yield row("key-and-r-neutral", "invalid", b"anything", key, 0)


def small_r_rows():
    """R of small order: [s]B - [k]A is the neutral point, which an R of small order equals up to the cofactor."""
    private = private_key("small R")
    key = encode(multiply(private, G))
    yield f"key {hexed(key)}"
    for name, _, r in ENCODINGS:
        yield row(f"r-of-{name}", "invalid", b"small", r, challenge(r, key, b"small") * private % L)


def mixed_rows():
    """Keys and R with a part of small order, which is no reason to refuse, under the equation without cofactor."""
    private, number = private_key("mixed"), draw("r of mixed", L)
    pure = multiply(number, G)
    pure_key = multiply(private, G)
    for order, part in ((2, SMALL[4]), (4, SMALL[2]), (8, EIGHTH)):
        key, r = encode(add(pure_key, part)), encode(pure)
        yield f"key {hexed(key)}"
        for name, verdict, wanted in (
            ("vanishing", "valid", lambda k, n=order: k % L % n == 0),
            ("staying", "invalid", lambda k, n=order: k % L % n != 0),
            ("vanishing-only-if-not-reduced", "invalid", lambda k, n=order: k % L % n != 0 and k % n == 0),
            ("vanishing-only-if-reduced", "valid", lambda k, n=order: k % L % n == 0 and k % n != 0),
        ):
            message = message_for(r, key, wanted)
            yield row(f"key-with-order-{order}-{name}", verdict, message, r, (number + challenge(r, key, message) * private) % L)
        r = encode(add(pure, negative(part)))
        message = message_for(r, key, lambda k, n=order: k % L % n == 1)
        yield row(f"key-and-r-with-order-{order}", "valid", message, r, (number + challenge(r, key, message) * private) % L)
        key, r = encode(pure_key), encode(add(pure, part))
        yield f"key {hexed(key)}"
        yield row(f"r-with-order-{order}", "invalid", b"mixed", r, (number + challenge(r, key, b"mixed") * private) % L)


def given_challenge_rows():
    """What no hash leads to: scalars of 253 bits, and keys that do not count in the sum, as their factor is zero."""
    minus_one = (L - 1).to_bytes(32, "little").hex()
    yield f"key {hexed(encode(G))}"
    yield row("s=L-1,challenge=0", "valid", b"", encode(negative(G)), L - 1, "00")
    yield row("s=0,challenge=L-1", "valid", b"", encode(G), 0, minus_one)
    yield row("s=2^252,challenge=L-1", "valid", b"", encode(multiply(2**252 + 1, G)), 2**252, minus_one)
    yield row("s=1,challenge=L", "valid", b"", encode(G), 1, L.to_bytes(32, "little").hex())
    yield row("s=1,challenge=max", "valid", b"", encode(multiply((1 - (2**512 - 1)) % L, G)), 1, "ff" * 64)
    for y in (*range(2, 14), 43, 44, 75, 76, 77, P - 2, P - 3, *range(P + 2, P + 19)):
        name = f"p{y - P:+}" if y > 99 else y
        verdict = "valid" if y < P and point_of_y(y) else "invalid"
        for flip in (0, 1) if y == 3 else (0,):
            yield f"key {hexed((y | flip << 255).to_bytes(32, 'little'))}"
            yield row(f"key-with-y={name}{'-odd' if flip else ''}", verdict, b"", encode(G), 1, "00")


def ed25519_rows():
    for rows in (standard_rows, ordinary_rows, limit_rows, small_key_rows, small_r_rows, mixed_rows, given_challenge_rows):
        yield from rows()
