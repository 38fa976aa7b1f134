"""The document says what is served."""

import json

import pytest

from tests.helpers.asked import ask
from tests.helpers.service import open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.unit.api.test_jwt_auth import NOW_S, SECRET
from zkattest.api import openapi
from zkattest.api.jwt_auth import JwtGuard
from zkattest.api.operations import Operation


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


async def document(**options):
    return json.loads((await ask(StandInEngine(), "GET", "/openapi.json", **options)).content)


async def test_document__names_every_route_once():
    found = await document()
    names = {(path, method) for path, methods in found["paths"].items() for method in methods}
    assert {
        ("/", "post"),
        ("/eth/v1/beacon/execution_proofs", "post"),
        ("/eth/v1/beacon/execution_proofs/{block_id}", "get"),
        ("/v1/execution_proof_requests", "post"),
        ("/v1/execution_proof_requests", "get"),
        ("/v1/execution_proofs/{new_payload_request_root}/{proof_type}", "get"),
        ("/v1/execution_proof_verifications", "post"),
        ("/v1/proof_types", "get"),
        ("/twirp/api.ZkvmService/Verify", "post"),
        ("/programs/{program}/twirp/api.ZkvmService/Verify", "post"),
    } <= names
    ids = [one["operationId"] for methods in found["paths"].values() for one in methods.values()]
    assert len(ids) == len(set(ids))


async def test_document__refers_to_schemas_that_are_there():
    found = await document()
    schemas = found["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in references(found)} <= schemas.keys()


async def test_document__says_where_a_token_is_wanted():
    gate = open_gate(token=JwtGuard(SECRET, lambda: NOW_S))
    found = await document(gate=gate)
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert found["paths"]["/v1/proof_types"]["get"]["security"] == [{"token": []}]


async def test_document__describes_every_route_and_field():
    found = await document()
    tags = {tag["name"] for tag in found["tags"]}
    silent = []
    for path, methods in found["paths"].items():
        for method in methods.values():
            assert set(method["tags"]) <= tags
            assert method["summary"]
            silent += [
                (path, parameter["name"])
                for parameter in method.get("parameters", ())
                if not parameter.get("description")
            ]
    for name, schema in found["components"]["schemas"].items():
        assert schema["description"], name
        silent += [
            (name, field)
            for field, shape in schema.get("properties", {}).items()
            if not shape.get("description")
        ]
    assert silent == []


@pytest.mark.parametrize(("is_open", "statuses"), [(True, set()), (False, {"401"})])
def test_document__an_open_route_wants_no_token(is_open, statuses):
    route = Operation("GET", "/it", "it", "Get it", handle=None, answers={}, is_open=is_open)
    (described,) = openapi.document([route], version="1", has_token=True)["paths"].values()
    assert {status for status in described["get"]["responses"] if status == "401"} == statuses
