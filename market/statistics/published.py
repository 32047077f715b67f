"""Official figures as quoted, each with its source, and the figure computed from the ledger beside it.

A quoted figure is never part of a computed one; the reference data's loader brings them in with `load_published`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, delete, insert, select

from market.places.queries import tree
from market.statistics.answers import Reader, shown
from market.statistics.model import PublishedFigure
from market.statistics.points import Point
from market.statistics.queries import Figures, added, figures
from market.statistics.question import Period, Question
from market.statistics.weighing import Scale
from market.statistics.wording import region_name
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import fen, yuan

NATION = "CN"
"""The region of figures of the whole nation (全国), which has no place code."""
NOT_COMPUTED = ("other-region", "not-whole-months", "no-contracts")
"""Why no figure is computed: the register holds only what involves home, the ledger tells whole months, and of this year there is
no contract at all, so that zero would say something about the register and nothing about the year."""

_NATION = {"zh": "全国", "en": "China"}
_COLUMNS = tuple(PublishedFigure.__table__.columns)


def load_published(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace all quoted figures by these (texts under region, period, basis, measure, value, source, note)."""
    unit.execute(delete(PublishedFigure))
    values = [
        {
            "line": line,
            "region": row["region"],
            "year": int(row["period"][:4]),
            "period": row["period"],
            "basis": row["basis"],
            "measure": row["measure"],
            "value": int(row["value"]) if row["measure"] == "deals" else fen(Decimal(row["value"])),
            "source": row["source"],
            "note": row["note"] or None,
        }
        for line, row in enumerate(rows, 1)
    ]
    unit.execute(insert(PublishedFigure), values)


def page_of_published(
    unit: Unit, *, cursor: str | None, limit: int, reader: Reader, at: Point | None = None, **filters: Any
) -> Page:
    """Quoted figures in the order of their list, each with the computed one as of a point (None: the present) and the difference.

    `filters` are values of the columns region, year, period, basis and measure, None for any. Computed are figures of the home
    region and its parts alone, and of years of which there are contracts; else `not_computed` says why not. Costs one statement
    for the page, one for the years, and one for each region and basis (up to three if cells are weighed), however many figures.
    """
    statement: Select[Any] = select(*_COLUMNS)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(PublishedFigure.__table__.c[name] == value)
    sort = Sort((PublishedFigure.line,), ("line",))
    page = fetch_page(unit, statement, sort, ["published-figures", sorted(filters.items())], cursor, limit)
    rows = [dict(row._mapping) for row in page.rows]
    computed = _computed(unit, rows, at, reader)
    return Page([_beside(unit, row, computed.get((row["region"], row["basis"])), reader) for row in rows], page.next)


@dataclass(frozen=True)
class Computed:
    """What the ledger tells by month, the years it holds any contract of, and the scale for those who may not see all of it."""

    months: Figures
    years: set[int]
    scale: Scale | None

    def holds(self, period: Period) -> bool:
        """Are there contracts of each of its years?"""
        return self.years.issuperset(range(period.first // 100, period.last // 100 + 1))

    def cell(self, period: Period) -> dict[str, Any]:
        """The figure of a period as it may be shown."""
        within = [
            measures
            for (key,), measures in self.months.groups.items()
            if period.first <= int(key.replace("-", "")) <= period.last
        ]
        measures = added(within)
        return shown(measures, self.scale is not None and self.scale.weigh(period).hides((), measures.deals))


def _computed(
    unit: Unit, rows: list[dict[str, Any]], at: Point | None, reader: Reader
) -> dict[tuple[str, str], Computed]:
    """By region and basis, where the ledger can tell."""
    home, places = unit.database.home_region(), tree(unit)
    spans: dict[tuple[str, str], list[Period]] = {}
    for row in rows:
        period = _months(row["period"])
        if period is not None and places.within(row["region"], home):
            spans.setdefault((row["region"], row["basis"]), []).append(period)
    years = _years(unit, [period for periods in spans.values() for period in periods], at)
    found = {}
    for (region, basis), periods in spans.items():
        question = Question(_around(periods), basis, region)
        months = figures(unit, replace(question, by=("month",)), at=at)
        scale = Scale(unit, question, at, reader.floor, periods) if reader.floor > 1 else None
        found[region, basis] = Computed(months, years, scale)
    return found


def _around(periods: list[Period]) -> Period:
    return Period(min(period.first for period in periods), max(period.last for period in periods))


def _years(unit: Unit, periods: list[Period], at: Point | None) -> set[int]:
    """The years around these periods that the register holds contracts of, on whatever basis."""
    if not periods:
        return set()
    around = _around(periods)
    span = Period(around.first // 100 * 100 + 1, around.last // 100 * 100 + 12)
    questions = (Question(span, basis, unit.database.home_region(), ("year",)) for basis in ("involved", "registered"))
    return {int(year) for question in questions for (year,) in figures(unit, question, at=at).groups}


def _beside(unit: Unit, row: dict[str, Any], computed: Computed | None, reader: Reader) -> dict[str, Any]:
    period, money = _months(row["period"]), row["measure"] != "deals"
    value, withheld, reason = None, False, None
    if not tree(unit).within(row["region"], unit.database.home_region()):
        reason = NOT_COMPUTED[0]
    elif period is None:
        reason = NOT_COMPUTED[1]
    elif computed is None or not computed.holds(period):
        reason = NOT_COMPUTED[2]
    else:
        cell = computed.cell(period)
        value, withheld = cell[row["measure"]], cell["suppressed"] and money

    name = _NATION[reader.language] if row["region"] == NATION else region_name(unit, row["region"], reader.language)

    def wire(number: int | None) -> int | str | None:
        return yuan(number) if money and number is not None else number

    return {
        **row,
        "value": wire(row["value"]),
        "region": {"code": row["region"], "name": name},
        "computed": wire(value),
        "not_computed": reason,
        "difference": wire(None if value is None else value - row["value"]),
        "suppressed": withheld,
        "synthetic": unit.database.is_demo(),
    }


def _months(period: str) -> Period | None:
    """The months of a quoted period; None when it is not made of whole months, which the ledger cannot tell apart."""
    try:
        return Period.parse(period)
    except ValueError:
        return None
