"""The public interface changes on purpose only."""

import subprocess
import sys

import pytest

import zkattest

PUBLIC = [
    "OSAKA",
    "Anchor",
    "AttesterMachine",
    "AttesterSettings",
    "BlockPackage",
    "CannotVerify",
    "Cause",
    "ChainId",
    "ChainView",
    "Engine",
    "EngineSettings",
    "EreClient",
    "EreError",
    "EreLimits",
    "EvidenceSettings",
    "ExecutionClaim",
    "InvalidBlock",
    "InvalidProof",
    "KeyCache",
    "NotChecked",
    "Policy",
    "ProfileId",
    "ProgramVk",
    "ProofSystem",
    "ProofType",
    "ProofVerdict",
    "PublicValues",
    "Reason",
    "Refused",
    "Registry",
    "RegistrySource",
    "SenderHints",
    "SlotClock",
    "SourceTimeout",
    "SourceUnavailable",
    "StaticReport",
    "Verified",
    "VerifiedProof",
    "VerifierChildren",
    "WitnessAccounts",
    "__version__",
    "check_block",
    "decode_header",
    "load_config",
    "open_engine",
    "read_block",
    "run_node",
    "validate_block",
    "verify_proof",
]


def test_package__exports_exactly_the_listed_names() -> None:
    assert sorted(zkattest.__all__) == sorted(PUBLIC) == sorted(dir(zkattest))


@pytest.mark.parametrize("name", PUBLIC)
def test_package__has_every_name_that_it_lists(name: str) -> None:
    assert getattr(zkattest, name) is not None


def test_package__refuses_other_names() -> None:
    with pytest.raises(AttributeError, match="'Nothing'"):
        _ = zkattest.Nothing


def test_import__loads_no_other_module() -> None:
    script = "import sys, zkattest; print([m for m in sys.modules if m.startswith('zkattest.')])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
