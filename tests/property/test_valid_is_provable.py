"""What passes statically can be executed: no block that is valid is impossible to prove."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.blocks import ETHER, GWEI, Case, TestAccount
from tests.helpers.transactions import RECIPIENT, Tx, authorization, blob_hash, key
from zkattest.crypto.hashing import keccak256
from zkattest.crypto.statement import run_statement
from zkattest.spec.reasons import InvalidBlock
from zkattest.types.execution import Withdrawal
from zkattest.types.ids import Address

SIGNERS = [key(n) for n in range(1, 4)]
DELEGATION = b"\xef\x01\x00" + RECIPIENT
ACCOUNTS = {
    Tx(signer=SIGNERS[0]).sender: TestAccount(balance=2**255),
    Tx(signer=SIGNERS[1]).sender: TestAccount(balance=2**255, nonce=2**64 - 3),
    Tx(signer=SIGNERS[2]).sender: TestAccount(balance=ETHER, nonce=7, code=DELEGATION),
    # Spends all it has; creates without end; loops.
    RECIPIENT: TestAccount(code=bytes.fromhex("600060006000600047335af1")),
    b"\x12" * 20: TestAccount(code=bytes.fromhex("5b600060006000f0600056")),
    b"\x13" * 20: TestAccount(code=b"\xfe"),
}
WORDS = st.sampled_from([0, 1, 27, 255, 256, 2**64 - 1, 2**64, 2**255, 2**256 - 1])
TARGETS = st.sampled_from([*ACCOUNTS, b"\x01" * 20, bytes(19) + b"\x05"])
HOSTILE = st.builds(
    lambda *items: list(items),
    WORDS,
    TARGETS,
    st.sampled_from([0, 1, 2**64 - 1]),
    st.sampled_from([0, 1, 2, 255]),
    WORDS,
    WORDS,
)
HONEST = st.builds(
    authorization,
    st.sampled_from(SIGNERS),
    st.sampled_from([0, 1, 7, 8, 2**64 - 1]),
    TARGETS,
    st.sampled_from([0, 7886, 2**200]),
)
ACCESS = st.lists(
    st.tuples(TARGETS, st.lists(WORDS.map(lambda n: n.to_bytes(32, "big")), max_size=2)),
    max_size=2,
)


@st.composite
def transactions(draw: st.DrawFn) -> Tx:
    """Draw a transaction whose nonce is set later."""
    kind = draw(st.integers(0, 4))
    fee = draw(st.sampled_from([GWEI, 2 * GWEI, 2**63, 2**64 - 1]))
    return Tx(
        type=kind,
        signer=draw(st.sampled_from(SIGNERS)),
        protected=draw(st.booleans()),
        gas=draw(st.sampled_from([60_000, 120_000, 1_000_000, 2**24])),
        max_fee=fee,
        priority_fee=draw(st.sampled_from([0, 1, GWEI, fee])),
        to=draw(TARGETS if kind in (3, 4) else st.one_of(TARGETS, st.just(b""))),
        value=draw(st.sampled_from([0, 1, ETHER, 2**254])),
        data=draw(st.sampled_from([b"", b"\0\x01" * 40, b"\xfe", b"\xef", bytes(300)])),
        access_list=tuple(draw(ACCESS)),
        blob_fee=draw(st.sampled_from([1, 2**64, 2**256 - 1])),
        blobs=tuple(blob_hash(n) for n in range(draw(st.integers(1, 3)))),
        authorizations=tuple(draw(st.lists(st.one_of(HOSTILE, HONEST), min_size=1, max_size=3))),
    )


@st.composite
def blocks(draw: st.DrawFn) -> Case:
    """Draw a block with its nonces in sequence and some declared gas."""
    nonces = {address: account.nonce for address, account in ACCOUNTS.items()}
    numbered = []
    for tx in draw(st.lists(transactions(), max_size=4)):
        numbered.append(tx.but(nonce=nonces[tx.sender]))
        nonces[tx.sender] += 1
    header: dict[str, Any] = {"extra_data": draw(st.binary(max_size=32))}
    if numbered and draw(st.booleans()):
        header["gas_used"] = draw(st.integers(21_000 * len(numbered), 30_000_000))
    withdrawals = (Withdrawal(0, 2**64 - 1, Address(draw(TARGETS)), 2**64 - 1),)
    return Case(
        transactions=tuple(numbered),
        accounts=ACCOUNTS,
        header=header,
        withdrawals=withdrawals * draw(st.integers(0, 1)),
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks())
def test_valid_block__is_never_the_sentinel(case: Case) -> None:
    try:
        report = case.check()
    except InvalidBlock:
        return
    values = run_statement(case.package().stateless_input())
    assert not values.is_sentinel, report
    assert values.valid


def test_valid_block__has_a_statement() -> None:
    values = run_statement(Case().package().stateless_input())
    assert values.valid
    assert values.root != keccak256(b"")
