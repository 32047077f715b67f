"""Schemas of policy targets: what was to be reached, how far it is, and what was reported."""

from __future__ import annotations

from marshmallow import fields

from api.schema import Day, Identifier, Input, Many, Output, Part, Plain, Text, Yuan, pattern
from api.statistics.schemas import AS_OF, FRACTION, JournalPoint, RegionBrief
from market.statistics.question import BASES
from market.statistics.targets import COMPARISONS as TARGET_COMPARISONS

MAX_REPORTED = 100
"""Values of one target's list."""
_HUNDREDTHS = {"description": "With two decimals, in the target's `unit`.", "example": "1.50"}
_AMOUNT = "Null when suppressed."


class TargetsQuery(Input):
    """At which point of the journal."""

    as_of = Text(40, load_default=None, metadata={"description": AS_OF, "example": "2026-01-31"})


class TargetProgress(Output):
    """How far a computed target has come on one basis."""

    basis = fields.String(metadata={"enum": list(BASES)})
    amount = Yuan(allow_none=True, metadata={"description": _AMOUNT})
    suppressed = Plain(metadata={"schema": {"type": "boolean"}})
    days = Plain(metadata={"description": "Of the target's period.", "schema": {"type": "integer"}})
    elapsed_days = Plain(metadata={"description": "Of these, over at the end of `on`.", "schema": {"type": "integer"}})
    share = Plain(metadata={"description": "Of the target's value, 4 places.", "example": 0.6098, "schema": FRACTION})
    missing = Yuan(allow_none=True, metadata={"description": "To the target's value. " + _AMOUNT})
    reached = Plain(metadata={"schema": {"type": ["boolean", "null"]}})
    run_rate = Yuan(
        allow_none=True,
        metadata={
            "description": "The amount of the whole period at the pace of the elapsed days; null before it begins."
        },
    )
    on_course = Plain(metadata={"description": "Would the run rate reach it?", "schema": {"type": ["boolean", "null"]}})


class ReportedValueOut(Output):
    """One value as reported elsewhere."""

    period = Plain(metadata={"example": "2024", "schema": {"type": "string"}})
    value = Yuan(metadata=_HUNDREDTHS)
    source = Plain(metadata={"schema": {"type": "string"}})
    reported_on = Day()


class TargetOut(Output):
    """A policy target: either computed from the register, or with values as reported elsewhere; never both."""

    code = Plain(metadata={"example": "turnover"})
    name = Plain()
    region = Part(RegionBrief)
    measure = Plain(metadata={"schema": {"type": "string"}})
    value = Yuan(metadata=_HUNDREDTHS)
    unit = fields.String(metadata={"enum": ["yuan", "percent"]})
    comparison = fields.String(
        metadata={
            "enum": list(TARGET_COMPARISONS),
            "description": "`above`: more than `value`; `reach`: at least that.",
        }
    )
    period = Plain(metadata={"example": "2025", "schema": {"type": "string"}})
    source = Plain(metadata={"schema": {"type": "string"}})
    source_date = Day()
    status = Plain(metadata={"description": "How sure the row is.", "schema": {"type": "string"}})
    note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    computed = Plain(
        metadata={"description": "true: see `progress`; false: see `reported`.", "schema": {"type": "boolean"}}
    )
    progress = Many(Part(TargetProgress), 5, metadata={"description": "On each basis that may be meant."})
    reported = Many(Part(ReportedValueOut), MAX_REPORTED)


class TargetsOut(Output):
    """All policy targets at a point of the journal."""

    as_of = Part(JournalPoint)
    on = Day(
        allow_none=True,
        metadata={
            "description": "Elapsed days end with it: today, or under `as_of` the day of the last entry; null if there is none."
        },
    )
    synthetic = Plain(
        metadata={"description": "The computed figures are of invented contracts.", "schema": {"type": "boolean"}}
    )
    synthetic_note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    items = Many(Part(TargetOut), 100)


class ReportedOut(Output):
    """What is reported of a target."""

    target = Plain(metadata={"example": "rd_intensity"})
    version = Plain(metadata={"description": "0: nothing was ever reported.", "schema": {"type": "integer"}})
    values = Many(Part(ReportedValueOut), MAX_REPORTED)


class ReportedValueIn(Input):
    """One value as reported elsewhere."""

    period = Identifier(20, required=True, metadata={"description": "As in statistics.", "example": "2024"})
    value = Text(
        20,
        required=True,
        validate=[pattern(r"^-?[0-9]{1,13}(\.[0-9]{1,2})?\Z", "A number with at most two decimals.")],
        metadata={"description": "In the target's `unit`; at most two decimals.", "example": "1.05"},
    )
    source = Text(500, required=True, metadata={"description": "Who says so, and where."})
    reported_on = Day(required=True, metadata={"description": "Day of the source."})


class ReportedIn(Input):
    """The whole list of what is reported of a target."""

    values = Many(Part(ReportedValueIn), MAX_REPORTED, required=True)
