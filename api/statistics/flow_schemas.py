"""Schemas of flows: the matrix of places of sellers and places of buyers."""

from __future__ import annotations

from marshmallow import fields

from api.schema import Identifier, Many, Output, Part, Plain, Text, one_of
from api.statistics.schemas import (
    AS_OF,
    CONTRACTS,
    LISTS,
    DealsCell,
    FiguresQuery,
    JournalPoint,
    MonthSpan,
    RegionBrief,
)
from market.statistics.flows import LEVELS
from market.statistics.question import BASES


class FlowsQuery(FiguresQuery):
    """A question to the matrix: which deals, and how finely each side is told apart."""

    class Meta(FiguresQuery.Meta):
        include = {
            "from": Identifier(
                10,
                load_default="province",
                validate=[one_of(*LEVELS)],
                metadata={"description": "Rows: the seller's place. Leagues and banners of home, provinces elsewhere."},
            ),
            "to": Identifier(
                10,
                load_default="league",
                validate=[one_of(*LEVELS)],
                metadata={"description": "Columns: the buyer's place, likewise."},
            ),
        }

    as_of = Text(40, load_default=None, metadata={"description": AS_OF, "example": "2026-01-31"})


class FlowFigure(DealsCell):
    """Count and amounts, and the contracts behind them."""

    contracts = Plain(metadata=CONTRACTS)


class FlowSide(FlowFigure):
    """A row or a column and its sum."""

    key = Plain(
        metadata={"description": "A place code, or a bucket.", "example": "110000", "schema": {"type": "string"}}
    )
    label = Plain(metadata={"schema": {"type": "string"}})


class FlowCell(FlowFigure):
    """What went from one place to another."""

    from_ = Plain(
        data_key="from", attribute="from", metadata={"description": "Key of its row.", "schema": {"type": "string"}}
    )
    to = Plain(metadata={"description": "Key of its column.", "schema": {"type": "string"}})


class FlowsOut(Output):
    """The matrix, sparse: cells without deals are left out. Rows add up to the totals, and so do columns."""

    period = Part(MonthSpan)
    basis = fields.String(metadata={"enum": list(BASES)})
    region = Part(RegionBrief)
    from_ = fields.String(data_key="from", attribute="from", metadata={"enum": list(LEVELS)})
    to = fields.String(metadata={"enum": list(LEVELS)})
    filters = Plain(metadata={"schema": LISTS})
    definition = Plain(metadata={"schema": {"type": "string"}})
    definition_version = Plain(metadata={"schema": {"type": "integer"}})
    as_of = Part(JournalPoint)
    suppressed_below = Plain(metadata={"schema": {"type": ["integer", "null"]}})
    synthetic = Plain(metadata={"schema": {"type": "boolean"}})
    synthetic_note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    totals = Part(FlowFigure)
    rows = Many(Part(FlowSide), 5000, metadata={"description": "Sums by the seller's place."})
    columns = Many(Part(FlowSide), 5000, metadata={"description": "Sums by the buyer's place."})
    cells = Many(Part(FlowCell), 5000)
