"""Statistics (统计): counts and values of deals by any cut, and official figures beside the computed ones."""

from __future__ import annotations

from typing import Any

from flask import current_app

from api.gate import allow, language, public
from api.routes import Routes, Tagged, unless_matched
from api.statistics.schemas import (
    AdjustmentsOut,
    AdjustmentsQuery,
    DealsOut,
    DealsQuery,
    PublishedFigureOut,
    PublishedQuery,
)
from api.statistics.target_schemas import ReportedIn, ReportedOut, TargetsOut, TargetsQuery
from market.access import Permission
from market.statistics.adjustments import adjustments, span
from market.statistics.answers import Reader, answer, answer_tag, reader_for
from market.statistics.points import point_for_all
from market.statistics.published import page_of_published
from market.statistics.question import ask
from market.statistics.targets import report, reported_of, standing
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("statistics")


def _reader(unit: Unit) -> Reader:
    return reader_for(unit.actor, language(), current_app.extensions["settings"].small_cell)


@routes.get("/v1/statistics/deals", query=DealsQuery, reply=DealsOut, snapshot=True)
@public
def count_deals(unit: Unit, query: dict[str, Any]) -> Tagged:
    """Deals and their value by place, kind, field and period.

    Counts every live contract by date of registration, on a basis relative to a region. Amounts of cells of very few contracts
    are shown to offices, statisticians and auditors only. The ETag changes with the register, not with the hour; under `as_of`
    totals and groups never change again.
    """
    as_of = query.pop("as_of")
    question, reader = ask(unit, **query), _reader(unit)
    at = point_for_all(unit, as_of, current_app.extensions["settings"].public_as_of)
    tag = answer_tag(unit, question, reader, at)
    unless_matched(tag)
    return Tagged(answer(unit, question, reader, at), tag)


@routes.get("/v1/statistics/adjustments", query=AdjustmentsQuery, reply=AdjustmentsOut, snapshot=True)
@allow(Permission.SEE_SMALL_CELLS)
def list_adjustments(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """What moved a figure between two points of the journal, entry by entry.

    Every ledger line recorded after `from` and up to `to` that counts in the period, on the basis and under the filters, with
    the kind and reason of its entry. Goes on with `cursor`; name `to` if no page shall contain what comes meanwhile.
    """
    begin, end, cursor, limit = (query.pop(name) for name in ("from", "to", "cursor", "limit"))
    question, reader = ask(unit, **query), _reader(unit)
    return adjustments(unit, question, reader, span(unit, begin, end), cursor=cursor, limit=limit)


@routes.list("/v1/published-figures", item=PublishedFigureOut, query=PublishedQuery)
@public
def list_published_figures(unit: Unit, query: dict[str, Any]) -> Page:
    """Official figures as quoted, with source, and the computed figure beside each where the register can tell it."""
    at = point_for_all(unit, None, current_app.extensions["settings"].public_as_of)
    return page_of_published(unit, reader=_reader(unit), at=at, **query)


@routes.get("/v1/statistics/targets", query=TargetsQuery, reply=TargetsOut, snapshot=True)
@public
def list_targets(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """Policy targets, with progress where the register can tell it, else with the values reported elsewhere.

    A target whose source leaves the basis open shows its progress on each basis that may be meant. Computed and reported values
    never stand in one target.
    """
    at = point_for_all(unit, query["as_of"], current_app.extensions["settings"].public_as_of)
    return standing(unit, _reader(unit), at)


@routes.get("/v1/statistics/targets/<target>/reported", reply=ReportedOut)
@public
def show_reported_values(unit: Unit, target: str) -> dict[str, Any]:
    """What is reported elsewhere of one target at present."""
    return reported_of(unit, target)


@routes.change("/v1/statistics/targets/<target>/reported", method="PUT", body=ReportedIn, reply=ReportedOut)
@allow(Permission.REPORT_VALUES)
def put_reported_values(unit: Unit, target: str, body: dict[str, Any], expected: int | None) -> dict[str, Any]:
    """Replace the whole list of what is reported of a target; earlier lists stay in the journal.

    409 `computed-target` for a target that the register tells itself.
    """
    return report(unit, target, body["values"], expected)
