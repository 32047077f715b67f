"""What the routes of rules and calendar take and answer."""

from __future__ import annotations

from marshmallow import fields

from api.representations import FLAG
from api.routes import ListQuery, Number
from api.schema import Day, Input, Many, Output, Part, Plain, Text, one_of
from market.rules.queries import KINDS, STATUSES

_ON = {"description": "The day on which they are asked for; default today.", "example": "2026-06-01"}
_KIND = {
    "enum": list(KINDS),
    "description": "`deadline`, `threshold`, `limit` and `window` are whole numbers in `unit`; a `flag` says what it asks for "
    "(`mark`, `second_person`, `expert`); a `document` or `form_field` is `required` or `advised` (`unit`); a `ground` is a "
    "coded reason of the list in `unit`.",
}
_STATUS = {
    "enum": list(STATUSES),
    "description": "`official`; `draft` (a consultation draft); `copy` (an undated copy); `unverified` (from memory); "
    "`proposed` (ours).",
}


class RulesQuery(ListQuery):
    """Filters of the list of rules."""

    on = Day(load_default=None, metadata=_ON)
    kind = Text(20, load_default=None, validate=[one_of(*KINDS)])


class RuleQuery(Input):
    """The day on which a rule is asked for."""

    on = Day(load_default=None, metadata=_ON)


class RuleOut(Output):
    """A version of a rule."""

    code = fields.String(metadata={"example": "review.large_amount"})
    kind = fields.String(metadata=_KIND)
    value = fields.String(metadata={"example": "5000000"})
    unit = fields.String(metadata={"example": "yuan"})
    name = fields.String(metadata={"description": "In the language of Accept-Language."})
    name_zh = fields.String()
    name_en = fields.String()
    valid_from = Day(allow_none=True, metadata={"description": "Null: it always held, or nobody knows since when."})
    valid_to = Day(allow_none=True)
    source = fields.String(metadata={"description": "The text it was read in."})
    reference = fields.String(metadata={"description": "Where in that text.", "example": "第十四条"})
    status = fields.String(metadata=_STATUS)
    note = fields.String()


class RuleHistoryOut(Output):
    """A rule with all its versions."""

    code = fields.String()
    current = Part(RuleOut, allow_none=True, metadata={"description": "The version in force on the day."})
    versions = Many(Part(RuleOut), 1000, metadata={"description": "Oldest first."})


class CalendarQuery(Input):
    """Which year."""

    year = Number(1900, 2200, load_default=None, metadata={"description": "Default: this year.", "example": 2026})


class NamedDayOut(Output):
    """A holiday, or a working day at a weekend (调休)."""

    day = fields.String(metadata={"format": "date"})
    kind = fields.String(metadata={"enum": ["holiday", "workday"]})
    name_zh = fields.String()
    name_en = fields.String()


class CalendarOut(Output):
    """A year of working days (工作日历)."""

    year = fields.Integer()
    known = Plain(
        metadata={**FLAG, "description": "False: its holidays are not loaded, and due dates in it are provisional."}
    )
    source = fields.String(allow_none=True, metadata={"description": "Who says so."})
    working_days = fields.Integer()
    items = Many(Part(NamedDayOut), 366)
