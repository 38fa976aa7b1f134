"""Cases of inputs of which nothing can be proven, and of witnesses with more than is needed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import rlp
from eth_utils import keccak

from tools.chain.cast import ALICE, BOB, CAROL, ERIN
from tools.chain.wallet import word
from tools.vectors.execution import contracts
from tools.vectors.execution.abi import contract_address, encode_call
from tools.vectors.execution.case import Case, Story, make_case, make_hopeless_case
from tools.vectors.execution.receipts import Log
from tools.vectors.execution.scene import Scene, Sealed
from tools.vectors.execution.token import TOKEN, balance_slot, place_token, transferred
from tools.vectors.execution.world import World
from zkattest.types.execution import BlockPackage, ExecutionWitness
from zkattest.types.ids import ChainId

TARGET: Final = contract_address("vectors/target")
HEADER, TRANSACTIONS, OMMERS, WITHDRAWALS = range(4)
# Position of the declared gas in a header.
GAS_USED: Final = 12


def story(name: str, when: str, then: str, *tags: str) -> Story:
    """Tell what a case of this group is about."""
    given = "a good block with a token transfer and its smallest witness"
    return Story("no_statement", name, given, when, then, ("contract", "undecodable", *tags))


@dataclass(frozen=True, slots=True)
class Base:
    """The good block that is spoilt."""

    package: BlockPackage
    state: World

    def spoilt(self, told: Story, package: BlockPackage, static: str) -> Case:
        """Expect that nothing can be proven of a package."""
        return make_hopeless_case(told, package, self.state, static=static)

    def with_block(self, change: Callable[[list[Any]], None]) -> BlockPackage:
        """Change the decoded block."""
        parts = rlp.decode(self.package.block)
        change(parts)
        return replace(self.package, block=bytes(rlp.encode(parts)))

    def with_witness(self, **parts: Sequence[bytes]) -> BlockPackage:
        """Replace parts of the witness."""
        changed = {name: tuple(items) for name, items in parts.items()}
        return replace(self.package, witness=replace(self.package.witness, **changed))


def token_block() -> Sealed:
    """Play the good block: a token transfer, and a look at an ancestor."""
    scene = Scene(ALICE)
    place_token(scene, {ALICE: 1_000, CAROL: 5})
    scene.place(TARGET, contracts.runtime("Ancestors"))
    for _ in range(2):
        scene.seal()
    data = encode_call("transfer(address,uint256)", BOB.address, 250)
    scene.send(ALICE, TOKEN, data, logs=[transferred(ALICE, BOB, 250)])
    scene.send(ALICE, TARGET, word(0), logs=[Log(TARGET, (), scene.hashes[0])])
    scene.store(TOKEN, {balance_slot(ALICE): 750, balance_slot(BOB): 250})
    return scene.seal()


def cases() -> Iterator[Case]:
    """Play every case of the group."""
    sealed = token_block()
    base = Base(sealed.package, sealed.before)
    yield from broken_blocks(base)
    yield from broken_witnesses(base)
    yield sender_cannot_pay()
    yield from generous_witnesses(sealed)


def broken_blocks(base: Base) -> Iterator[Case]:
    """Spoil the block's bytes."""
    block = base.package.block
    told = story("cut", "the last byte of the block is missing", "43 zero bytes")
    yield base.spoilt(told, replace(base.package, block=block[:-1]), "malformed_block")
    told = story("extended", "a byte follows the block", "43 zero bytes")
    yield base.spoilt(told, replace(base.package, block=block + b"\0"), "malformed_block")
    told = story("empty", "there is no block at all", "43 zero bytes")
    yield base.spoilt(told, replace(base.package, block=b""), "malformed_block")

    def unknown_type(parts: list[Any]) -> None:
        parts[TRANSACTIONS] = [b"\5" + parts[TRANSACTIONS][0][1:]]

    told = story("unknown_type", "a transaction has type 5", "43 zero bytes")
    yield base.spoilt(told, base.with_block(unknown_type), "unknown_transaction_type")

    def with_ommers(parts: list[Any]) -> None:
        parts[OMMERS] = [parts[HEADER]]

    told = story("ommers", "the block lists an ommer", "43 zero bytes")
    yield base.spoilt(told, base.with_block(with_ommers), "ommers_not_empty")

    def other_withdrawals(parts: list[Any]) -> None:
        parts[WITHDRAWALS] = [[b"", b"", bytes(20), b"\1"]]

    told = story(
        "withdrawals_of_another_block",
        "the withdrawals are not those of the header's root",
        "43 zero bytes: the header binds them, so they are checked before anything is executed",
    )
    yield base.spoilt(told, base.with_block(other_withdrawals), "withdrawals_root_mismatch")

    def no_signer(parts: list[Any]) -> None:
        fields = rlp.decode(parts[TRANSACTIONS][0][1:])
        # No point of the curve has this r.
        fields[-2] = b"\5"
        parts[TRANSACTIONS] = [b"\2" + rlp.encode(fields)]

    told = story("nobody_signed", "a signature that nobody can have made", "43 zero bytes")
    yield base.spoilt(told, base.with_block(no_signer), "signature_invalid")


def broken_witnesses(base: Base) -> Iterator[Case]:
    """Take something out of the witness, or put something else in."""
    witness = base.package.witness
    storage = leaf_of_slot(witness, base.state.account(TOKEN).storage[balance_slot(ALICE)])
    told = story(
        "missing_storage_node",
        "the witness lacks the leaf of Alice's tokens",
        "43 zero bytes: a missing node is no verdict, or a prover could choose it",
        "witness",
    )
    rest = [node for node in witness.state if node != storage]
    yield base.spoilt(told, base.with_witness(state=rest), "valid")

    root = next(n for n in witness.state if keccak(n) == base.state.root())
    told = story("missing_root", "the witness lacks the root of the state", "43 zero bytes")
    rest = [node for node in witness.state if node != root]
    yield base.spoilt(told, base.with_witness(state=rest), "missing_node")

    token = contracts.runtime("Token")
    told = story("missing_code", "the witness lacks the token's code", "43 zero bytes", "witness")
    rest = [code for code in witness.codes if code != token]
    yield base.spoilt(told, base.with_witness(codes=rest), "valid")

    told = story(
        "changed_code",
        "one byte of the token's code is another one",
        "43 zero bytes: a code counts under its own hash only",
        "witness",
    )
    changed = [code if code != token else bytes([code[0] ^ 1]) + code[1:] for code in witness.codes]
    yield base.spoilt(told, base.with_witness(codes=changed), "valid")

    told = story(
        "missing_header",
        "the witness lacks the header that names the ancestor that a contract asks for",
        "43 zero bytes",
        "witness",
        "blockhash",
    )
    yield base.spoilt(told, base.with_witness(headers=witness.headers[1:]), "valid")

    told = story(
        "broken_ancestry",
        "an ancestor's header is not the one that its child names",
        "43 zero bytes",
        "witness",
        "blockhash",
    )
    fields = rlp.decode(witness.headers[0])
    fields[0] = bytes(32)
    other = [bytes(rlp.encode(fields)), *witness.headers[1:]]
    yield base.spoilt(told, base.with_witness(headers=other), "valid")


def leaf_of_slot(witness: ExecutionWitness, value: int) -> bytes:
    """Find the storage leaf that holds a value."""
    for node in witness.state:
        parts = rlp.decode(node)
        if len(parts) == 2 and parts[1] == rlp.encode(value):
            return node
    raise LookupError("the witness has no such leaf")


def sender_cannot_pay() -> Case:
    """Bring a transaction whose fee nobody can charge in advance."""
    scene = Scene(ALICE)
    scene.world.account(BOB.address).balance = 1
    scene.send(ALICE, ERIN, value=1, gas=21_000)
    scene.send(ALICE, BOB, value=10**18, gas=21_000)
    scene.begin()
    sealed = scene.seal()
    # The builder does not build such a block: Bob's transaction is put in by hand.
    raw = scene.wallet.dynamic(BOB, to=ERIN.address, value=1, data=b"", gas=21_000)
    base = Base(sealed.package, sealed.before)

    def with_bob(parts: list[Any]) -> None:
        parts[TRANSACTIONS].append(raw)
        parts[HEADER][GAS_USED] = (63_000).to_bytes(2, "big")

    told = Story(
        "no_statement",
        "sender_cannot_pay",
        "Bob has 1 wei; Alice sends him 1 ether in this block",
        "his own transaction follows in the same block",
        "fees are charged before anything runs: nothing can be proven; the static check refuses it",
        ("precharge", "finding19"),
    )
    return base.spoilt(told, base.with_block(with_bob), "balance_too_low")


def generous_witnesses(sealed: Sealed) -> Iterator[Case]:
    """Bring more than is needed, in another order: the claim is the same."""
    package = sealed.package
    witness = package.witness
    more = replace(
        witness,
        state=(*reversed(witness.state), b"\x80", witness.state[0]),
        codes=(b"no code of anybody", *reversed(witness.codes)),
    )
    given = "a good block with a token transfer and its smallest witness"
    told = Story(
        "no_statement",
        "more_than_needed",
        given,
        "nodes and codes come in another order, some twice, some useless",
        "the same claim: a witness is a set",
        ("contract", "witness"),
    )
    built = replace(sealed.built, package=replace(package, witness=more).encode())
    yield make_case(told, replace(sealed, built=built))
    told = Story(
        "no_statement",
        "another_chain_id",
        given,
        "the package says chain 1",
        "the static check refuses the transactions; the public values carry the chain id, so that "
        "a proof of this execution is none for the real chain",
        ("contract", "chain_id"),
    )
    built = replace(sealed.built, package=replace(package, chain_id=ChainId(1)).encode())
    yield make_case(told, replace(sealed, built=built), static="transaction_chain_id_mismatch")
