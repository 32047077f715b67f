"""Statistics (统计): counts and values of deals by any cut, and official figures beside the computed ones."""

from __future__ import annotations

from typing import Any

from flask import current_app

from api.gate import language, public
from api.routes import Routes, Tagged, unless_matched
from api.statistics.schemas import DealsOut, DealsQuery, PublishedFigureOut, PublishedQuery
from market.journal.read import head
from market.statistics.answers import Reader, answer, answer_tag, reader_for
from market.statistics.published import page_of_published
from market.statistics.question import ask
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
    are shown to offices, statisticians and auditors only. The ETag changes with the register, not with the hour.
    """
    question, reader, last = ask(unit, **query), _reader(unit), head(unit)
    tag = answer_tag(unit, question, reader, last)
    unless_matched(tag)
    return Tagged(answer(unit, question, reader, last), tag)


@routes.list("/v1/published-figures", item=PublishedFigureOut, query=PublishedQuery)
@public
def list_published_figures(unit: Unit, query: dict[str, Any]) -> Page:
    """Official figures as quoted, with source, and the computed figure beside each."""
    return page_of_published(unit, reader=_reader(unit), **query)
