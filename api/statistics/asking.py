"""What the views of statistics have in common, whether JSON, file or chart: the reader, the question, its point and its tag."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import current_app

from api.gate import language
from market.statistics.answers import Reader, answer_tag, reader_for
from market.statistics.flows import sides
from market.statistics.points import Point, point_for_all
from market.statistics.question import Question, ask
from market.store.session import Unit


@dataclass(frozen=True)
class Asked:
    """A question with the point it is asked of and who reads; `tag` is that of its JSON answer."""

    question: Question
    reader: Reader
    at: Point
    tag: str


def reader(unit: Unit) -> Reader:
    """The caller as a reader of statistics."""
    return reader_for(unit.actor, language(), current_app.extensions["settings"].small_cell)


def point(unit: Unit, as_of: str | None) -> Point:
    """The point that a caller may name or gets."""
    return point_for_all(unit, as_of, current_app.extensions["settings"].public_as_of)


def asked_deals(unit: Unit, query: dict[str, Any]) -> Asked:
    """The question of a `DealsQuery`."""
    given = {name: value for name, value in query.items() if name != "as_of"}
    question, who = ask(unit, **given), reader(unit)
    at = point(unit, query["as_of"])
    question = question.to_date(at.over)
    return Asked(question, who, at, answer_tag(unit, question, who, at))


def asked_flows(unit: Unit, query: dict[str, Any]) -> Asked:
    """The question of a `FlowsQuery`."""
    given = {name: value for name, value in query.items() if name not in ("from", "to")}
    return asked_deals(unit, {**given, "by": sides(query["from"], query["to"])})


def tag_of(tag: str, *parts: object) -> str:
    """The tag of another shape of an answer with this tag."""
    return f'"{hashlib.blake2b(repr((tag, parts)).encode(), digest_size=12).hexdigest()}"'
