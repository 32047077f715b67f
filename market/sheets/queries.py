"""Questions about sheets handed in, for who handed them in; and records as sheets (导出), as far as the asker sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from market.contracts.model import Contract
from market.contracts.queries import page_of_contracts
from market.errors import FieldError, Invalid, NotFound
from market.examination.content import loaded
from market.examination.model import Case
from market.examination.queries import whole_to
from market.examination.states import STATES as CASE_STATES
from market.fields.queries import code_lists
from market.sheets.actions import UNDER_WAY, mine
from market.sheets.columns import Column, columns, required
from market.sheets.form import cells, headings
from market.sheets.model import SheetBatch, SheetRow
from market.sheets.table import MAX_LINES, csv_file
from market.sheets.values import Words
from market.sheets.workbook import Cell, workbook
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit

_PART = 500
_OUTCOMES = {"waiting": "待检查", "good": "可收", "bad": "有误", "standing": "已存在", "taken": "已建立"}
_CONTRACT_STATES = {"registered": "已登记", "cancelled": "已注销", "revoked": "已撤销登记"}
_KINDS = {
    "record": "由系统填写，导入时不读取",
    "office": "登记机构的标识或全称",
    "text": "文字",
    "identifier": "系统中的标识",
    "code": "代码、名称，或“代码 名称”",
    "day": "日期，如2026-01-05",
    "country": "两位国别代码（ISO 3166），如CN",
    "place": "六位行政区划代码（GB/T 2260）或名称",
    "flag": "是或否",
    "postcode": "邮政编码",
    "yuan": "金额，单位元，最多两位小数",
    "field": "技术领域代码或名称",
    "decimal": "数字",
    "exclusions": "每行一项：设备、材料或其他,名称,数量,金额（元）,是否合理数量",
}


def one(unit: Unit, batch_id: str) -> dict[str, Any]:
    """A sheet and how far it is."""
    row = unit.execute(select(SheetBatch.__table__).where(mine(unit, batch_id))).mappings().first()
    if row is None:
        raise NotFound("There is no such sheet.")
    return portrait(row)


def portrait(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A sheet in the shape of the wire."""
    rest = row["state"] in UNDER_WAY
    return {**row, "rows": row["wanted"], "next": f"/v1/sheets/{row['id']}/continue" if rest else None}


def page_of_sheets(unit: Unit, *, cursor: str | None, limit: int) -> Page:
    """The sheets of the acting organisation, newest first."""
    statement = select(SheetBatch.__table__).where(SheetBatch.organisation == unit.actor.organisation)
    page = fetch_page(unit, statement, Sort((SheetBatch.id,), ("id",), descending=True), ["sheets"], cursor, limit)
    return Page([portrait(row._mapping) for row in page.rows], page.next)


def page_of_rows(unit: Unit, batch_id: str, *, outcome: str | None, cursor: str | None, limit: int) -> Page:
    """The rows of a sheet with what came of them."""
    one(unit, batch_id)
    columns_ = (SheetRow.line, SheetRow.outcome, SheetRow.case_id, SheetRow.notes)
    statement = select(*columns_).where(SheetRow.batch_id == batch_id)
    if outcome is not None:
        statement = statement.where(SheetRow.outcome == outcome)
    page = fetch_page(unit, statement, Sort((SheetRow.line,), ("line",)), ["rows", batch_id, outcome], cursor, limit)
    return Page([row._mapping for row in page.rows], page.next)


def report(unit: Unit, batch_id: str) -> bytes:
    """What came of every row, as CSV in Chinese."""
    one(unit, batch_id)
    statement = select(SheetRow.line, SheetRow.outcome, SheetRow.case_id, SheetRow.notes)
    found = unit.execute(statement.where(SheetRow.batch_id == batch_id).order_by(SheetRow.line))
    rows = (
        [row.line, _OUTCOMES[row.outcome], row.case_id, "\n".join(note["zh"] for note in row.notes)] for row in found
    )
    return csv_file(["行号", "结果", "申请编号", "说明"], rows)


def template(unit: Unit, form: str) -> bytes:
    """An empty sheet of applications; as a workbook with the columns explained and the code lists."""
    if form == "csv":
        return csv_file(headings(), [])
    needed = {each.field for each in required()}
    about = (_about(each, needed) for each in columns())
    lists = sorted({each.list for each in columns() if each.list})
    codes = ([name, item.code, item.name_zh] for name in lists for item in code_lists(unit).items(name))
    explained = ["表头", "是否必填", "填写方式", "代码表", "最多字数", "也可写作", "全国系统字段名"]
    return workbook(
        [("申请", headings(), []), ("填写说明", explained, about), ("代码表", ["代码表", "代码", "名称"], codes)]
    )


def _about(each: Column, needed: set[str]) -> list[Cell]:
    must = "必填" if each.field in needed else None
    return [each.header, must, _KINDS[each.kind], each.list, each.maximum or None, "、".join(each.aliases), each.system]


def applications(unit: Unit, form: str, *, state: str | None) -> bytes:
    """The applications the actor may know of (an applicant's own, those handed in to an office), oldest first."""
    return _file(unit, form, "申请", _cases(unit, state))


def contracts(unit: Unit, form: str, *, registered_from: date | None, registered_to: date | None) -> bytes:
    """The register (登记台账) as far as the actor sees it: an office's entries, a party's contracts; by day."""
    return _file(unit, form, "登记台账", _register(unit, registered_from, registered_to))


def _file(unit: Unit, form: str, title: str, records: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> bytes:
    words = Words(unit)
    rows = (cells(words, record, content) for record, content in _bounded(records))
    return csv_file(headings(), rows) if form == "csv" else workbook([(title, headings(), rows)])


def _bounded(
    records: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for number, record in enumerate(records):
        if number == MAX_LINES:
            message = f"A file holds at most {MAX_LINES} rows; narrow it by state or days."
            raise Invalid(message, errors=[FieldError("", "too-many-rows", message)])
        yield record


def _cases(unit: Unit, state: str | None) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    known = (
        select(Case.id, Case.state, Case.office, Case.content, Contract.number, Contract.registered_on)
        .outerjoin(Contract, Contract.id == Case.contract_id)
        .where(whole_to(unit.actor), Case.content.is_not(None))
        .order_by(Case.id)
        .limit(_PART)
    )
    if state is not None:
        known = known.where(Case.state == state)
    last = ""
    while rows := unit.execute(known.where(Case.id > last)).all():
        for row in rows:
            yield {**row._mapping, "state": CASE_STATES[row.state][0]}, loaded(row.content)
        last = rows[-1].id


def _register(
    unit: Unit, registered_from: date | None, registered_to: date | None
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    cursor, more = None, True
    while more:
        page = page_of_contracts(
            unit,
            registered_from=registered_from,
            registered_to=registered_to,
            sort="registered_on",
            cursor=cursor,
            limit=_PART,
        )
        for row in page.rows:
            outside = row["outside"]
            record = {
                "id": None,
                "state": _CONTRACT_STATES[row["state"]],
                "number": outside["number"] if outside else row["number"],
                "office": row["office"] and row["office"]["id"],
            }
            yield record, {**row, "office": None}
        cursor = page.next
        more = cursor is not None
