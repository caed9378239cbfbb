"""Images for tests/glitch: good ones, and the ways in which an image may be bad. The keys are test keys, made of their names."""

import dataclasses
import hashlib
import struct

import signing

# Where the slots are (board.h).
FLASH, FLASH_SIZE = 0x08000000, 0x10000
SLOT_A, SLOT_B = 0x08009000, 0x0800B000
STAGING = 4096  # into slot B, under swap (core/slot/slot.h)

HEADER_SIZE = 32
ENTRY = HEADER_SIZE + 16  # where the program begins
OWN_KEY, OTHER_KEY, REVOKED_KEY = "glitch test key", "another glitch test key", "revoked glitch test key"
DECRYPTION_KEY = "glitch test key for decryption"
IMAGE_KEY = signing.expand("glitch test image key", 16)
HARDWARE, COUNTER = "glitch-r1", 7

AES128, NON_BOOTABLE, ROM_FIXED = 0x04, 0x10, 0x100  # core/image/image.h


# ---- schemes (core/image/scheme.h) -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Scheme:
    tlv: int
    public: object  # (name) -> raw public key
    sign: object  # (name, digest or content) -> the value of the TLV
    name_of: object  # (raw public key) -> DER, whose hash names the key
    zeros: bytes  # a signature of zeros
    pure: bool = False

    def hash(self, data):
        return (hashlib.sha512 if self.pure else hashlib.sha256)(data).digest()

    def key_name(self, name):
        return self.hash(self.name_of(self.public(name)))

    def trusted_name(self, name):
        return hashlib.sha256(self.name_of(self.public(name))).digest()

    def signature_of(self, name, data):
        return self.sign(name, data if self.pure else self.hash(data))


SPKI_P256 = bytes.fromhex("3059301306072A8648CE3D020106082A8648CE3D03010703420004")
SPKI_ED25519 = bytes.fromhex("302A300506032B6570032100")


def rsa_der(public):
    return signing.der_of([int.from_bytes(public[:-4], "big"), int.from_bytes(public[-4:], "big")])


ED25519 = Scheme(0x24, signing.ed_public, signing.ed_sign, SPKI_ED25519.__add__, bytes(64))
SCHEMES = {
    "ecdsa_p256": Scheme(
        0x22,
        signing.p256_public,
        lambda name, digest: signing.der_of(signing.p256_sign(name, digest)),
        SPKI_P256.__add__,
        signing.der_of([0, 0]),
    ),
    "rsa_2048": Scheme(0x20, signing.rsa_public, signing.rsa_sign, rsa_der, bytes(256)),
    "ed25519": ED25519,
    "ed25519_pure": dataclasses.replace(ED25519, pure=True),
}


# ---- images (core/image/image.h) ---------------------------------------------------------------------------------------------


def entry(kind, value):
    return struct.pack("<HH", kind, len(value)) + value


def content(*, slot=SLOT_A, nonce=0, hardware=HARDWARE, flags=0, counter=COUNTER):
    """What is hashed and signed: a header, a program that loops, and protected TLVs."""
    load_address = slot if flags & ROM_FIXED else 0
    vectors = struct.pack("<II", 0x20007000, (slot + ENTRY) | 1)
    body = vectors + struct.pack("<II", nonce, 0) + b"\xfe\xe7" * 24
    protected = entry(0x50, struct.pack("<I", counter)) + entry(0x55A0, hardware.encode())
    protected = struct.pack("<HH", 0x6908, 4 + len(protected)) + protected
    header = struct.pack("<IIHHII", 0x96F3B83D, load_address, HEADER_SIZE, len(protected), len(body), flags)
    return header + struct.pack("<BBHII", 1, 2, 3, 4, 0) + body + protected


def image(scheme, data, *, digest=None, key=OWN_KEY, signature=None, wrapped=None, decrypted=False):
    """An image of that content. `digest` stands in its hash TLV; it names `key`; `signature`: the TLV's value, b"" for none;
    `wrapped`: it is encrypted, and this is in its TLV; `decrypted`: but lies where it runs.
    """
    entries = entry(0x12 if scheme.pure else 0x10, digest or scheme.hash(data)) + entry(0x01, scheme.key_name(key))
    signature = scheme.signature_of(key, data) if signature is None else signature
    entries += entry(scheme.tlv, signature) if signature else b""
    entries += entry(0x25, b"\x01") if scheme.pure and signature else b""
    if wrapped:
        entries += entry(0x32, wrapped)
    if wrapped and not decrypted:
        size = struct.unpack_from("<I", data, 12)[0]
        payload = signing.aes_ctr(IMAGE_KEY, data[HEADER_SIZE : HEADER_SIZE + size])
        data = data[:HEADER_SIZE] + payload + data[HEADER_SIZE + size :]
    return data + struct.pack("<HH", 0x6907, 4 + len(entries)) + entries


def flip(data, offset):
    return data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :]


# A content for which three bytes of r fit the signature of the right one: found by trying, as anybody can who signs nothing.
LUCKY_NONCE = 34


def bad(scheme, wrapped=None, decrypted=False, **about):
    """Each way of being bad. Whoever signs nothing can still choose what stands in the hash TLV (there a hash for which the
    signature is good), and try contents until some bytes fit. An image of which the hash TLV alone is wrong is not one of
    these: all that was signed is there, and the signature is judged by the content.
    """
    right = content(**about)
    digest, signature = scheme.hash(right), scheme.signature_of(OWN_KEY, right)
    changed = flip(right, HEADER_SIZE + 50)

    def made(data=right, **options):
        return image(scheme, data, **{"wrapped": wrapped, "decrypted": decrypted, **options})

    def other(**differences):
        return made(content(**{**about, **differences}))

    kinds = {
        "content changed, hash mended": made(changed, signature=signature),
        "content changed": made(changed, digest=digest, signature=signature),
        "signed by another key": made(signature=scheme.signature_of(OTHER_KEY, right)),
        "another key": made(key=OTHER_KEY),
        "unsigned": made(signature=b""),
        "signature of zeros": made(signature=scheme.zeros),
        "low security counter": other(counter=COUNTER - 1),
        "wrong hardware": other(hardware="another-r1"),
        "revoked key": made(key=REVOKED_KEY),
        "not bootable": other(flags=about.get("flags", 0) | NON_BOOTABLE),
    }
    if scheme is SCHEMES["ecdsa_p256"]:
        kinds["signature with s = n"] = made(signature=signing.der_of([1, signing.N]))
    if scheme is SCHEMES["ecdsa_p256"] and not about:
        kinds["r right in three bytes"] = made(content(nonce=LUCKY_NONCE), signature=signature)
    if wrapped and not decrypted:
        kinds["wrapped key changed"] = made(wrapped=flip(wrapped, len(wrapped) - 1))
    return kinds


def wrapped_key():
    return signing.ecies_wrap(DECRYPTION_KEY, IMAGE_KEY)


def pokes(scheme):
    """What the board trusts (symbols of board.c); the second key is revoked."""
    keys = (OWN_KEY, REVOKED_KEY)
    hashes = {f"board_keys+{8 + 40 * index}": scheme.trusted_name(key) for index, key in enumerate(keys)}
    publics = b"".join(scheme.public(key) for key in keys)
    decryption = signing.p256_private(DECRYPTION_KEY).to_bytes(32, "big")
    counter = struct.pack("<I", COUNTER)
    return {"board_public_keys": publics, "board_decryption_key": decryption, "board_counter": counter, **hashes}
