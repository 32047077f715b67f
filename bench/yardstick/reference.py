"""What the yardstick's views share: reference data in memory, the clock, who may call, tagged replies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from flask import Response, abort, current_app, g, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.yardstick.model import Code, Field, Place

SHANGHAI = timezone(timedelta(hours=8))


def now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def today() -> date:
    """The civil date in China."""
    return datetime.now(SHANGHAI).date()


class Tree:
    """Codes with their parents."""

    def __init__(self, parents: dict[str, str | None]) -> None:
        self.above = {code: self._lineage(parents, code) for code in parents}
        self.within: dict[str, list[str]] = {code: [] for code in parents}
        for code, lineage in self.above.items():
            for ancestor in lineage:
                self.within[ancestor].append(code)

    @staticmethod
    def _lineage(parents: dict[str, str | None], code: str) -> list[str]:
        found = [code]
        while (parent := parents[found[-1]]) is not None:
            found.append(parent)
        return found

    def __contains__(self, code: str) -> bool:
        return code in self.above

    def without_ancestors(self, codes: list[str]) -> list[str]:
        """`codes` without those that are ancestors of others."""
        covered = {ancestor for code in codes for ancestor in self.above[code][1:]}
        return [code for code in dict.fromkeys(codes) if code not in covered]


class Reference:
    """Places, fields and code lists."""

    def __init__(self, session: Session) -> None:
        places = session.execute(select(Place.code, Place.name, Place.parent, Place.level)).all()
        self.levels = {row.code: row.level for row in places}
        self.places = Tree({row.code: row.parent for row in places})
        fields = session.execute(select(Field.tag, Field.name, Field.parent)).all()
        self.fields = Tree({row.tag: row.parent for row in fields})
        codes = session.execute(select(Code.list, Code.code, Code.name, Code.parent)).all()
        self.codes = {(row.list, row.code): row.parent for row in codes}
        types = {row.code: row.name for row in codes if row.list == "contract_type"}
        self.names = {**{row.code: row.name for row in places}, **{row.tag: row.name for row in fields}, **types}

    def at_level(self, place: str | None, level: str) -> str | None:
        """The division of `level` in which `place` lies."""
        lineage = self.places.above[place] if place else []
        return next((code for code in lineage if self.levels[code] == level), None)


def reference() -> Reference:
    """The reference data, read once per process."""
    kept = current_app.extensions.get("reference")
    if kept is None:
        kept = current_app.extensions["reference"] = Reference(g.session)
    return kept


def allow(*roles: str) -> None:
    """Refuse callers of other roles."""
    if g.caller is None:
        abort(401)
    if g.caller.role not in roles:
        abort(403)


def tagged(body: dict[str, Any]) -> Response:
    """A reply with an entity tag, or 304."""
    response = jsonify(body)
    response.add_etag()
    return response.make_conditional(request)


def created(body: dict[str, Any], location: str) -> Response:
    """The reply to a create."""
    response = jsonify(body)
    response.status_code = 201
    response.headers["Location"] = location
    response.add_etag()
    return response
