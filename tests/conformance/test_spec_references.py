"""Every static reason has a reference to a specification, and a vector."""

from tools.check_spec_refs import (
    complaints,
    load_references,
    main,
    reasons_with_vectors,
    static_reasons,
)


def test_references__are_complete(capsys) -> None:
    assert main() == 0, capsys.readouterr().out


def test_reasons__are_read_from_rules_and_decoders() -> None:
    reasons = static_reasons()
    assert {"nonce_mismatch", "malformed_withdrawal", "parent_bloom_mismatch"} <= reasons
    # Reasons that only proofs or gossip give.
    assert not {"proof_invalid", "wrong_proposer", "malformed_claim"} & reasons
    assert len(reasons) > 45


def test_complaints__name_what_is_missing_superfluous_or_incomplete() -> None:
    references, reasons, vectors = load_references(), static_reasons(), reasons_with_vectors()
    entry = references.pop("nonce_mismatch")
    assert list(complaints(references, reasons, vectors)) == [
        "nonce_mismatch: no reference in docs/spec_refs.yaml"
    ]
    references |= {"nonce_mismatch": {**entry, "section": ""}, "proof_invalid": entry}
    assert list(complaints(references, reasons, vectors - {"base_fee_mismatch"})) == [
        "proof_invalid: a reference, and static verification never gives this reason",
        "base_fee_mismatch: no vector expects it",
        "nonce_mismatch: no section",
    ]
