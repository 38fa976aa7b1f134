"""
Ask other programs by JSON-RPC; nothing that they answer is trusted.

May import ports and everything below; never a sibling shell.
"""

from zkattest.rpc.bounded_http import parse_url
from zkattest.rpc.client import RpcLimits
from zkattest.rpc.execution import ExecutionClient

__all__ = ["ExecutionClient", "RpcLimits", "parse_url"]
