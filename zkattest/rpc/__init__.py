"""
Ask other programs by HTTP: execution clients, remote signers; nothing they answer is trusted.

May import ports and everything below; never a sibling shell.
"""

from zkattest.rpc.bounded_http import parse_url
from zkattest.rpc.client import RpcLimits
from zkattest.rpc.execution import ExecutionClient
from zkattest.rpc.web3signer import RemoteSigner, SignerLimits

__all__ = ["ExecutionClient", "RemoteSigner", "RpcLimits", "SignerLimits", "parse_url"]
