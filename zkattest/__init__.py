"""
Attest to Ethereum blocks by verifying proofs instead of executing them.

The public names are those of `__all__`; everything else may move. A name's module is imported
when the name is first used, so that `import zkattest` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zkattest.crypto.blocks import WitnessAccounts, decode_header
    from zkattest.crypto.keys import KeyCache, SenderHints
    from zkattest.machines.attester import AttesterMachine
    from zkattest.machines.settings import Anchor, AttesterSettings, Policy
    from zkattest.machines.slot_clock import SlotClock
    from zkattest.node.config import load_config
    from zkattest.node.embed import check_block, verify_proof
    from zkattest.node.engine import Engine, open_engine
    from zkattest.node.engine_programs import RegistrySource
    from zkattest.node.engine_settings import EngineSettings, EvidenceSettings
    from zkattest.node.main import run_node
    from zkattest.rpc.ere import EreClient, EreLimits
    from zkattest.spec.presets import OSAKA
    from zkattest.spec.reasons import CannotVerify, Cause, InvalidBlock, InvalidProof, Reason
    from zkattest.spec.static_block import ChainView, StaticReport, read_block, validate_block
    from zkattest.spec.verdicts import NotChecked, ProofVerdict, Refused, Verified
    from zkattest.types.ere import EreError
    from zkattest.types.errors import SourceTimeout, SourceUnavailable
    from zkattest.types.execution import BlockPackage, ExecutionClaim
    from zkattest.types.ids import ChainId, ProgramVk, ProofType
    from zkattest.types.programs import ProfileId
    from zkattest.types.wire import PublicValues
    from zkattest.verify.isolation import VerifierChildren
    from zkattest.verify.proof import ProofSystem, VerifiedProof
    from zkattest.verify.registry import Registry

__version__ = "0.1.0"

_HOMES = {
    # Verify proofs.
    "verify_proof": "node.embed",
    "ProofSystem": "verify.proof",
    "ProgramVk": "types.ids",
    "Registry": "verify.registry",
    "VerifiedProof": "verify.proof",
    "VerifierChildren": "verify.isolation",
    # Ask a proof engine: registry, policy, evidence, verifiers in processes of their own.
    "open_engine": "node.engine",
    "Engine": "node.engine",
    "EngineSettings": "node.engine_settings",
    "EvidenceSettings": "node.engine_settings",
    "RegistrySource": "node.engine_programs",
    "ProfileId": "types.programs",
    "ProofType": "types.ids",
    "ChainId": "types.ids",
    "PublicValues": "types.wire",
    "ProofVerdict": "spec.verdicts",
    "Verified": "spec.verdicts",
    "Refused": "spec.verdicts",
    "NotChecked": "spec.verdicts",
    # Ask a foreign ere-server.
    "EreClient": "rpc.ere",
    "EreError": "types.ere",
    "EreLimits": "rpc.ere",
    "SourceTimeout": "types.errors",
    "SourceUnavailable": "types.errors",
    # Check blocks statically.
    "check_block": "node.embed",
    "BlockPackage": "types.execution",
    "ChainView": "spec.static_block",
    "ExecutionClaim": "types.execution",
    "OSAKA": "spec.presets",
    "StaticReport": "spec.static_block",
    "WitnessAccounts": "crypto.blocks",
    "decode_header": "crypto.blocks",
    "read_block": "spec.static_block",
    "KeyCache": "crypto.keys",
    "SenderHints": "crypto.keys",
    "validate_block": "spec.static_block",
    # Attest: the machine alone, or a whole node.
    "Anchor": "machines.settings",
    "AttesterMachine": "machines.attester",
    "AttesterSettings": "machines.settings",
    "Policy": "machines.settings",
    "SlotClock": "machines.slot_clock",
    "load_config": "node.config",
    "run_node": "node.main",
    # What can go wrong.
    "CannotVerify": "spec.reasons",
    "Cause": "spec.reasons",
    "InvalidBlock": "spec.reasons",
    "InvalidProof": "spec.reasons",
    "Reason": "spec.reasons",
}

__all__ = [
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


def __getattr__(name: str) -> Any:
    """Import a public name from where it lives."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names for completion."""
    return list(__all__)
