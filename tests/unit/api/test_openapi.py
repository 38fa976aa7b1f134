"""The document says what is served."""

import json

from tests.helpers.asked import ask
from tests.helpers.service import open_gate
from tests.helpers.stand_in_engine import StandInEngine
from tests.unit.api.test_jwt_auth import NOW_S, SECRET
from zkattest.api.jwt_auth import JwtGuard


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
