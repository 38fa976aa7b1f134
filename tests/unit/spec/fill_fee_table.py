"""
Fill `fee_table.json` from the independent implementation `ethereum-execution` (Osaka).

Run it with a Python that has `ethereum-execution==2.20.0`; the file is deterministic.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from ethereum.forks.osaka import fork, transactions
from ethereum.forks.osaka.blocks import Header
from ethereum.forks.osaka.fork_types import Authorization
from ethereum.forks.osaka.vm import gas
from ethereum_types.bytes import Bytes, Bytes0, Bytes20, Bytes32
from ethereum_types.numeric import U8, U64, U256, Uint

TARGET = Path(__file__).with_name("fee_table.json")
FRACTION = 5_007_716
BLOB = 2**17


@dataclass(init=False)
class Parent(Header):
    """A header of which only three fields are looked at."""

    def __init__(self, excess: int, used: int, base_fee: int) -> None:
        object.__setattr__(self, "excess_blob_gas", U64(excess))
        object.__setattr__(self, "blob_gas_used", U64(used))
        object.__setattr__(self, "base_fee_per_gas", Uint(base_fee))


def base_fees(dice: random.Random) -> list[dict[str, int]]:
    rows = []
    for _ in range(40):
        limit = dice.choice([5_000, 30_000_000, 36_000_000, 60_000_001, 2**40 + 7])
        used = dice.choice([0, 1, limit // 2, limit // 2 - 1, limit // 2 + 1, limit, limit // 3])
        base = dice.choice([0, 1, 7, 8, 10**9, 123_456_789_012, 2**60])
        result = fork.calculate_base_fee_per_gas(Uint(limit), Uint(limit), Uint(used), Uint(base))
        rows.append({"gas_limit": limit, "gas_used": used, "base_fee": base, "result": int(result)})
    return rows


def excesses(dice: random.Random) -> list[dict[str, int]]:
    rows = []
    # At the target the excess is zero for one base fee and not for the other.
    points = [(5 * BLOB, BLOB, 1), (5 * BLOB, BLOB, 17), (0, 6 * BLOB, 16), (0, 6 * BLOB, 17)]
    for _ in range(60):
        excess = dice.choice([0, 1, BLOB, 5 * BLOB, 6 * BLOB - 1, 40 * FRACTION, 3 * FRACTION + 1])
        used = BLOB * dice.randrange(10)
        base = dice.choice([1, 7, 15, 16, 17, 10**9, 10**13])
        points.append((excess, used, base))
    for excess, used, base in points:
        result = gas.calculate_excess_blob_gas(Parent(excess, used, base))
        rows.append({"excess": excess, "used": used, "base_fee": base, "result": int(result)})
    return rows


def blob_prices(dice: random.Random) -> list[dict[str, int]]:
    points = [0, 1, BLOB, FRACTION - 1, FRACTION, 2 * FRACTION, 23 * FRACTION, 177 * FRACTION]
    points += [dice.randrange(100 * FRACTION) for _ in range(20)]
    return [{"excess": at, "result": int(gas.calculate_blob_gas_price(U64(at)))} for at in points]


def intrinsic_costs(dice: random.Random) -> list[dict[str, int | bool]]:
    rows = []
    for _ in range(60):
        zeros, others = dice.choice([0, 1, 31, 700]), dice.choice([0, 1, 32, 33, 900])
        addresses, keys = dice.choice([(0, 0), (1, 0), (2, 5)])
        authorizations, create = dice.choice([(0, True), (0, False), (3, False)])
        tx = transaction(zeros, others, addresses, keys, authorizations, create=create)
        intrinsic, floor = transactions.calculate_intrinsic_cost(tx)
        rows.append(
            {
                "zeros": zeros,
                "others": others,
                "addresses": addresses,
                "keys": keys,
                "authorizations": authorizations,
                "create": create,
                "intrinsic": int(intrinsic),
                "floor": int(floor),
            }
        )
    return rows


def transaction(
    zeros: int, others: int, addresses: int, keys: int, authorizations: int, *, create: bool
) -> object:
    common = {
        "chain_id": U64(1),
        "nonce": U64(0),
        "max_priority_fee_per_gas": Uint(0),
        "max_fee_per_gas": Uint(0),
        "gas": Uint(0),
        "value": U256(0),
        "data": Bytes(bytes(zeros) + b"\x01" * others),
        "access_list": access_list(addresses, keys),
        "y_parity": U256(0),
        "r": U256(0),
        "s": U256(0),
    }
    if not authorizations:
        common["nonce"] = U256(0)
        to = Bytes0() if create else Bytes20(bytes(20))
        return transactions.FeeMarketTransaction(to=to, **common)
    one = Authorization(U256(1), Bytes20(bytes(20)), U64(0), y_parity=U8(0), r=U256(0), s=U256(0))
    return transactions.SetCodeTransaction(
        to=Bytes20(bytes(20)), authorizations=(one,) * authorizations, **common
    )


def access_list(addresses: int, keys: int) -> tuple[object, ...]:
    slots = tuple(Bytes32(bytes(32)) for _ in range(keys))
    entries = [(Bytes20(bytes(20)), slots if at == 0 else ()) for at in range(addresses)]
    return tuple(transactions.Access(account, slots) for account, slots in entries)


def main() -> None:
    dice = random.Random(7886)
    table = SimpleNamespace(
        base_fees=base_fees(dice),
        excesses=excesses(dice),
        blob_prices=blob_prices(dice),
        intrinsic_costs=intrinsic_costs(dice),
    )
    lines = [
        f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]"
        for name, rows in vars(table).items()
    ]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
