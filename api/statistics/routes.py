"""Statistics (统计): counts and values of deals by any cut, and official figures beside the computed ones."""

from __future__ import annotations

from typing import Any

from api.gate import allow, public
from api.routes import File, Routes, Tagged, unless_matched
from api.statistics import exports
from api.statistics.activity_schemas import ActivityOut, ActivityQuery
from api.statistics.asking import asked_deals, asked_flows, point, reader, tag_of
from api.statistics.chart_schemas import IMAGE_HEADERS, SVG, DealsChartQuery, FlowsChartQuery
from api.statistics.flow_schemas import FlowsOut, FlowsQuery
from api.statistics.links import linked, linked_flows
from api.statistics.schemas import (
    AdjustmentsOut,
    AdjustmentsQuery,
    CountedOut,
    CountedQuery,
    DealsOut,
    DealsQuery,
    PublishedFigureOut,
    PublishedQuery,
)
from api.statistics.target_schemas import ReportedIn, ReportedOut, TargetsOut, TargetsQuery
from market.access import Permission
from market.statistics.activity import activity
from market.statistics.adjustments import adjustments, span
from market.statistics.answers import answer
from market.statistics.charts import LAYOUT, deals_chart, flows_chart
from market.statistics.drilldown import contracts_of
from market.statistics.flows import flows
from market.statistics.published import page_of_published
from market.statistics.question import ask
from market.statistics.targets import report, reported_of, standing
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("statistics")


@routes.get("/v1/statistics/deals", query=DealsQuery, reply=DealsOut, snapshot=True)
@public
def count_deals(unit: Unit, query: dict[str, Any]) -> Tagged:
    """Deals and their value by place, kind, field and period.

    Counts every live contract by date of registration, on a basis relative to a region. Amounts of cells of very few contracts
    are shown to offices, statisticians and auditors only. The ETag changes with the register, not with the hour; under `as_of`
    totals and groups never change again.
    """
    asked = asked_deals(unit, query)
    tag = tag_of(asked.tag, "deals", query["as_of"])
    unless_matched(tag)
    found = answer(unit, asked.question, asked.reader, asked.at)
    return Tagged(linked(found, asked, query["as_of"]), tag)


@routes.get("/v1/statistics/contracts", query=CountedQuery, reply=CountedOut, snapshot=True)
@public
def list_counted_contracts(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """The contracts behind a figure, as they were counted.

    Every group of `GET /v1/statistics/deals` links here. Who may not know a contract learns only that it is counted: `counted`,
    `visible` and `withheld` are right for everyone.
    """
    cursor, limit = query.pop("cursor"), query.pop("limit")
    asked = asked_deals(unit, query)
    return contracts_of(unit, asked.question, asked.reader, asked.at, cursor=cursor, limit=limit)


@routes.get("/v1/statistics/flows", query=FlowsQuery, reply=FlowsOut, snapshot=True)
@public
def count_flows(unit: Unit, query: dict[str, Any]) -> Tagged:
    """From where to where technology goes: places of sellers by places of buyers.

    A sparse matrix with its row and column sums. Under `involved` the row of a home place sums to its output and its column to
    what it absorbed, exactly. How much came from Beijing into each league: `basis=absorbed&seller_province=110000`.
    """
    asked = asked_flows(unit, query)
    tag = tag_of(asked.tag, "flows", query["as_of"])
    unless_matched(tag)
    found = flows(unit, asked.question, asked.reader, asked.at)
    return Tagged(linked_flows(found, asked, query["as_of"]), tag)


@routes.file("/v1/statistics/deals.svg", media=SVG, query=DealsChartQuery, snapshot=True)
@public
def draw_deals(unit: Unit, query: dict[str, Any]) -> File:
    """The same as `GET /v1/statistics/deals`, as a chart of one measure.

    Lines over time, bars, bars side by side, or a table of shaded figures; readable at 600 px. What is withheld is hatched.
    """
    measure = query.pop("measure")
    asked = asked_deals(unit, query)
    tag = tag_of(asked.tag, "svg", measure, LAYOUT)
    unless_matched(tag)
    found = answer(unit, asked.question, asked.reader, asked.at)
    return File(deals_chart(found, measure, asked.reader.language), tag, IMAGE_HEADERS)


@routes.file("/v1/statistics/flows.svg", media=SVG, query=FlowsChartQuery, snapshot=True)
@public
def draw_flows(unit: Unit, query: dict[str, Any]) -> File:
    """The same as `GET /v1/statistics/flows`, as a table of shaded figures of one measure."""
    measure = query.pop("measure")
    asked = asked_flows(unit, query)
    tag = tag_of(asked.tag, "svg", measure, LAYOUT)
    unless_matched(tag)
    found = flows(unit, asked.question, asked.reader, asked.at)
    return File(flows_chart(found, measure, asked.reader.language), tag, IMAGE_HEADERS)


@routes.get("/v1/statistics/adjustments", query=AdjustmentsQuery, reply=AdjustmentsOut, snapshot=True)
@allow(Permission.SEE_SMALL_CELLS)
def list_adjustments(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """What moved a figure between two points of the journal, entry by entry.

    Every ledger line recorded after `from` and up to `to` that counts in the period, on the basis and under the filters, with
    the kind and reason of its entry. Goes on with `cursor`; name `to` if no page shall contain what comes meanwhile.
    """
    begin, end, cursor, limit = (query.pop(name) for name in ("from", "to", "cursor", "limit"))
    question = ask(unit, **query)
    return adjustments(unit, question, reader(unit), span(unit, begin, end), cursor=cursor, limit=limit)


@routes.get("/v1/statistics/activity", query=ActivityQuery, reply=ActivityOut, snapshot=True)
@public
def show_activity(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """How the market does: listings, demands without an answer, and what became of interests.

    By field and league: the outcomes beside the stock, with the reasons for which talks ended. What would tell of very few
    demands or talks is withheld from all but offices, statisticians and auditors.
    """
    return activity(unit, reader(unit), **query)


@routes.list("/v1/published-figures", item=PublishedFigureOut, query=PublishedQuery, snapshot=True)
@public
def list_published_figures(unit: Unit, query: dict[str, Any]) -> Page:
    """Official figures as quoted, with source, and the computed figure beside each where the register can tell it."""
    return page_of_published(unit, reader=reader(unit), at=point(unit, None), **query)


@routes.get("/v1/statistics/targets", query=TargetsQuery, reply=TargetsOut, snapshot=True)
@public
def list_targets(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """Policy targets, with progress where the register can tell it, else with the values reported elsewhere.

    A target whose source leaves the basis open shows its progress on each basis that may be meant. Computed and reported values
    never stand in one target.
    """
    return standing(unit, reader(unit), point(unit, query["as_of"]))


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


exports.declare(routes)
