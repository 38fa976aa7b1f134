"""Write the OpenAPI document of operations, from the models that read and write their bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from zkattest.api.errors import error_answers
from zkattest.api.openapi_texts import ABOUT, TAGS, tag_of, text_of
from zkattest.api.operations import (
    JSON,
    Answered,
    Call,
    NoFields,
    Operation,
    Raw,
    Shape,
)

PATH: Final = "/openapi.json"
_REFERENCE: Final = "#/components/schemas/{model}"
_NO_TOKEN: Final = 401
# What every route may answer, whatever it does.
_EVERYWHERE: Final = error_answers(400, 401, 429, 500)
_WITH_BODY: Final = error_answers(403, 408, 413, 415, 503)


def document(
    operations: Sequence[Operation],
    *,
    version: str,
    has_token: bool,
    models: Iterable[type[BaseModel]] = (),
) -> dict[str, Any]:
    """
    Describe operations in OpenAPI 3.1.

    `models` are those that only raw schemas name.
    """
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, has_token=has_token
        )
    components: dict[str, Any] = {"schemas": _schemas([*_models(operations), *models])}
    if has_token:
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "zkattest proof engine",
            "version": version,
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "tags": [
            {"name": name, "description": text}
            for name, text in TAGS.items()
            if name in {tag_of(path) for path in paths}
        ],
        "paths": paths,
        "components": components,
    }


def document_operation(text: bytes) -> Operation:
    """Describe the route that a document is served at."""

    async def handle(_call: Call[NoFields, NoFields]) -> Response:
        return Response(text, media_type=JSON)

    return Operation(
        "GET",
        PATH,
        "openapi",
        "Get this document",
        handle,
        {200: Answered("The document.", {JSON: Raw({"type": "object"})})},
        is_open=True,
    )


def as_json(value: Mapping[str, Any]) -> bytes:
    """Write a document as text."""
    return bytes(JSONResponse(dict(value)).body)


def _operation(operation: Operation, *, has_token: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [tag_of(operation.path)],
        "responses": {
            str(status): _answer(answer) for status, answer in sorted(_answers(operation).items())
        },
    }
    if operation.description:
        described["description"] = operation.description
    parameters = [
        *_parameters(operation.path_fields, "path"),
        *_parameters(operation.query, "query"),
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": _content(operation.body.shapes),
            "description": "At most "
            + ", ".join(
                f"{size} bytes of {kind}" for kind, size in operation.body.max_bytes.items()
            )
            + ".",
        }
    if has_token:
        described["security"] = [] if operation.is_open else [{"token": []}]
    return described


def _answers(operation: Operation) -> dict[int, Answered]:
    common = _EVERYWHERE | (_WITH_BODY if operation.body is not None else error_answers(413))
    if operation.is_open:
        common = {status: answer for status, answer in common.items() if status != _NO_TOKEN}
    return {**common, **operation.answers}


def _answer(answer: Answered) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.shapes:
        described["content"] = _content(answer.shapes)
    return described


def _content(shapes: Mapping[str, Shape]) -> dict[str, Any]:
    return {kind: {"schema": _schema(shape)} for kind, shape in shapes.items()}


def _schema(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Raw):
        return dict(shape.schema)
    return {"$ref": _REFERENCE.format(model=shape.__name__)}


def _parameters(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    required = set(schema.get("required", ()))
    described = []
    for name, field in schema.get("properties", {}).items():
        shape = {key: value for key, value in field.items() if key not in ("title", "default")}
        # What may be left out is null to Python; a query cannot say null.
        options = [one for one in shape.pop("anyOf", []) if one != {"type": "null"}]
        shape |= options[0] if options else {}
        parameter = {"name": name, "in": place, "required": name in required, "schema": shape}
        brought = shape.pop("description", None)
        if description := brought or text_of(model.__name__, name):
            parameter["description"] = description
        described.append(parameter)
    return described


def _models(operations: Sequence[Operation]) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    for operation in operations:
        shapes = [
            shape for answer in _answers(operation).values() for shape in answer.shapes.values()
        ]
        shapes += operation.body.shapes.values() if operation.body is not None else ()
        found |= {shape: None for shape in shapes if isinstance(shape, type)}
    return list(found)


def _schemas(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    unique = list(dict.fromkeys(models))
    _, written = models_json_schema(
        [(model, "validation") for model in unique], ref_template=_REFERENCE
    )
    schemas: dict[str, Any] = written.get("$defs", {})
    for model, schema in schemas.items():
        for name, field in schema.get("properties", {}).items():
            if "description" not in field and (text := text_of(model, name)):
                field["description"] = text
    return schemas
