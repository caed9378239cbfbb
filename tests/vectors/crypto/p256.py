"""P-256 on Python's integers, and the rows of ecdsa.txt and ecdh.txt.

Most signatures here were never made with a private key: u1, u2 and a key (or the point R and s) are chosen first, so that the
verifier walks into the corner in question, and digest, r and s (or the key) are what fits them.
"""

import hashlib

from draw import draw, hexed

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

# ---- the curve: points are (x, y), None is the point at infinity; b is in no formula, so that points off the curve add, too


def double(point):
    x, y, z = point
    a = 3 * (x - z * z) * (x + z * z) % P
    b = 4 * x * y * y % P
    x3 = (a * a - 2 * b) % P
    return x3, (a * (b - x3) - 8 * y**4) % P, 2 * y * z % P


def add_jacobian(left, right):
    if left[2] == 0 or right[2] == 0:
        return right if left[2] == 0 else left
    (x1, y1, z1), (x2, y2, z2) = left, right
    u1, u2 = x1 * z2 * z2 % P, x2 * z1 * z1 % P
    s1, s2 = y1 * z2**3 % P, y2 * z1**3 % P
    if u1 == u2:
        return double(left) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    x3 = (r * r - h**3 - 2 * u1 * h * h) % P
    return x3, (r * (u1 * h * h - x3) - s1 * h**3) % P, h * z1 * z2 % P


def jacobian(point):
    return (1, 1, 0) if point is None else (*point, 1)


def affine(point):
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P


def add(left, right):
    return affine(add_jacobian(jacobian(left), jacobian(right)))


def multiply(number, point):
    total, term = (1, 1, 0), jacobian(point)
    for bit in bin(number % N)[2:]:
        total = double(total)
        if bit == "1":
            total = add_jacobian(total, term)
    return affine(total)


def point_of_x(x):
    """The point with this x and an even y, or None."""
    square = (x**3 - 3 * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y if y % 2 == 0 else P - y) if y * y % P == square else None


def point_of_y(y):
    """The point with this y if there is just one, or None: the root that x^P - x shares with x^3 - 3x + c."""
    c = (B - y * y) % P

    def product(left, right):
        terms = [0] * 5
        for i, a in enumerate(left):
            for j, b in enumerate(right):
                terms[i + j] += a * b
        t0, t1, t2, t3, t4 = terms
        return (t0 - c * t3) % P, (t1 + 3 * t3 - c * t4) % P, (t2 + 3 * t4) % P

    power = (1, 0, 0)
    for bit in bin(P)[2:]:
        power = product(power, power)
        if bit == "1":
            power = product(power, (0, 1, 0))
    h0, h1, h2 = power[0], power[1] - 1, power[2]
    if h2 != 0:  # the rest of the cubic divided by it
        e, d = -h0 * pow(h2, -1, P), -h1 * pow(h2, -1, P)
        h0, h1 = d * e + c, d * d + e - 3
    x = -h0 * pow(h1, -1, P) % P if h1 % P else 0
    return (x, y) if (x**3 - 3 * x + c) % P == 0 else None


def next_point(start, of=point_of_x, step=1):
    """The first point at `start` or beyond it."""
    while of(start) is None:
        start += step
    return of(start)


CORNER_POINTS = {
    "x-zero": point_of_x(0),
    "x-smallest": next_point(1),
    "x-largest": next_point(P - 1, step=-1),
    "x-2-to-the-32": next_point(2**32),
    "x-2-to-the-96": next_point(2**96),
    "x-2-to-the-224": next_point(2**224),
    "x-zeros-at-the-end": next_point(2**255, step=2**200),
    "x-ones-at-the-end": next_point(2**255 + 2**200 - 1, step=2**200),
    "x-alternating-words": next_point(sum(0xFFFFFFFF << 64 * word for word in range(4))),
    "x-about-the-order": next_point(N),
    "y-smallest": next_point(1, point_of_y),
    "y-largest": next_point(P - 1, point_of_y, -1),
    "y-zeros-at-the-end": next_point(2**255, point_of_y, 2**200),
    "y-ones-at-the-end": next_point(2**255 + 2**200 - 1, point_of_y, 2**200),
}

OFF_THE_CURVE = {
    "y-plus-one": (G[0], G[1] + 1),
    "coordinates-swapped": (G[1], G[0]),
    "one-one": (1, 1),
    "x-without-y": (next(x for x in range(1, P) if point_of_x(x) is None), 1),
    "y-zero": (draw("off the curve", P), 0),
}

# Points of the curve, or one that stands for infinity, in numbers that are not below the prime.
NOT_REDUCED = {
    "x-plus-prime": (CORNER_POINTS["x-smallest"], (P, 0)),
    "x-zero-as-prime": (CORNER_POINTS["x-zero"], (P, 0)),
    "y-plus-prime": (CORNER_POINTS["y-smallest"], (0, P)),
}


def raw(point):
    return hexed(point[0], 32) + hexed(point[1], 32)


# ---- ECDSA


def sign(private, digest, k):
    r = multiply(k, G)[0] % N
    return r, (digest + r * private) * pow(k, -1, N) % N


def aimed(u1, u2, key):
    """Digest, r and s for which a verifier computes just u1 * G + u2 * key."""
    r = add(multiply(u1, G), multiply(u2, key))[0] % N
    s = r * pow(u2, -1, N) % N
    return u1 * s % N, r, s


def key_of(point, r, s, digest):
    """The key with which (r, s) signs `digest` by way of this point R."""
    return multiply(pow(r, -1, N), add(multiply(s, point), multiply(-digest, G)))


def row(name, verdict, digest, r, s):
    return f"{name} {verdict} {hexed(digest, 32)} {hexed(r, 32)}{hexed(s, 32)}"


def key_line(point):
    return f"key {raw(point)}"


def ordinary_rows():
    private = draw("ordinary private key", N)
    digest = int.from_bytes(hashlib.sha256(b"ordinary").digest(), "big")
    r, s = sign(private, digest, draw("ordinary k", N))
    yield key_line(multiply(private, G))
    yield row("as-signed", "valid", digest, r, s)
    yield row("twin-of-s", "valid", digest, r, N - s)
    yield row("negative-r", "invalid", digest, N - r, s)
    yield row("r-and-s-swapped", "invalid", digest, s, r)
    yield row("next-r", "invalid", digest, r + 1, s)
    yield row("next-s", "invalid", digest, r, s + 1)
    yield row("next-digest", "invalid", digest + 1, r, s)
    named = {"0": 0, "1": 1, "n-1": N - 1, "n": N, "n+1": N + 1, "p": P, "max": 2**256 - 1}
    for r_name, special_r in named.items():
        for s_name, special_s in named.items():
            yield row(f"r={r_name},s={s_name}", "invalid", digest, special_r, special_s)
            if special_r % N == 0:
                yield row(f"digest=0,r={r_name},s={s_name}", "invalid", 0, special_r, special_s)
    for name in ("1", "n-1", "n", "n+1", "p", "max", "0"):
        r, s = sign(private, named[name], draw(f"k of digest {name}", N))
        yield row(f"digest={name}", "valid", named[name], r, s)
    for word in range(0, 8, 2):
        for name, change in (("zeros", digest & ~(0xFFFFFFFF << 32 * word)), ("ones", digest | 0xFFFFFFFF << 32 * word)):
            yield row(f"digest-word-{word}-{name}", "valid", change, *sign(private, change, draw(f"k {word} {name}", N)))


def small_rows():
    """Small numbers leave room for a second form below 2^256."""
    digest = draw("digest of small numbers", N)
    point = next_point(5)
    r = point[0]
    yield key_line(key_of(point, r, 7, digest))
    yield row("small-r-and-s", "valid", digest, r, 7)
    yield row("small-r-plus-order", "invalid", digest, r + N, 7)
    yield row("small-s-plus-order", "invalid", digest, r, 7 + N)
    yield row("small-both-plus-order", "invalid", digest, r + N, 7 + N)
    yield row("r-one-beside-x", "invalid", digest, r + 1, 7)
    yield row("r-whose-sum-with-the-order-is-x-plus-p", "invalid", digest, P - N + r, 7)
    yield row("r-whose-sum-with-the-order-is-x-plus-2-to-the-256", "invalid", digest, 2**256 - N + r, 7)
    point = next_point(N + 1)
    r = point[0] - N
    yield key_line(key_of(point, r, 7, digest))
    yield row("x-above-the-order", "valid", digest, r, 7)
    yield row("x-above-the-order-as-r", "invalid", digest, r + N, 7)
    yield row("r-one-beside-reduced-x", "invalid", digest, r + 1, 7)
    point = next_point(N - 1, step=-1)
    yield key_line(key_of(point, point[0], 7, digest))
    yield row("x-just-below-the-order", "valid", digest, point[0], 7)
    for bits in (8, 64, 128, 224):
        point = next_point(2 ** (bits - 1) + draw(f"r of {bits} bits", 2 ** (bits - 1)))
        for name, s in (("s", 2**bits - 1), ("inverse-s", pow(2**bits + 1, -1, N)), ("negative-s", N - 2**bits)):
            yield key_line(key_of(point, point[0], s, digest))
            yield row(f"{bits}-bits-of-r-and-{name}", "valid", digest, point[0], s)


CORNERS = {
    "1": 1, "2": 2, "3": 3, "n-1": N - 1, "n-2": N - 2, "half": (N - 1) // 2, "half+1": (N + 1) // 2,
    "2^128": 2**128, "n-2^128": N - 2**128, "2^255": 2**255, "2^224-1": 2**224 - 1,
    "alternating": (2**256 - 1) // 3,
}


def sum_rows():
    """Corners of the sum u1 * G + u2 * key."""
    private = draw("key of sums", N)
    key = multiply(private, G)
    other = draw("other factor", N)
    yield key_line(key)
    yield row("u1=0", "valid", *aimed(0, other, key))
    for name, corner in CORNERS.items():
        yield row(f"u1={name}", "valid", *aimed(corner, other, key))
        yield row(f"u2={name}", "valid", *aimed(other, corner, key))
    yield row("terms-equal", "valid", *aimed(other, other * pow(private, -1, N) % N, key))
    digest, r, s = aimed(other, other * pow(private, -1, N) % N, key)
    yield row("terms-equal-but-r", "invalid", digest, multiply(other, G)[0] % N, s)
    u2 = -other * pow(private, -1, N) % N
    for name, r in (("1", 1), ("n-1", N - 1), ("x-of-a-term", multiply(other, G)[0] % N), ("p-n", P - N)):
        s = r * pow(u2, -1, N) % N
        yield row(f"sum-is-infinity,r={name}", "invalid", other * s % N, r, s)
    for multiple in (1, 2, 3, N - 1, N - 2, N - 3, pow(2, -1, N)):
        name = f"n-{N - multiple}" if N - multiple < 9 else multiple if multiple < 9 else "half"
        key = multiply(multiple, G)
        yield key_line(key)
        for second in ("1", "2", "3", "n-1", "2^128"):
            yield row(f"key={name}G,u2={second}", "valid", *aimed(other, CORNERS[second], key))
        yield row(f"key={name}G,equal-factors-but-one", "valid", *aimed(other, other + 1, key))


def key_rows():
    """Corners of the key. Each row would be valid if the check of the key were left out."""
    u1, u2 = draw("u1 of keys", N), draw("u2 of keys", N)
    for name, point in CORNER_POINTS.items():
        yield key_line(point)
        yield row(f"key-with-{name}", "valid", *aimed(u1, u2, point))
    for name, point in OFF_THE_CURVE.items():
        yield key_line(point)
        yield row(f"key-off-the-curve,{name}", "invalid", *aimed(u1, u2, point))
    for name, (point, more) in NOT_REDUCED.items():
        yield key_line((point[0] + more[0], point[1] + more[1]))
        yield row(f"key-not-reduced,{name}", "invalid", *aimed(u1, u2, point))
    r = multiply(u1, G)[0] % N
    s = draw("s of no key", N)
    yield key_line((0, 0))
    yield row("key-of-zeros-as-infinity", "invalid", u1 * s % N, r, s)


def ecdsa_rows():
    for rows in (ordinary_rows, small_rows, sum_rows, key_rows):
        yield from rows()


# ---- ECDH


def ecdh_rows():
    def shared(name, private, point):
        return f"{name} valid {raw(point)} {hexed(multiply(private, point)[0], 32)}"

    other = multiply(draw("other side", N), G)
    privates = CORNERS | {f"n-2^{bit}": N - 2**bit for bit in (3, 5, 9, 16, 32, 64)} | {"2^240": 2**240, "2^255-1": 2**255 - 1}
    for name, private in privates.items():
        yield f"key {hexed(private, 32)}"
        yield shared(f"private={name}", private, other)
        yield shared(f"private={name},public=G", private, G)
    for name, private in {"0": 0, "n": N, "n+1": N + 1, "max": 2**256 - 1}.items():
        yield f"key {hexed(private, 32)}"
        yield f"private={name} invalid {raw(other)} -"
    private = draw("private key of secrets", N)
    yield f"key {hexed(private, 32)}"
    yield shared("ordinary", private, other)
    for name, point in CORNER_POINTS.items():
        yield shared(f"public-with-{name}", private, point)
        yield shared(f"secret-with-{name}", private, multiply(pow(private, -1, N), point))
    for name, point in OFF_THE_CURVE.items():
        yield f"public-off-the-curve,{name} invalid {raw(point)} -"
    for name, (point, more) in NOT_REDUCED.items():
        yield f"public-not-reduced,{name} invalid {raw((point[0] + more[0], point[1] + more[1]))} -"
    yield f"public-of-zeros invalid {raw((0, 0))} -"
    yield f"public-of-ones invalid {'ff' * 64} -"
