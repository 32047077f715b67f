"""Sheets in and out: applications by the hundred from XLSX or CSV, and applications and the register as files."""

from __future__ import annotations

from typing import Any

from api.gate import allow, public
from api.routes import Created, File, Routes
from api.sheets.schemas import (
    ApplicationsFileQuery,
    ContractsFileQuery,
    SheetOut,
    SheetQuery,
    SheetRowOut,
    SheetRowsQuery,
    TakeIn,
)
from market.access import Permission
from market.sheets import actions, queries
from market.sheets.workbook import MAX_BYTES
from market.store.paging import Page
from market.store.session import Unit

routes = Routes("sheets")

Row = dict[str, Any]
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@routes.upload("/v1/sheets", query=SheetQuery, reply=SheetOut, most=MAX_BYTES)
@allow(Permission.APPLY)
def hand_in_sheet(unit: Unit, query: Row, content: bytes) -> Created:
    """Hand in a sheet of applications (批量导入): the file is the body

    XLSX or CSV by its content. Its cells are kept; POST to `next` until it is null. The same file, handed in again while it is
    under way, is the same sheet.
    """
    batch = actions.hand_in(unit, content, **query)
    return Created(queries.portrait(batch), f"/v1/sheets/{batch['id']}")


@routes.list("/v1/sheets", item=SheetOut)
@allow(Permission.APPLY)
def list_sheets(unit: Unit, query: Row) -> Page:
    """The sheets one's organisation handed in, newest first"""
    return queries.page_of_sheets(unit, **query)


@routes.get("/v1/sheets/<sheet>", reply=SheetOut)
@allow(Permission.APPLY)
def get_sheet(unit: Unit, sheet: str) -> Row:
    """A sheet, and how far it is"""
    return queries.one(unit, sheet)


@routes.change("/v1/sheets/<sheet>/continue", reply=SheetOut)
@allow(Permission.APPLY)
def continue_sheet(unit: Unit, sheet: str, expected: int | None) -> Row:
    """Do the next rows of a sheet

    First all rows are checked, as `POST /v1/applications/check` does it, then those wanted become drafts.
    """
    return queries.portrait(actions.go_on(unit, sheet, expected))


@routes.change("/v1/sheets/<sheet>/take", body=TakeIn, reply=SheetOut)
@allow(Permission.APPLY)
def take_sheet(unit: Unit, sheet: str, body: Row, expected: int | None) -> Row:
    """Have rows taken after a dry run

    Also when all were wanted and some are bad; then POST to `next`.
    """
    return queries.portrait(actions.take(unit, sheet, expected, **body))


@routes.list("/v1/sheets/<sheet>/rows", item=SheetRowOut, query=SheetRowsQuery)
@allow(Permission.APPLY)
def list_sheet_rows(unit: Unit, sheet: str, query: Row) -> Page:
    """What came of each row, in Chinese, naming row and column"""
    return queries.page_of_rows(unit, sheet, **query)


@routes.file("/v1/sheets/<sheet>/report.csv", media=CSV)
@allow(Permission.APPLY)
def get_sheet_report(unit: Unit, sheet: str) -> File:
    """What came of each row, as a CSV file"""
    return _named("report.csv", queries.report(unit, sheet))


@routes.file("/v1/application-template.xlsx", media=XLSX)
@public
def get_template_as_xlsx(unit: Unit) -> File:
    """An empty sheet of applications (模板), its columns explained, with the code lists"""
    return _named("application-template.xlsx", queries.template(unit, "xlsx"))


@routes.file("/v1/application-template.csv", media=CSV)
@public
def get_template_as_csv(unit: Unit) -> File:
    """The headers of a sheet of applications (模板)"""
    return _named("application-template.csv", queries.template(unit, "csv"))


@routes.file("/v1/applications.xlsx", media=XLSX, query=ApplicationsFileQuery, snapshot=True)
@allow(Permission.READ_CASES)
def get_applications_as_xlsx(unit: Unit, query: Row) -> File:
    """The applications one may see, as a workbook that can be handed in again"""
    return _named("applications.xlsx", queries.applications(unit, "xlsx", **query))


@routes.file("/v1/applications.csv", media=CSV, query=ApplicationsFileQuery, snapshot=True)
@allow(Permission.READ_CASES)
def get_applications_as_csv(unit: Unit, query: Row) -> File:
    """The applications one may see, as a CSV file that can be handed in again"""
    return _named("applications.csv", queries.applications(unit, "csv", **query))


@routes.file("/v1/contracts.xlsx", media=XLSX, query=ContractsFileQuery, snapshot=True)
@allow(Permission.READ_CONTRACTS)
def get_contracts_as_xlsx(unit: Unit, query: Row) -> File:
    """The register (登记台账) as far as one sees it, as a workbook in the columns of the form"""
    return _named("contracts.xlsx", queries.contracts(unit, "xlsx", **query))


@routes.file("/v1/contracts.csv", media=CSV, query=ContractsFileQuery, snapshot=True)
@allow(Permission.READ_CONTRACTS)
def get_contracts_as_csv(unit: Unit, query: Row) -> File:
    """The register (登记台账) as far as one sees it, as a CSV file in the columns of the form"""
    return _named("contracts.csv", queries.contracts(unit, "csv", **query))


def _named(name: str, content: bytes) -> File:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return File(content, headers=headers)
