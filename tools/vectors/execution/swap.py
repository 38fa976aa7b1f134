"""Cases of a constant-product pool."""

from collections.abc import Iterator
from typing import Final

from tools.chain.cast import ALICE, BOB
from tools.chain.wallet import word
from tools.vectors.execution.abi import encode_call, event
from tools.vectors.execution.case import Case, Story, make_case
from tools.vectors.execution.pool import (
    GOLD,
    GREATEST_RESERVE,
    LOCKED_SHARES,
    POOL,
    RESERVES_SLOT,
    SHARES_SLOT,
    SILVER,
    Pool,
    paid,
    place_metals,
    place_pool,
    share_slot,
    swapped,
)
from tools.vectors.execution.scene import Scene
from tools.vectors.execution.token import NOBODY, balance_slot, transferred

SWAP: Final = "swap(address,uint256,uint256,address,uint256)"
NEVER: Final = 2**256 - 1
FULL: Final = Pool(gold=1_000_000, silver=4_000_000)
PURSE: Final = 500_000


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    yield first_liquidity()
    yield more_liquidity()
    yield remove_liquidity()
    yield gold_to_silver()
    yield silver_to_gold()
    yield there_and_back()
    yield slippage()
    yield expired()
    yield foreign_token()
    yield tiny_amount()
    yield least_amount_that_buys()
    yield huge_amount()
    yield reserve_at_its_limit()
    yield reserve_over_its_limit()
    yield product_overflow()


def story(name: str, given: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    return Story("swap", name, given, when, then, ("contract", "swap", *tags))


def market(pool: Pool = FULL, gold: int = PURSE, silver: int = PURSE) -> Scene:
    """Place a pool of Bob's, and Alice with some of both tokens."""
    scene = Scene(ALICE)
    place_pool(scene, pool, BOB)
    place_metals(scene, pool, ALICE, gold, silver)
    return scene


def swap_call(token: str, amount: int, least: int = 0, deadline: int = NEVER) -> bytes:
    """Encode Alice's swap for herself."""
    return encode_call(SWAP, token, amount, least, ALICE.address, deadline)


def refused(name: str, scene: Scene, data: bytes, given: str, when: str, then: str) -> Case:
    """Play a call of the pool that fails."""
    scene.send(ALICE, POOL, data, succeeds=False)
    return make_case(story(name, given, when, then, "revert"), scene.seal())


def first_liquidity() -> Case:
    """Fill an empty pool; some shares stay locked."""
    scene, gold, silver = market(Pool(0, 0)), 10_000, 40_000
    filled = Pool(gold, silver)
    shares = filled.shares - LOCKED_SHARES
    data = encode_call("addLiquidity(uint256,uint256)", gold, silver)
    mint = word(gold) + word(silver) + word(shares)
    logs = [
        paid(scene, GOLD, ALICE, PURSE, gold, 0),
        paid(scene, SILVER, ALICE, PURSE, silver, 0),
        filled.synced(),
        event(POOL, "Mint(address,uint256,uint256,uint256)", [ALICE.address], mint),
    ]
    scene.send(ALICE, POOL, data, gas=500_000, logs=logs)
    holders = {share_slot(NOBODY): LOCKED_SHARES, share_slot(ALICE.address): shares}
    scene.store(POOL, {RESERVES_SLOT: filled.word(), SHARES_SLOT: filled.shares, **holders})
    return make_case(
        story(
            "first_liquidity",
            "an empty pool; Alice has allowed it her gold and silver",
            "she adds 10000 gold and 40000 silver",
            "sqrt(10000 * 40000) = 20000 shares: 1000 locked, 19000 hers; the lock in transient "
            "storage leaves no trace",
            "transient",
        ),
        scene.seal(),
    )


def more_liquidity() -> Case:
    """Add to a pool out of proportion: the scarcer side counts."""
    scene, gold, silver = market(), 1_000, 5_000
    shares = gold * FULL.shares // FULL.gold
    after = FULL.add(gold, silver)
    data = encode_call("addLiquidity(uint256,uint256)", gold, silver)
    mint = word(gold) + word(silver) + word(shares)
    logs = [
        paid(scene, GOLD, ALICE, PURSE, gold, FULL.gold),
        paid(scene, SILVER, ALICE, PURSE, silver, FULL.silver),
        after.synced(),
        event(POOL, "Mint(address,uint256,uint256,uint256)", [ALICE.address], mint),
    ]
    scene.send(ALICE, POOL, data, logs=logs)
    total = FULL.shares + shares
    slots = {RESERVES_SLOT: after.word(), SHARES_SLOT: total, share_slot(ALICE.address): shares}
    scene.store(POOL, slots)
    return make_case(
        story(
            "more_liquidity",
            "reserves of 1000000 gold and 4000000 silver, 2000000 shares",
            "Alice adds 1000 gold and 5000 silver",
            "she gets 2000 shares, which 1000 gold are worth; the silver above is a gift",
        ),
        scene.seal(),
    )


def remove_liquidity() -> Case:
    """Take a part of a pool out."""
    scene = Scene(BOB)
    place_pool(scene, FULL, BOB)
    place_metals(scene, FULL, ALICE, PURSE, PURSE)
    # A tenth of all shares.
    shares, gold, silver = 200_000, 100_000, 400_000
    after = FULL.add(-gold, -silver)
    burn = word(gold) + word(silver) + word(shares)
    logs = [
        after.synced(),
        transferred(POOL, BOB, gold, address=GOLD),
        transferred(POOL, BOB, silver, address=SILVER),
        event(POOL, "Burn(address,uint256,uint256,uint256)", [BOB.address], burn),
    ]
    scene.send(BOB, POOL, encode_call("removeLiquidity(uint256)", shares), logs=logs)
    kept = FULL.shares - LOCKED_SHARES - shares
    slots = {RESERVES_SLOT: after.word(), SHARES_SLOT: FULL.shares - shares}
    scene.store(POOL, {**slots, share_slot(BOB.address): kept})
    scene.store(GOLD, {balance_slot(POOL): after.gold, balance_slot(BOB): gold})
    scene.store(SILVER, {balance_slot(POOL): after.silver, balance_slot(BOB): silver})
    return make_case(
        story(
            "remove_liquidity",
            "reserves of 1000000 gold and 4000000 silver, 2000000 shares",
            "Bob gives 200000 shares back",
            "he gets a tenth of both reserves",
        ),
        scene.seal(),
    )


def gold_to_silver() -> Case:
    """Swap in the direction of the first token."""
    scene, amount = market(), 10_000
    # 997 * 10000 * 4000000 // (1000 * 1000000 + 997 * 10000)
    out = 39_486
    after = FULL.add(amount, -out)
    logs = [
        paid(scene, GOLD, ALICE, PURSE, amount, FULL.gold),
        transferred(POOL, ALICE, out, address=SILVER),
        after.synced(),
        swapped(ALICE, GOLD, amount, out),
    ]
    scene.send(ALICE, POOL, swap_call(GOLD, amount, least=out), logs=logs)
    scene.store(SILVER, {balance_slot(POOL): after.silver, balance_slot(ALICE): PURSE + out})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "gold_to_silver",
            "reserves of 1000000 gold and 4000000 silver",
            "Alice swaps 10000 gold, for at least 39486 silver",
            "she gets exactly 39486",
        ),
        scene.seal(),
    )


def silver_to_gold() -> Case:
    """Swap in the other direction."""
    scene, amount = market(), 10_000
    # 997 * 10000 * 1000000 // (1000 * 4000000 + 997 * 10000)
    out = 2_486
    after = FULL.add(-out, amount)
    logs = [
        paid(scene, SILVER, ALICE, PURSE, amount, FULL.silver),
        transferred(POOL, ALICE, out, address=GOLD),
        after.synced(),
        swapped(ALICE, SILVER, amount, out),
    ]
    scene.send(ALICE, POOL, swap_call(SILVER, amount), logs=logs)
    scene.store(GOLD, {balance_slot(POOL): after.gold, balance_slot(ALICE): PURSE + out})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "silver_to_gold",
            "reserves of 1000000 gold and 4000000 silver",
            "Alice swaps 10000 silver",
            "she gets 2486 gold",
        ),
        scene.seal(),
    )


def there_and_back() -> Case:
    """Swap there, and back again what came of it: the price moves, the fee stays in the pool."""
    scene, amount = market(), 100_000
    silver = FULL.silver_for(amount)
    between = FULL.add(amount, -silver)
    gold = between.gold_for(silver)
    after = between.add(-gold, silver)
    there = [
        transferred(ALICE, POOL, amount, address=GOLD),
        transferred(POOL, ALICE, silver, address=SILVER),
        between.synced(),
        swapped(ALICE, GOLD, amount, silver),
    ]
    back = [
        transferred(ALICE, POOL, silver, address=SILVER),
        transferred(POOL, ALICE, gold, address=GOLD),
        after.synced(),
        swapped(ALICE, SILVER, silver, gold),
    ]
    scene.send(ALICE, POOL, swap_call(GOLD, amount), logs=there)
    scene.send(ALICE, POOL, swap_call(SILVER, silver), logs=back)
    paid(scene, GOLD, ALICE, PURSE, amount, FULL.gold)
    paid(scene, SILVER, ALICE, PURSE, silver, between.silver)
    scene.store(GOLD, {balance_slot(ALICE): PURSE - amount + gold, balance_slot(POOL): after.gold})
    scene.store(SILVER, {balance_slot(ALICE): PURSE})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "there_and_back",
            "reserves of 1000000 gold and 4000000 silver",
            "Alice swaps 100000 gold for silver and all of that silver back",
            "the second swap sees the first one's reserves; she loses both fees",
        ),
        scene.seal(),
    )


def slippage() -> Case:
    """Ask for one more than the swap gives."""
    return refused(
        "slippage",
        market(),
        swap_call(GOLD, 10_000, least=39_487),
        "a swap of 10000 gold gives 39486 silver",
        "Alice wants at least 39487",
        "the swap fails with a custom error",
    )


def expired() -> Case:
    """Come too late."""
    return refused(
        "expired",
        market(),
        swap_call(GOLD, 10_000, deadline=1_800_000_011),
        "the block's time is 1800000012",
        "Alice's swap has a deadline one second earlier",
        "the swap fails",
    )


def foreign_token() -> Case:
    """Offer a token that the pool does not hold."""
    return refused(
        "foreign_token",
        market(),
        swap_call(POOL, 10_000),
        "a pool of gold and silver",
        "Alice offers another token",
        "the swap fails",
    )


def tiny_amount() -> Case:
    """Offer so little that nothing comes of it."""
    return refused(
        "tiny_amount",
        market(),
        swap_call(SILVER, 4),
        "four silver are worth less than one gold",
        "Alice swaps 4 silver",
        "the output is rounded down to nothing, the swap fails",
    )


def least_amount_that_buys() -> Case:
    """Offer the least that buys one."""
    scene, amount, out = market(), 5, 1
    after = FULL.add(-out, amount)
    logs = [
        paid(scene, SILVER, ALICE, PURSE, amount, FULL.silver),
        transferred(POOL, ALICE, out, address=GOLD),
        after.synced(),
        swapped(ALICE, SILVER, amount, out),
    ]
    scene.send(ALICE, POOL, swap_call(SILVER, amount), logs=logs)
    scene.store(GOLD, {balance_slot(POOL): after.gold, balance_slot(ALICE): PURSE + out})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "least_amount_that_buys",
            "five silver are worth a little more than one gold after the fee",
            "Alice swaps 5 silver",
            "she gets 1 gold",
        ),
        scene.seal(),
    )


def huge_amount() -> Case:
    """Offer far more than the pool holds: it is never emptied."""
    amount = 2**100
    scene = market(gold=amount)
    # What is left of the silver is what a share of 10**12 / 2**100 is worth: rounded, one.
    out = FULL.silver - 1
    after = FULL.add(amount, -out)
    logs = [
        paid(scene, GOLD, ALICE, amount, amount, FULL.gold),
        transferred(POOL, ALICE, out, address=SILVER),
        after.synced(),
        swapped(ALICE, GOLD, amount, out),
    ]
    scene.send(ALICE, POOL, swap_call(GOLD, amount), logs=logs)
    scene.store(SILVER, {balance_slot(POOL): after.silver, balance_slot(ALICE): PURSE + out})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "huge_amount",
            "reserves of 1000000 gold and 4000000 silver",
            "Alice swaps 2**100 gold",
            "one silver stays in the pool; her cleared slots give a refund",
            "refund",
        ),
        scene.seal(),
    )


def reserve_at_its_limit() -> Case:
    """Fill a reserve to its last number."""
    amount = GREATEST_RESERVE - FULL.gold
    scene = market(gold=amount)
    out = FULL.silver - 1
    after = FULL.add(amount, -out)
    logs = [
        paid(scene, GOLD, ALICE, amount, amount, FULL.gold),
        transferred(POOL, ALICE, out, address=SILVER),
        after.synced(),
        swapped(ALICE, GOLD, amount, out),
    ]
    scene.send(ALICE, POOL, swap_call(GOLD, amount), logs=logs)
    scene.store(SILVER, {balance_slot(POOL): after.silver, balance_slot(ALICE): PURSE + out})
    scene.store(POOL, {RESERVES_SLOT: after.word()})
    return make_case(
        story(
            "reserve_at_its_limit",
            "reserves are numbers of 112 bits",
            "Alice swaps so much gold that its reserve is 2**112 - 1",
            "the swap succeeds",
        ),
        scene.seal(),
    )


def reserve_over_its_limit() -> Case:
    """Fill a reserve one over its last number."""
    amount = GREATEST_RESERVE - FULL.gold + 1
    return refused(
        "reserve_over_its_limit",
        market(gold=amount),
        swap_call(GOLD, amount),
        "reserves are numbers of 112 bits",
        "Alice swaps so much gold that its reserve would be 2**112",
        "the swap fails after both tokens moved; nothing of it stays",
    )


def product_overflow() -> Case:
    """Overflow the product that the price is computed with."""
    return refused(
        "product_overflow",
        market(),
        swap_call(GOLD, 2**250),
        "997 * 2**250 is more than 256 bits hold",
        "Alice swaps 2**250 gold, which she does not have",
        "checked arithmetic panics before any token is asked",
    )
