"""Forge what hostile peers send: blocks that break one rule each, and a proof with a wrong bit."""

from __future__ import annotations

from dataclasses import replace

from zkattest.crypto.blocks import decode_block
from zkattest.crypto.hashing import sha256
from zkattest.devnet import rlp
from zkattest.devnet.pack import Pack, PackError
from zkattest.types.execution import BlockPackage, Header

_RECEIPT_ROOT = list(Header.__dataclass_fields__).index("parent_receipt_root")
_SIGNATURE_R = -2


def forge_signature(pack: Pack, number: int) -> BlockPackage:
    """Sign the first transaction with an r that is no point's: nobody can have signed it."""
    honest = pack[number].block
    transactions = list(honest.transactions)
    for step in range(1, 1 << 16):
        transactions[0] = _with_r_moved(honest.transactions[0], step)
        package = _with_body(pack[number].package, transactions)
        if decode_block(package.block).senders().by_transaction()[0] is None:
            return package
    raise PackError(f"block {number}: every r near the first signature's is a point's")


def forge_nonce_gap(pack: Pack, number: int) -> BlockPackage:
    """Leave a sender's first transaction out, or put a later one of its in the place of it."""
    honest, transactions = pack[number].block, list(pack[number].block.transactions)
    senders = honest.senders().by_transaction()
    for index, sender in enumerate(senders):
        if sender in senders[index + 1 :]:
            del transactions[index]
            return _with_body(pack[number].package, transactions)
    for index, sender in enumerate(senders):
        nonce = int(honest.columns.nonce[index])
        later = _later_transaction(pack, number, sender, nonce)
        if later is not None:
            transactions[index] = later
            return _with_body(pack[number].package, transactions)
    raise PackError(f"block {number}: no sender of it has another transaction")


def _later_transaction(pack: Pack, number: int, sender: bytes | None, nonce: int) -> bytes | None:
    """Find a later transaction of a sender; one that carries blobs would break other rules too."""
    for later in pack.blocks[number:]:
        columns = later.block.columns
        for index, other in enumerate(later.block.senders().by_transaction()):
            is_later = other == sender and columns.nonce[index] > nonce
            if is_later and not columns.blobs[index]:
                return later.block.transactions[index]
    return None


def forge_receipt_root(pack: Pack, number: int) -> BlockPackage:
    """Claim other receipts for the parent than its execution gave."""
    package = pack[number].package
    block = rlp.as_list(rlp.decode(package.block))
    rlp.as_list(block[0])[_RECEIPT_ROOT] = sha256(b"receipts that never were")
    return replace(package, block=rlp.encode(block))


def corrupt_proof(proof: bytes) -> bytes:
    """Change one bit in the middle, where the field elements of the proof lie."""
    middle = len(proof) // 2
    return proof[:middle] + bytes([proof[middle] ^ 1]) + proof[middle + 1 :]


def _with_body(package: BlockPackage, transactions: list[bytes]) -> BlockPackage:
    """Put other transactions under the same header, which does not commit to them."""
    block = rlp.as_list(rlp.decode(package.block))
    # Typed transactions stand in the list as byte strings, legacy ones as lists.
    block[1] = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in transactions]
    return replace(package, block=rlp.encode(block))


def _with_r_moved(raw: bytes, step: int) -> bytes:
    typed = raw[:1] if raw[0] < 0xC0 else b""
    fields = rlp.as_list(rlp.decode(raw[len(typed) :]))
    r = int.from_bytes(rlp.as_bytes(fields[_SIGNATURE_R]), "big") + step
    fields[_SIGNATURE_R] = r.to_bytes((r.bit_length() + 7) // 8, "big")
    return typed + rlp.encode(fields)
