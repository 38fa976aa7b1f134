"""The keystores of EIP-2335's own test cases, and cheap ones made after them."""

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "eip2335"
SCRYPT, PBKDF2 = FOLDER / "scrypt.json", FOLDER / "pbkdf2.json"
# As the EIP writes it: letters of mathematical alphabets, which NFKD makes plain.
PASSWORD = (
    "\U0001d531\U0001d522\U0001d530\U0001d531\U0001d52d"
    "\U0001d51e\U0001d530\U0001d530\U0001d534\U0001d52c"
    "\U0001d52f\U0001d521\U0001f511"
)
SECRET = bytes.fromhex("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
PUBKEY = bytes.fromhex(
    "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07"
)


def keystore_with(changes=None, source=PBKDF2):
    """Give a keystore with some fields changed, by dotted name; None deletes a field."""
    table = json.loads(source.read_text())
    for field, value in (changes or {}).items():
        *parents, last = field.split(".")
        holder = table
        for part in parents:
            holder = holder[part]
        if value is None:
            del holder[last]
        else:
            holder[last] = value
    return json.dumps(table).encode()


def cheap_keystore(secret=SECRET, password="password", kdf="pbkdf2", **changes):
    """Encrypt a secret so that deriving its key takes no time; no keystore to keep."""
    from eth_keyfile import create_keyfile_json

    work = {"pbkdf2": 2, "scrypt": 2}[kdf]
    made = create_keyfile_json(
        secret, password.encode(), version=4, kdf=kdf, iterations=work, salt_size=32
    )
    return json.dumps(made | changes).encode()
