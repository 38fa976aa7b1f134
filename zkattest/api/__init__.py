"""
Answer operators over HTTP/1.1; the only importer of h11.

May import `ports`, `telemetry` and everything below; never a sibling shell.
"""

from zkattest.api.http1 import Answer, HttpLimits, HttpServer, Page, json_answer

__all__ = ["Answer", "HttpLimits", "HttpServer", "Page", "json_answer"]
