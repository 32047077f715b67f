"""`openapi.yaml`, generated from the declared routes and the hand-written schemas; `make openapi` writes it, a test holds it.

Run `python -m api.openapi` to print it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter
from marshmallow import fields

from api.app import all_routes
from api.routes import Operation
from api.schema import Day, Identifier, Input, Many, Moment, Output, Plain, Text, Yuan

MONEY = r"^-?[0-9]+\.[0-9]{2}$"
AMOUNT = r"^[0-9]+(\.[0-9]{1,2})?$"

_INTRODUCTION = """An open technology market (技术市场): achievements, demands, matches with reasons, the register of
technology contracts, and the figures that follow from it at once.

Keys: `Authorization: Bearer tmk_…`. Money: yuan strings with two decimals. Instants: RFC 3339 UTC; civil dates: Asia/Shanghai.
Errors: `application/problem+json` with every wrong field. Every creating POST accepts `Idempotency-Key`; every change needs
`If-Match`. Lists are pages: follow `next`."""

_REPLIES = {
    "400": "The request is not well-formed.",
    "401": "A valid key is needed.",
    "403": "The role of this key may not do this.",
    "404": "There is no such thing, or the caller may not know of it.",
    "409": "The present state does not allow it.",
    "412": "It has changed since it was read.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "422": "Fields are wrong, or a rule is broken.",
    "428": "If-Match is missing.",
    "429": "Asked too often from this address; Retry-After says when again.",
    "503": "The store does not answer, or the outcome is unknown.",
}


def build() -> dict[str, Any]:
    """The whole description as a plain dictionary."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: _name(schema))
    spec = APISpec("Technology market", "1", "3.1.0", plugins=[plugin], info={"description": _INTRODUCTION})
    converter = plugin.converter
    assert converter is not None
    converter.add_attribute_function(_describe)
    spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problem", _PROBLEM)
    for status, text in _REPLIES.items():
        spec.components.response(f"Problem{status}", {"description": text, "content": _problem_content()})
    for operation in _operations():
        for schema in (operation.body, operation.reply):
            if schema is not None and _name(schema) not in spec.components.schemas:
                spec.components.schema(_name(schema), schema=schema)
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
        spec.path(path, operations={operation.method.lower(): _operation(operation, converter)})
    described: dict[str, Any] = spec.to_dict()
    return described


def _operations() -> Iterator[Operation]:
    for routes in all_routes():
        yield from routes.operations


def _name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema")


def _operation(operation: Operation, converter: OpenAPIConverter) -> dict[str, Any]:
    summary, _, description = (operation.view.__doc__ or operation.view.__name__).strip().partition("\n")
    made: dict[str, Any] = {
        "operationId": operation.view.__name__,
        "tags": [operation.capability],
        "summary": summary.strip(),
        "parameters": list(_parameters(operation, converter)),
        "responses": _responses(operation),
    }
    if description.strip():
        made["description"] = re.sub(r"\n\s+", "\n", description.strip())
    made["security"] = [{"key": []}] if operation.permission else [{}, {"key": []}]
    if operation.body is not None:
        content = {"application/json": {"schema": _reference(operation.body)}}
        made["requestBody"] = {"required": operation.needs_body, "content": content}
    if operation.kind == "upload":
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        made["requestBody"] = {"required": True, "content": content}
    return made


def _reference(schema: type[Input] | type[Output]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{_name(schema)}"}


def _parameters(operation: Operation, converter: OpenAPIConverter) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"<(?:\w+:)?(\w+)>", operation.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,80}$"},
        }
    query = operation.query
    if query is not None:
        for name, field in query().fields.items():
            schema = converter.field2property(field)
            description = schema.pop("description", None)
            parameter = {"name": name, "in": "query", "required": field.required, "schema": schema}
            yield {**parameter, "description": description} if description else parameter
    yield {
        "name": "Accept-Language",
        "in": "header",
        "schema": {"type": "string"},
        "description": "zh (default) or en, for labels.",
    }
    if operation.kind == "create":
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
            "description": "The same key and body get the same reply again.",
        }
    if operation.kind == "change":
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "The ETag last read, or `*`.",
        }


def _responses(operation: Operation) -> dict[str, Any]:
    schema: dict[str, Any] = _reference(operation.reply) if operation.reply else {}
    if operation.kind == "list":
        schema = {
            "type": "object",
            "required": ["items", "next"],
            "additionalProperties": False,
            "properties": {
                "items": {"type": "array", "items": schema},
                "next": {"type": ["string", "null"], "description": "Cursor of the next page."},
            },
        }
    headers: dict[str, Any] = {"ETag": {"schema": {"type": "string"}}}
    if operation.kind in ("create", "upload"):
        headers["Location"] = {"schema": {"type": "string"}}
    if operation.kind == "list":
        headers["Link"] = {"schema": {"type": "string"}, "description": 'The next page, `rel="next"`.'}
    media = (operation.media or "application/json").partition(";")[0]
    success = "201" if operation.kind in ("create", "upload") else "200"
    word = {"201": "Created.", "200": "Done."}[success]
    found: dict[str, Any] = {success: {"description": word, "headers": headers, "content": {media: {"schema": schema}}}}
    if operation.deferred:
        found["202"] = {**found[success], "description": "Taken; somebody else must complete it."}
    statuses = ["401", "404", "422", "503"]
    if operation.permission:
        statuses.append("403")
    if getattr(operation.view, "limited", False):
        statuses.append("429")
    if operation.method == "GET":
        found["304"] = {"description": "The client's copy is current."}
    else:
        statuses += ["400", "409", "413"]
    if operation.body is not None:
        statuses.append("415")
    if operation.kind == "change":
        statuses += ["400", "412", "428"]
    found.update({status: {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(set(statuses))})
    return found


def _describe(converter: OpenAPIConverter, field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What apispec can't know of our own fields."""
    output = field.parent is not None and isinstance(field.root, Output)
    if isinstance(field, Yuan):
        return _typed(field, "string", pattern=MONEY if output else AMOUNT, example="120000.00")
    if isinstance(field, Moment):
        return _typed(field, "string", format="date-time")
    if isinstance(field, Day):
        return _typed(field, "string", format="date")
    if isinstance(field, Identifier):
        return {"pattern": r"^[\x21-\x7e]+$"}
    if isinstance(field, Text):
        return {}
    if isinstance(field, Plain):
        shape = field.metadata.get("schema")
        return dict(shape) if shape else {}
    if isinstance(field, Many) and output:
        return {"type": ["array", "null"] if field.allow_none else "array"}
    return {}


def _typed(field: fields.Field[Any], kind: str, **rest: Any) -> dict[str, Any]:
    return {"type": [kind, "null"] if field.allow_none else kind, **rest}


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "errors", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; made for programs."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Every wrong field.",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "code", "message"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "header"]},
                    "pointer": {"type": "string", "description": "JSON pointer."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "request_id": {"type": ["string", "null"]},
    },
}


def _problem_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def text() -> str:
    """The description as YAML, in a stable order."""
    return yaml.safe_dump(build(), allow_unicode=True, sort_keys=True, width=120)


if __name__ == "__main__":
    sys.stdout.write(text())
