"""What regulation says, as data (规则), and the working days that deadlines are counted in (工作日历)."""

from __future__ import annotations

from typing import Any

from api.gate import language, public
from api.routes import Routes
from api.rules.schemas import CalendarOut, CalendarQuery, RuleHistoryOut, RuleOut, RuleQuery, RulesQuery
from market.rules.calendar import year_of
from market.rules.queries import page_of_rules, portrait
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("rules")


@routes.list("/v1/rules", item=RuleOut, query=RulesQuery)
@public
def list_rules(unit: Unit, query: dict[str, Any]) -> Page:
    """The rules in force on a day

    Limits, thresholds, deadlines, grounds, documents and flags of the registration office, each with its source and standing.
    """
    page = page_of_rules(unit, **query)
    return Page([rule.facts(language()) for rule in page.rows], page.next)


@routes.get("/v1/rules/<code>", reply=RuleHistoryOut, query=RuleQuery)
@public
def show_rule(unit: Unit, code: str, query: dict[str, Any]) -> dict[str, Any]:
    """One rule with all its versions"""
    return portrait(unit, code, query["on"], language())


@routes.get("/v1/calendar", reply=CalendarOut, query=CalendarQuery)
@public
def show_calendar(unit: Unit, query: dict[str, Any]) -> dict[str, Any]:
    """A year of the working-day calendar

    Its holidays and the working days at weekends (调休); every other day follows the week.
    """
    return year_of(unit, query["year"])
