"""The kind of an answer is what its asker likes best."""

import pytest

from zkattest.api.operations import JSON, OCTETS, accepted


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", JSON),
        ("", JSON),
        ("application/octet-stream", OCTETS),
        ("application/octet-stream;q=1.0,application/json;q=0.9", OCTETS),
        ("application/octet-stream;q=0.1, application/json", JSON),
        ("application/*", JSON),
        ("application/json;q=0, */*", OCTETS),
        ("application/json;q=2", JSON),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
        ("text/*;q=0.5, APPLICATION/JSON", JSON),
    ],
)
def test_accept__chooses(accept, chosen):
    assert accepted(accept, (JSON, OCTETS)) == chosen
