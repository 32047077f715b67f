"""Do the two services do the same work? Their answers to the measured questions are compared before anything is measured."""

from __future__ import annotations

from typing import Any

from bench.data import Market
from bench.measure import ROLL_UP, rows
from bench.services import Request, Service

MEASURES = ("deals", "total_amount", "tech_amount")


class DifferentAnswers(Exception):
    """The services do not do the same work, so their costs say nothing."""


def check_same(subject: Service, yardstick: Service, market: Market) -> int:
    """Raise unless both answer alike: same demands in lists, same values, same groups, same fields. Answers the groups."""
    makers = rows(market)
    for tag, place in market.questions():
        pages = [
            service.answer(Request("GET", f"/v1/demands?field={tag}&place={place}&limit=20", "enterprise1"))["items"]
            for service in (subject, yardstick)
        ]
        if len(pages[1]) < 20:
            raise DifferentAnswers(f"{tag} in {place} does not fill a page at {yardstick.loaded.size}")
        for first, second in zip(*pages, strict=True):
            _alike("list", first, second)
    for turn in range(20):
        request = makers["get"](subject.loaded.size, turn)
        _alike("get", subject.answer(request), yardstick.answer(request))
    for name in ("post", "register"):
        request = makers[name](subject.loaded.size, -1)
        first, second = subject.answer(request), yardstick.answer(request)
        if first.keys() != second.keys():
            raise DifferentAnswers(f"{name}: fields {sorted(first.keys() ^ second.keys())}")
    request = Request("GET", ROLL_UP, "office")
    groups = [_groups(service.answer(request)) for service in (subject, yardstick)]
    if groups[0] != groups[1]:
        raise DifferentAnswers(f"roll-up: {len(groups[0])} and {len(groups[1])} groups, or other figures")
    return len(groups[0]) - 1


def _alike(what: str, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Same fields; same values but for the owner, whose id each service gives itself."""
    if first.keys() != second.keys():
        raise DifferentAnswers(f"{what}: fields {sorted(first.keys() ^ second.keys())}")
    for name, value in first.items():
        other = second[name]
        if name == "owner":
            value, other = value and value["name"], other and other["name"]
        if value != other:
            raise DifferentAnswers(f"{what}: {name} of {first['id']} is {value!r} and {other!r}")


def _groups(answer: dict[str, Any]) -> dict[Any, list[Any]]:
    found = {tuple(sorted(group["key"].items())): [group[name] for name in MEASURES] for group in answer["groups"]}
    return found | {"totals": [answer["totals"][name] for name in MEASURES]}
