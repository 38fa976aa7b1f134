"""
Ask other programs by HTTP: execution clients, beacon nodes, remote signers.

Nothing they answer is trusted beyond what it was asked for. May import ports and everything below;
never a sibling shell.
"""

from zkattest.rpc.beacon import BeaconLimits, BeaconNode
from zkattest.rpc.beacon_chain import BeaconChain, BeaconHead, Checkpoint
from zkattest.rpc.bounded_http import parse_url
from zkattest.rpc.client import RpcLimits
from zkattest.rpc.ere import EreClient, EreLimits
from zkattest.rpc.execution import ExecutionClient
from zkattest.rpc.proof_desk import DeskAnswer, ProofDesk
from zkattest.rpc.validators import CachedValidatorView
from zkattest.rpc.web3signer import RemoteSigner, SignerLimits

__all__ = [
    "BeaconChain",
    "BeaconHead",
    "BeaconLimits",
    "BeaconNode",
    "CachedValidatorView",
    "Checkpoint",
    "DeskAnswer",
    "EreClient",
    "EreLimits",
    "ExecutionClient",
    "ProofDesk",
    "RemoteSigner",
    "RpcLimits",
    "SignerLimits",
    "parse_url",
]
