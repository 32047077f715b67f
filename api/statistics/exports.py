"""Statistics as files: beside the JSON of a statistic stand `.csv` and `.xlsx`, for the same query, under the same rights.

`declare` gives every row of `EXPORTS` its two routes. A statistic becomes a file by one row: its query, who may have it, and how
it is gathered: the tag, if it is known before any figure is read, and the sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request

from api.gate import allow, language, public
from api.routes import File, Routes, unless_matched
from api.schema import Input
from api.statistics.asking import Asked, asked_deals, asked_flows, point, reader, tag_of
from api.statistics.flow_schemas import FlowsQuery
from api.statistics.schemas import AdjustmentsQuery, DealsQuery, PublishedQuery
from api.statistics.target_schemas import TargetsQuery
from market.access import Permission
from market.statistics.adjustments import adjustments, span
from market.statistics.answers import answer, as_of
from market.statistics.files import LAYOUT, MAX_ROWS, Sheet, check_rows, csv_file, xlsx_file
from market.statistics.flows import flows
from market.statistics.published import page_of_published
from market.statistics.question import ask
from market.statistics.sheets import adjustments_sheet, deals_sheet, flows_sheet, published_sheet, targets_sheet
from market.statistics.targets import standing
from market.statistics.wording import synthetic_note
from market.store.session import Unit

FORMS = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file),
}
Gathered = tuple[str | None, Callable[[], Sheet]]


class AdjustmentsFileQuery(AdjustmentsQuery):
    """As of adjustments, all pages at once."""

    class Meta(AdjustmentsQuery.Meta):
        exclude = ("limit", "cursor")


class PublishedFileQuery(PublishedQuery):
    """As of published figures, all pages at once."""

    class Meta(PublishedQuery.Meta):
        exclude = ("limit", "cursor")


@dataclass(frozen=True)
class Export:
    """A statistic that can be had as a file; `path` is that of its JSON."""

    path: str
    query: type[Input]
    gather: Callable[[Unit, dict[str, Any]], Gathered]
    permission: Permission | None = None


def _source() -> str:
    """The address of the same question, without the ending that asks for a file."""
    path, _, _ = request.path.rpartition(".")
    return f"{path}?{request.query_string.decode('ascii', 'replace')}" if request.query_string else path


def _of(
    asked: Asked, sheet: Callable[[Any, str, str], Sheet], made: Callable[..., dict[str, Any]], unit: Unit
) -> Gathered:
    source, words = _source(), asked.reader.language
    return asked.tag, lambda: sheet(made(unit, asked.question, asked.reader, asked.at), words, source)


def _deals(unit: Unit, query: dict[str, Any]) -> Gathered:
    return _of(asked_deals(unit, query), deals_sheet, answer, unit)


def _flows(unit: Unit, query: dict[str, Any]) -> Gathered:
    return _of(asked_flows(unit, query), flows_sheet, flows, unit)


def _adjustments(unit: Unit, query: dict[str, Any]) -> Gathered:
    begin, end = query.pop("from"), query.pop("to")
    question, between = ask(unit, **query), span(unit, begin, end)
    found = adjustments(unit, question, reader(unit), between, cursor=None, limit=MAX_ROWS)
    check_rows(found["next"] is None)
    found["suppressed_below"] = reader(unit).floor or None
    return None, lambda: adjustments_sheet(found, language(), _source())


def _targets(unit: Unit, query: dict[str, Any]) -> Gathered:
    found = standing(unit, reader(unit), point(unit, query["as_of"]))
    found["suppressed_below"] = reader(unit).floor or None
    return None, lambda: targets_sheet(found, language(), _source())


def _published(unit: Unit, query: dict[str, Any]) -> Gathered:
    at, note = point(unit, None), synthetic_note(unit, language())
    page = page_of_published(unit, cursor=None, limit=MAX_ROWS, reader=reader(unit), at=at, **query)
    check_rows(page.next is None)
    found = {"items": page.rows, "as_of": as_of(at), "synthetic": note is not None, "synthetic_note": note}
    found["suppressed_below"] = reader(unit).floor or None
    return None, lambda: published_sheet(found, language(), _source())


EXPORTS = (
    Export("/v1/statistics/deals", DealsQuery, _deals),
    Export("/v1/statistics/flows", FlowsQuery, _flows),
    Export("/v1/statistics/adjustments", AdjustmentsFileQuery, _adjustments, Permission.SEE_SMALL_CELLS),
    Export("/v1/statistics/targets", TargetsQuery, _targets),
    Export("/v1/published-figures", PublishedFileQuery, _published),
)


def declare(routes: Routes) -> None:
    """The routes of every file."""
    for export in EXPORTS:
        for form in FORMS:
            _declare(routes, export, form)


def _declare(routes: Routes, export: Export, form: str) -> None:
    media, write = FORMS[form]
    name = export.path.rpartition("/")[2]

    def send(unit: Unit, query: dict[str, Any]) -> File:
        known, sheet = export.gather(unit, query)
        tag = known and tag_of(known, form, LAYOUT)
        if tag:
            unless_matched(tag)
        made = sheet()
        check_rows(len(made.rows) <= MAX_ROWS)
        return File(write(made), tag, {"Content-Disposition": f'attachment; filename="{name}.{form}"'})

    send.__name__ = f"{name.replace('-', '_')}_as_{form}"
    send.__doc__ = (
        f"The same as `GET {export.path}`, as a {form.upper()} file.\n\n"
        f"Definition, point, units, rules of suppression and source stand in the file; at most {MAX_ROWS} rows."
    )
    guarded = public(send) if export.permission is None else allow(export.permission)(send)
    routes.file(f"{export.path}.{form}", media=media, query=export.query, snapshot=True)(guarded)
