"""Every static rule, every bound of one and every part of one is held by some vector."""

from functools import cache
from pathlib import Path

import pytest

from tests.conformance.mutations import Mutation, applied, mutations
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Outcome, differences, invalid, valid
from zkattest.conformance.registry import find_cases
from zkattest.conformance.static import check_static, read_package, read_preset
from zkattest.crypto.blocks import WitnessAccounts, decode_block, decode_header
from zkattest.spec import binding, header, senders, static_block, transactions
from zkattest.spec.reasons import InvalidBlock
from zkattest.spec.static_block import ChainView, validate_block

STATIC = Path(__file__).resolve().parents[2] / "vectors" / "eip7886" / "static"
MODULES = (header, binding, static_block, transactions, senders)
MUTATIONS = [one for module in MODULES for one in mutations(module)]
# Decoding refuses a large block first; this rule is for callers who decode with another limit.
ASKED_TWICE = ("validate_block", "block_too_large")
WELL_FORMED = ("static/size/block__valid_of_", "static/size/block__invalid_of_")
# Changes that no block can show, and why.
EQUIVALENT = {
    # A sum of 64 bits wraps only behind a transaction whose nonce is too large: that is refused
    # before any sender is looked at.
    ("validate_nonces", "left", "nonce_mismatch"),
}
HELD = [one for one in MUTATIONS if (one.function, one.kind, one.reason) not in EQUIVALENT]


@cache
def cases() -> tuple[VectorCase, ...]:
    return tuple(one.read() for one in find_cases(STATIC))


def in_order(word: str) -> list[VectorCase]:
    """Put the vectors of a reason first, valid ones next, and the largest blocks last."""

    def key(case: VectorCase) -> tuple[bool, bool, bool]:
        is_large = case.group == "static/size" and word != "block_too_large"
        reason = case.expected.values.get("reason")
        return is_large, reason != word, reason is not None

    return sorted(cases(), key=key)


def outcome(case: VectorCase, *, is_decoded_before: bool) -> Outcome | str:
    """Check a case as the command does, or with a block that was decoded by somebody else."""
    try:
        return by_validate_block(case) if is_decoded_before else check_static(case)
    except Exception as error:  # noqa: BLE001 - a crash is another outcome, too
        return type(error).__name__


def by_validate_block(case: VectorCase) -> Outcome:
    package = read_package(case.input)
    parent, _ = decode_header(package.witness.headers[-1])
    chain = ChainView(package.chain_id, parent, package.parent_claim)

    block, witness = decode_block(package.block), package.witness
    accounts = WitnessAccounts(witness.state, witness.codes, block.header.pre_state_root)
    try:
        report = validate_block(chain, block, accounts, (), read_preset(case.profile))
    except InvalidBlock as refusal:
        return invalid(refusal.reason, **refusal.operands)
    return valid(block_hash=report.block_hash, notices=[])


def is_killed(mutation: Mutation) -> bool:
    is_asked_twice = (mutation.function, mutation.reason) == ASKED_TWICE
    for case in in_order(mutation.reason):
        if is_asked_twice and not case.id.startswith(WELL_FORMED):
            continue
        got = outcome(case, is_decoded_before=is_asked_twice)
        if isinstance(got, str) or differences(case.expected, got, is_complete=True):
            return True
    return False


def test_rules__are_found() -> None:
    # Fails when rules are written in a form that the changes do not know.
    found = {one.reason for one in MUTATIONS if one.kind == "off"}
    assert len(found) > 45, sorted(found)
    assert {one.kind for one in MUTATIONS} == {"off", "bound", "left", "right"}
    for module in MODULES:
        assert mutations(module), module


def test_unchanged_rules__give_every_outcome() -> None:
    for case in cases():
        assert check_static(case).verdict is case.expected.verdict, case.id
    twice = [case for case in cases() if case.id.startswith(WELL_FORMED)]
    assert len(twice) == 2
    for case in twice:
        assert differences(case.expected, by_validate_block(case), is_complete=True) == []


def test_equivalent_changes__are_still_there() -> None:
    assert len(MUTATIONS) - len(HELD) == len(EQUIVALENT)


@pytest.mark.parametrize("mutation", HELD, ids=str)
def test_rule__is_held_by_a_vector(mutation: Mutation) -> None:
    with applied(mutation):
        assert is_killed(mutation), f"no vector notices {mutation}"
