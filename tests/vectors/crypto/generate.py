#!/usr/bin/python3
"""Makes the rows of this folder from nothing but arithmetic; README.md tells their form.

    tests/vectors/crypto/generate.py           write the files
    tests/vectors/crypto/generate.py --check   only say which are out of date (exit 1)
"""

import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import edwards  # noqa: E402
import p256  # noqa: E402
import rsa  # noqa: E402
import symmetric  # noqa: E402

FILES = {
    "ecdsa": p256.ecdsa_rows,
    "ecdh": p256.ecdh_rows,
    "ed25519": edwards.ed25519_rows,
    "rsa": rsa.rsa_rows,
    "sha256": lambda: symmetric.hash_rows("sha256"),
    "sha512": lambda: symmetric.hash_rows("sha512"),
    "hmac": symmetric.hmac_rows,
    "hkdf": symmetric.hkdf_rows,
    "aes_ctr": symmetric.aes_ctr_rows,
}


def generated(name):
    rows = list(FILES[name]())
    names = [row.split()[0] for row in rows if not row.startswith("key ")]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(f"{name}: more than one row is named {', '.join(sorted(twice))}")
    return "\n".join(["# made by generate.py", *rows]) + "\n"


def main():
    stale = []
    for name in FILES:
        path, text = FOLDER / f"{name}.txt", generated(name)
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print(f"{len(FILES)} files, {len(stale)} out of date{': ' + ', '.join(stale) if stale else ''}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
