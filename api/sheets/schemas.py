"""Schemas of sheets."""

from __future__ import annotations

from api.contract_fields import shown
from api.routes import ListQuery
from api.schema import Day, Identifier, Input, Many, Moment, Output, Part, Text, one_of
from market.examination.states import STATES as CASE_STATES
from market.sheets.actions import ALL, GOOD, NONE, OUTCOMES, STATES, WANTED


class SheetQuery(Input):
    """What is to be done with a sheet."""

    rows = Text(
        8,
        load_default=NONE,
        validate=[one_of(*WANTED)],
        metadata={"description": "Rows to take: `none` (dry run), `good`, or `all` or nothing."},
    )
    office = Identifier(
        40, load_default=None, metadata={"description": "Id of the office for rows that name none (登记机构)."}
    )


class TakeIn(Input):
    """Which rows of a checked sheet to take."""

    rows = Text(8, required=True, validate=[one_of(GOOD, ALL)])


class SheetOut(Output):
    """A sheet that was handed in, and how far it is."""

    id = shown("Id.", nullable=False)
    state = shown(f"One of {', '.join(STATES)}.", "checking", nullable=False)
    rows = shown(f"Rows to take: one of {', '.join(WANTED)}.", "good", nullable=False)
    office = shown("Office for rows that name none.")
    lines = shown("Rows of the sheet.", 120, kind="integer", nullable=False)
    checked = shown("Rows that are checked.", 120, kind="integer", nullable=False)
    good = shown("Rows that were found good.", 117, kind="integer", nullable=False)
    bad = shown("Rows that were found bad.", 2, kind="integer", nullable=False)
    standing = shown("Rows that stand already.", 1, kind="integer", nullable=False)
    taken = shown("Rows that became drafts.", 117, kind="integer", nullable=False)
    next = shown("Where to POST for the next rows; null when nothing is left to do.")
    version = shown("Grows with every step.", 1, kind="integer", nullable=False)
    created_at = Moment()
    updated_at = Moment()


class NoteOut(Output):
    """What is said of a row or of one of its cells."""

    column = shown("The field, as in an application with a dot inside a party; null: the row.", "seller.name")
    code = shown("Stable code.", "not-a-date", nullable=False)
    severity = shown("error, warning, flag or note.", "error", nullable=False)
    zh = shown("In Chinese, naming row and column.", "第3行「合同签订日期」（J列）：…", nullable=False)


class SheetRowOut(Output):
    """One row of a sheet."""

    line = shown("Row in the file.", 3, kind="integer", nullable=False)
    outcome = shown(f"One of {', '.join(OUTCOMES)}.", "good", nullable=False)
    case_id = shown("Id of the application it became or is.")
    notes = Many(Part(NoteOut), 1000)


class SheetRowsQuery(ListQuery):
    """Which rows."""

    outcome = Text(12, load_default=None, validate=[one_of(*OUTCOMES)])


class ApplicationsFileQuery(Input):
    """Which applications."""

    state = Text(20, load_default=None, validate=[one_of(*CASE_STATES)])


class ContractsFileQuery(Input):
    """Which days of registration."""

    registered_from = Day(load_default=None)
    registered_to = Day(load_default=None)
