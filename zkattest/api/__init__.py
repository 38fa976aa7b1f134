"""
Answer over HTTP/1.1: a node's operators, and the clients of a proof engine.

The only importer of h11, Starlette, pydantic and PyJWT. `server`, `connection` and `limits` are the
server; `pages` and `uploads` stand beside a node; the rest are the dialects of `engine_service`.

May import `ports`, `telemetry` and everything below; never a sibling shell.
"""

from zkattest.api.answers import Answer, json_answer
from zkattest.api.pages import HttpLimits, HttpServer, Page
from zkattest.api.uploads import Body, Upload, failure

__all__ = [
    "Answer",
    "Body",
    "HttpLimits",
    "HttpServer",
    "Page",
    "Upload",
    "failure",
    "json_answer",
]
