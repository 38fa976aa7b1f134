"""
Answer operators over HTTP/1.1; the only importer of h11.

May import `ports`, `telemetry` and everything below; never a sibling shell.
"""

from zkattest.api.answers import Answer, json_answer
from zkattest.api.http1 import HttpLimits, HttpServer, Page
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
