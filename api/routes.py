"""How a route is declared and run: parse → gate → unit of work → dump. A capability's `routes.py` holds one `Routes`.

    routes = Routes("listings")

    @routes.create("/v1/demands", body=DemandIn, reply=ListingOut)
    @allow(Permission.POST_DEMAND)
    def post_demand(unit, body): ...

Kinds: `get` (one thing), `list` (keyset page), `file` (not JSON), `ask` (a POST that only reads), `create` (POST, 201,
Idempotency-Key), `upload` (a POST of bytes, 201), `change` (If-Match demanded).
The view gets the unit, the path's values, and `body`, `query` or `expected` (the version of If-Match, None for `*`) by name,
an upload `query` and `content`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from flask import Flask, Response, request
from marshmallow import ValidationError, fields

from api import gate
from api.problems import BadRequest
from api.schema import Identifier, Input, Output, Whole, dumper, field_errors
from market.access import PUBLIC, Actor, Permission
from market.errors import FieldError, NotFound, Stale
from market.store import idempotency
from market.store.paging import MAX_LIMIT, Page
from market.store.session import Unit

View = TypeVar("View", bound=Callable[..., Any])

_PATH_VALUE = re.compile(r"[\x21-\x7e]{1,80}\Z")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")
_VERSION_TAG = re.compile(r'"v(\d{1,9})-[0-9a-f]{16}"\Z')


Judge = Callable[[Unit, Mapping[str, Any]], list[FieldError]]
"""What the market finds wrong in the fields of a body that the schema let pass."""


class Number(Whole):
    """A whole number in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(int(value), attr, data, **rest)


class ListQuery(Input):
    """What every list takes."""

    limit = Number(1, MAX_LIMIT, load_default=20, metadata={"description": "Items a page."})
    cursor = Identifier(1000, load_default=None, metadata={"description": "`next` of the page before."})


@dataclass(frozen=True)
class Created:
    """Reply of a create: the representation's row and where it now lives."""

    row: Mapping[str, Any]
    location: str


@dataclass(frozen=True)
class Accepted:
    """Reply of a change that somebody else must complete: the row as it stands until then."""

    row: Mapping[str, Any]


@dataclass(frozen=True)
class Tagged:
    """A read whose entity tag is known without dumping it (see `unless_matched`)."""

    row: Mapping[str, Any]
    tag: str


@dataclass(frozen=True)
class File:
    """A reply that is no JSON: its bytes, the entity tag if it is known beforehand, and headers of its own."""

    content: bytes
    tag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NotModified(Exception):
    """The client already has the representation with this tag."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


@dataclass(frozen=True)
class Operation:
    """One declared route, as the URL map and `openapi.yaml` need it."""

    kind: str
    method: str
    path: str
    view: Callable[..., Any]
    body: type[Input] | None
    query: type[Input] | None
    reply: type[Output] | None
    snapshot: bool | str
    secret: bool
    judge: Judge | None
    capability: str
    media: str | None = None
    most: int | None = None
    """Bytes of a body that are read, if more than usual."""
    deferred: bool = False
    """May it answer `Accepted`?"""

    @property
    def needs_body(self) -> bool:
        """Must a body be sent? A step (`change` by POST) whose every word is optional goes without."""
        step = self.kind == "change" and self.method == "POST"
        return self.body is not None and not (step and not any(f.required for f in self.body().fields.values()))

    @property
    def permission(self) -> Permission | None:
        """What the caller needs; None: public."""
        found: Permission | None = self.view.permission  # type: ignore[attr-defined]
        return found


class Routes:
    """The routes of one capability."""

    def __init__(self, capability: str) -> None:
        self.capability = capability
        self.operations: list[Operation] = []

    def get(
        self, path: str, *, reply: type[Output], query: type[Input] | None = None, snapshot: bool = False
    ) -> Callable[[View], View]:
        """One thing. `snapshot`: the view runs several statements that must see one state."""
        return self._declare("get", "GET", path, query=query, reply=reply, snapshot=snapshot)

    def list(
        self, path: str, *, item: type[Output], query: type[ListQuery] = ListQuery, snapshot: bool | str = False
    ) -> Callable[[View], View]:
        """A page of things; the view answers a `Page`. `snapshot` may name the one parameter that needs it."""
        return self._declare("list", "GET", path, query=query, reply=item, snapshot=snapshot)

    def file(
        self, path: str, *, media: str, query: type[Input] | None = None, snapshot: bool = False
    ) -> Callable[[View], View]:
        """A reply of another media type than JSON; the view answers a `File`."""
        return self._declare("file", "GET", path, query=query, media=media, snapshot=snapshot)

    def ask(self, path: str, *, reply: type[Output], body: type[Input] | None = None) -> Callable[[View], View]:
        """A question that takes a body; nothing is written."""
        return self._declare("ask", "POST", path, body=body, reply=reply, snapshot=True)

    def upload(self, path: str, *, query: type[Input], reply: type[Output], most: int) -> Callable[[View], View]:
        """A file as the plain body, `most` bytes at most; the view answers `Created`."""
        return self._declare("upload", "POST", path, query=query, reply=reply, most=most)

    def create(
        self,
        path: str,
        *,
        reply: type[Output],
        body: type[Input] | None = None,
        secret: bool = False,
        judge: Judge | None = None,
    ) -> Callable[[View], View]:
        """A new thing; the view answers `Created`. `secret`: the reply holds one, so it is never stored for a replay.

        `judge` is asked when the schema refuses some fields, so that those wrong by a rule are named with them.
        """
        return self._declare("create", "POST", path, body=body, reply=reply, secret=secret, judge=judge)

    def change(
        self,
        path: str,
        *,
        reply: type[Output],
        method: str = "POST",
        body: type[Input] | None = None,
        deferred: bool = False,
    ) -> Callable[[View], View]:
        """A change of an existing thing under If-Match; the view answers the new row, if `deferred` perhaps as `Accepted`."""
        return self._declare("change", method, path, body=body, reply=reply, deferred=deferred)

    def _declare(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        reply: type[Output] | None = None,
        body: type[Input] | None = None,
        query: type[Input] | None = None,
        snapshot: bool | str = False,
        secret: bool = False,
        judge: Judge | None = None,
        media: str | None = None,
        most: int | None = None,
        deferred: bool = False,
    ) -> Callable[[View], View]:
        def declare(view: View) -> View:
            if not hasattr(view, "permission"):
                raise TypeError(f"{method} {path}: declare @allow(...) or @public")
            self.operations.append(
                Operation(
                    kind,
                    method,
                    path,
                    view,
                    body,
                    query,
                    reply,
                    snapshot,
                    secret,
                    judge,
                    self.capability,
                    media,
                    most,
                    deferred,
                )
            )
            return view

        return declare


def mount(app: Flask, routes: Routes) -> None:
    """Put a capability's routes into the application's URL map."""
    for operation in routes.operations:
        run = _runner(operation)
        endpoint = f"{operation.capability}.{operation.view.__name__}"
        app.add_url_rule(operation.path, endpoint, run, methods=[operation.method])


def _runner(operation: Operation) -> Callable[..., Response]:
    run = {"ask": _ask}.get(operation.kind, _read if operation.method == "GET" else _write)

    def view(**path: str) -> Response:
        if not all(_PATH_VALUE.match(value) for value in path.values()):
            raise NotFound("There is nothing here.")
        return run(operation, path)

    return view


def _read(operation: Operation, path: dict[str, str]) -> Response:
    database = gate.database()
    needed = operation.snapshot
    opened = database.snapshot if needed in request.args or needed is True else database.read
    with opened(PUBLIC) as unit:
        unit.actor = gate.identify(unit)
        gate.admit(unit.actor, operation.permission)
        given: dict[str, Any] = dict(path)
        if operation.query is not None:
            given["query"] = parse_query(operation.query)
        elif request.args:
            raise _unknown_parameters(request.args)
        try:
            answer = operation.view(unit, **given)
        except NotModified as same:
            return _not_modified(same.tag)
    file = answer if isinstance(answer, File) else _as_json(operation, answer)
    tag = file.tag or _digest_tag(file.content)
    if request.if_none_match.contains_weak(tag.strip('"')):
        return _not_modified(tag)
    response = Response(file.content, content_type=operation.media or "application/json")
    response.headers["ETag"] = tag
    response.headers.update(file.headers)
    return response


def _as_json(operation: Operation, answer: Any) -> File:
    dump = dumper(operation.reply)
    if isinstance(answer, Page):
        link = _next_link(answer.next)
        content = orjson.dumps({"items": [dump(row) for row in answer.rows], "next": answer.next})
        return File(content, headers={"Link": link} if link else {})
    if isinstance(answer, Tagged):
        return File(orjson.dumps(dump(answer.row)), answer.tag)
    content = orjson.dumps(dump(answer))
    link = _next_link(answer.get("next")) if isinstance(answer, Mapping) else None
    return File(content, _version_tag(answer, content), {"Link": link} if link else {})


def _ask(operation: Operation, path: dict[str, str]) -> Response:
    with gate.database().snapshot(PUBLIC) as unit:
        unit.actor = gate.identify(unit)
        gate.admit(unit.actor, operation.permission)
        given = _given(operation, unit.actor, path, request.get_data())
        answer = operation.view(unit, **given)
    return Response(orjson.dumps(dumper(operation.reply)(answer)), mimetype="application/json")


def _given(operation: Operation, actor: Actor, path: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """What a view that takes a body is given beside the unit."""
    given: dict[str, Any] = dict(path)
    if operation.query is not None:
        given["query"] = parse_query(operation.query)
    elif request.args:
        raise _unknown_parameters(request.args)
    if operation.kind == "change":
        given["expected"] = _expected_version()
    if operation.kind == "upload":
        given["content"] = raw
    elif operation.body is not None:
        given["body"] = parse_body(operation, actor, raw)
    elif raw:
        raise BadRequest(400, "unexpected-body", "This takes no body.")
    return given


def _write(operation: Operation, path: dict[str, str]) -> Response:
    database = gate.database()
    with database.read(PUBLIC) as reading:
        actor = gate.identify(reading)
    gate.admit(actor, operation.permission)
    if operation.most is not None:
        request.max_content_length = operation.most
    raw = request.get_data()
    given = _given(operation, actor, path, raw)
    key = _idempotency_key(operation)
    scope = f"{actor.organisation or 'public'} {_short(f'{request.method} {request.path}'.encode())}"

    def work(unit: Unit) -> idempotency.KeptReply:
        unit.version = reading.version
        if key is not None:
            kept = idempotency.claim(unit, scope, key, hashlib.sha256(raw).digest())
            if kept is not None:
                return kept
        reply = _dump_write(operation, operation.view(unit, **given))
        if key is not None and not operation.secret:
            idempotency.keep(unit, scope, key, reply)
        return reply

    kept = database.write(actor, work)
    response = Response(kept.reply, kept.status, mimetype="application/json")
    if kept.location:
        response.headers["Location"] = kept.location
    if kept.etag:
        response.headers["ETag"] = kept.etag
    if operation.secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _dump_write(operation: Operation, answer: Any) -> idempotency.KeptReply:
    row = answer.row if isinstance(answer, Created | Accepted) else answer
    content = orjson.dumps(dumper(operation.reply)(row))
    location = answer.location if isinstance(answer, Created) else None
    status = 201 if location else 202 if isinstance(answer, Accepted) else 200
    return idempotency.KeptReply(status, location, _version_tag(row, content), content)


def parse_query(schema: type[Input]) -> dict[str, Any]:
    """The query string by its schema; unknown and repeated parameters are errors."""
    loader = _loader(schema)
    several = {name for name, field in loader.fields.items() if isinstance(field, fields.List)}
    repeated = [
        {"in": "query", "pointer": f"/{name}", "code": "repeated", "message": "Give this parameter once."}
        for name, values in request.args.lists()
        if len(values) > 1 and name in loader.fields and name not in several
    ]
    if repeated:
        raise BadRequest(422, "invalid", "The request has wrong fields.", repeated)
    given = {name: values if name in several else values[0] for name, values in request.args.lists()}
    return _load(loader, given, "query")


def parse_body(operation: Operation, actor: Actor, raw: bytes) -> dict[str, Any]:
    """The JSON body by its schema; a step that needs nothing in it may come without one."""
    loader = _loader(operation.body)
    if not raw and not operation.needs_body:
        return _load(loader, {}, "body")
    if request.mimetype != "application/json":
        raise BadRequest(415, "unsupported-media-type", "The body must be application/json.")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(400, "malformed-json", f"The body is not JSON: {error}.") from None
    return _load(loader, data, "body", lambda valid: _judged(operation, actor, valid))


def _judged(operation: Operation, actor: Actor, valid: Mapping[str, Any]) -> list[FieldError]:
    if operation.judge is None:
        return []
    with gate.database().snapshot(actor) as unit:
        return operation.judge(unit, valid)


@cache
def _loader(schema: type[Input]) -> Input:
    """One instance for all requests: loading keeps no state in it, making it copies every field."""
    return schema()


def _load(
    loader: Input, data: Any, where: str, judge: Callable[[Mapping[str, Any]], list[FieldError]] | None = None
) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = loader.load(data)
    except ValidationError as error:
        found = field_errors(error.normalized_messages())
        if judge is not None and isinstance(data, dict):
            found += [vars(more) for more in judge(_unrefused(loader, error.valid_data, found)) if _is_new(more, found)]
        raise BadRequest(
            422, "invalid", "The request has wrong fields.", [{"in": where, **item} for item in found]
        ) from None
    return loaded


def _unrefused(loader: Input, valid: Any, found: list[dict[str, str]]) -> dict[str, Any]:
    """The fields of a body in which the schema found nothing wrong."""
    refused = {item["pointer"].split("/")[1] for item in found if item["pointer"]}
    names = {field.attribute or name for name, field in loader.fields.items() if (field.data_key or name) in refused}
    return {name: value for name, value in valid.items() if name not in names}


def _is_new(more: FieldError, found: list[dict[str, str]]) -> bool:
    """A field the schema refused is not named a second time."""
    return all(more.pointer.split("/")[1] != item["pointer"].split("/")[1] for item in found if item["pointer"])


def unless_matched(tag: str) -> None:
    """Stop with 304 if the client's If-None-Match holds this tag (before any work is done)."""
    if request.if_none_match.contains_weak(tag.strip('"')):
        raise NotModified(tag)


def _expected_version() -> int | None:
    header = request.headers.get("If-Match")
    if header is None:
        raise BadRequest(428, "precondition-required", "Send If-Match with the ETag you last read.")
    if header.strip() == "*":
        return None
    match = _VERSION_TAG.match(header.strip().removeprefix("W/"))  # a compressing proxy weakens tags
    if match is None:
        raise Stale("If-Match is not the ETag of a present version.")
    return int(match[1])


def _idempotency_key(operation: Operation) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or operation.kind != "create":
        return None
    if not _IDEMPOTENCY_KEY.match(key):
        message = "1 to 200 printable ASCII characters without spaces."
        found = [{"in": "header", "pointer": "/Idempotency-Key", "code": "bad-format", "message": message}]
        raise BadRequest(422, "invalid", "The Idempotency-Key is not usable.", found)
    return key


def _unknown_parameters(given: Mapping[str, str]) -> BadRequest:
    found = [
        {"in": "query", "pointer": f"/{name}", "code": "unknown-field", "message": "There is no such parameter."}
        for name in given
    ]
    return BadRequest(422, "invalid", "The request has wrong fields.", found)


def _short(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _digest_tag(content: bytes) -> str:
    return f'"{_short(content)}"'


def _version_tag(row: Mapping[str, Any], content: bytes) -> str:
    """The tag of a representation; If-Match compares its version, If-None-Match the whole."""
    version = row.get("version") if isinstance(row, Mapping) else None
    return _digest_tag(content) if version is None else f'"v{version}-{_short(content)}"'


def _not_modified(tag: str) -> Response:
    response = Response(status=304)
    response.headers["ETag"] = tag
    return response


def _next_link(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f'<{request.path}?{urlencode([*pairs, ("cursor", cursor)])}>; rel="next"'
