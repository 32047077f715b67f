"""What the statistics routes take and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load

from api.routes import ListQuery, Number
from api.schema import Identifier, Input, Many, Moment, Output, Part, Plain, Text, Yuan, one_of
from market.statistics.answers import MEASURES
from market.statistics.published import NOT_COMPUTED
from market.statistics.question import (
    BASES,
    COMPARISONS,
    DIMENSIONS,
    MAX_CUTS,
    MAX_TOP,
    MAX_VALUES,
    ORIGINS,
    RANKINGS,
    SIZES,
)
from market.store.paging import MAX_LIMIT

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_TEXTS_OR_NULL = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
LISTS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
CONTRACTS = {
    "description": "Link to the contracts counted here, as far as the caller may know them.",
    "example": "/v1/statistics/contracts?period=2018-01..2018-12&basis=involved&region=150000&league=150200",
    "schema": {"type": "string"},
}
FRACTION = {"type": ["number", "null"]}
_VALUE = {
    "description": "A whole number for the measure `deals`, else a yuan string.",
    "schema": {"type": ["integer", "string", "null"]},
}
AS_OF = (
    "As known then: a journal seq, an RFC 3339 instant, or a day (its end in Asia/Shanghai). Without it: as known now. Who "
    "is no office, statistician or auditor may name the last day of a month only."
)


class Words(Many):
    """Several words in a query: repeated, or with commas between them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **rest: Any) -> list[Any]:
        words = [word for item in value for word in item.split(",")] if isinstance(value, list) else value
        found: list[Any] = super()._deserialize(words, attr, data, **rest)
        return found


_ORIGINS = ", ".join(f"`{origin}`" for origin in ORIGINS)


class Yes(fields.Boolean):
    """`true` or `false` in a query."""

    default_error_messages = {
        "null": "null: This field may not be null.",
        "invalid": "wrong-type: true or false is needed.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> bool:
        if value not in ("true", "false"):
            raise self.make_error("invalid", input=value)
        return bool(value == "true")


def _filter(codes: str) -> Words:
    text = f"Only {codes}; repeated or with commas for any of several."
    return Words(Identifier(40), MAX_VALUES, minimum=1, metadata={"description": text})


class FiguresQuery(Input):
    """Which deals are meant: period, basis, region, and every cut as a filter."""

    period = Text(
        20,
        required=True,
        metadata={
            "description": "By date of registration: `2018`, `2018Q1`, `2018H1`, `2018-03` or `2018-01..2018-06`.",
            "example": "2018",
        },
    )
    basis = Identifier(
        20,
        load_default="involved",
        validate=[one_of(*BASES)],
        metadata={
            "description": "`involved`: seller or buyer in the region, each contract once; `output`: seller; `absorbed`: "
            "buyer; `internal`: both; `registered`: by an office of the region."
        },
    )
    region = Identifier(
        6, load_default=None, metadata={"description": "Any place; default: the home region.", "example": "150000"}
    )
    province = _filter("provinces of either party, or `hk_mo_tw`, `abroad`, `unspecified`")
    league = _filter("leagues (盟市), place codes or buckets")
    banner = _filter("banners (旗县), place codes or buckets")
    seller_league = _filter("leagues of the seller")
    buyer_league = _filter("leagues of the buyer")
    seller_banner = _filter("banners of the seller")
    buyer_banner = _filter("banners of the buyer")
    seller_province = _filter("provinces of the seller, or `hk_mo_tw`, `abroad`, `unspecified`")
    buyer_province = _filter("provinces of the buyer, or `hk_mo_tw`, `abroad`, `unspecified`")
    seller_origin = _filter("origins of the seller: " + _ORIGINS)
    buyer_origin = _filter("origins of the buyer: " + _ORIGINS)
    contract_type = _filter("main contract types")
    contract_subtype = _filter("contract sub-types (the main type where there is none)")
    field = _filter("technology fields, tags of the scheme `contract`")
    field_hightech = _filter(
        "high-technology fields reached by cross-walk, tags of the scheme `hightech`, or `unspecified`"
    )
    field_region = _filter(
        "priority fields of the region reached by cross-walk, tags of the scheme `region`, or `unspecified`"
    )
    ip_type = _filter("kinds of intellectual property, or `unspecified`")
    plan_source = _filter("plan sources, or `unspecified`")
    served_industry = _filter("sections (门类) of the served industry, or `unspecified`")
    served_industry_division = _filter(
        "divisions (大类) of the served industry, coarser codes given as such, or `unspecified`"
    )
    served_industry_group = _filter(
        "groups (中类) of the served industry, coarser codes given as such, or `unspecified`"
    )
    served_industry_class = _filter(
        "classes (小类) of the served industry, coarser codes given as such, or `unspecified`"
    )
    socio_economic_objective = _filter("socio-economic objectives, or `unspecified`")
    payment_mode = _filter("payment modes, or `unspecified`")
    seller_nature = _filter("natures of the seller, or `unspecified`")
    buyer_nature = _filter("natures of the buyer, or `unspecified`")
    seller_nature_class = _filter("classes of the seller's nature (top codes of party_nature), or `unspecified`")
    buyer_nature_class = _filter("classes of the buyer's nature (top codes of party_nature), or `unspecified`")
    office = _filter("registration offices, or `elsewhere`")
    registration = _filter("`here`: registered by an office of the home region; `elsewhere`: recorded only")
    linked_demand = _filter("`yes`: names a demand of this market; `no`")
    linked_achievement = _filter("`yes`: names an achievement of this market; `no`")
    size_class = _filter(f"size classes by contract amount, in 10,000 yuan: {', '.join(f'`{size}`' for size in SIZES)}")
    month = _filter("months within the period, `2018-03`")
    quarter = _filter("quarters within the period, `2018Q1`")
    half_year = _filter("half-years within the period, `2018H1`")
    year = _filter("years within the period, `2018`")
    year_to_date = _filter("years to date, `2018-03`: January to March; the period must begin with a January")

    @post_load
    def gather_filters(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The filters under a name of their own."""
        filters = {name: data.pop(name) for name in DIMENSIONS if name in data}
        return {**data, "filters": filters}


class DealsQuery(FiguresQuery):
    """A question to the figures. Every cut is a filter too."""

    by = Words(
        Identifier(40, validate=[one_of(*DIMENSIONS)]),
        MAX_CUTS,
        load_default=[],
        metadata={
            "description": "Up to four cuts, repeated or with commas. `league` and `banner` are the seller's under "
            "`output`, the buyer's under `absorbed`, either's under `involved` (not additive), and refused otherwise. "
            "`province`, `field_hightech`, `field_region` and `year_to_date` are never additive.",
        },
    )
    compare = Text(
        20,
        load_default=None,
        metadata={
            "description": f"{', '.join(f'`{name}`' for name in COMPARISONS)}, or any period that does not overlap. Keys of "
            "time are compared by their place in the period, which must then be of equal length. Of a period that is not over at "
            "`as_of` only the months that are over are compared, with the same ones of the other.",
            "example": "previous_year",
        },
    )
    rollup = Yes(load_default=False, metadata={"description": "`true`: subtotals by the first cut, the first two, …"})
    top = Number(
        1,
        MAX_TOP,
        load_default=None,
        metadata={"description": "Only so many groups, the largest first; all others together in `other`."},
    )
    top_by = Identifier(20, load_default=RANKINGS[0], validate=[one_of(*RANKINGS)])
    shares = Yes(load_default=False, metadata={"description": "`true`: each group's share of the totals."})
    as_of = Text(40, load_default=None, metadata={"description": AS_OF, "example": "2026-01-31"})


class AdjustmentsQuery(FiguresQuery, ListQuery):
    """Between which points, and of which figure."""

    class Meta(FiguresQuery.Meta):
        include = {
            "from": Text(
                40, required=True, metadata={"description": "As of, as in deals: seq, instant or day.", "example": "1"}
            ),
            "to": Text(40, load_default=None, metadata={"description": "As of, as in deals; default: the present."}),
        }


class MonthSpan(Output):
    """Months, both included."""

    first = Plain(metadata={"example": "2018-01"})
    last = Plain(metadata={"example": "2018-12"})


class RegionBrief(Output):
    """A place as a link."""

    code = Plain(metadata={"example": "150000"})
    name = Plain()


class JournalPoint(Output):
    """The last journal entry that is counted."""

    seq = Plain(metadata={"schema": {"type": "integer"}})
    instant = Moment(allow_none=True)


class DealsCell(Output):
    """Count and amounts of a cell."""

    deals = Plain(metadata={"description": "Number of contracts.", "schema": {"type": "integer"}})
    total_amount = Yuan(allow_none=True, metadata={"description": "Contract amount; null when suppressed."})
    tech_amount = Yuan(allow_none=True, metadata={"description": "Technology part of it; null when suppressed."})
    tech_income = Yuan(allow_none=True, metadata={"description": "技术性收入 approved so far; null when suppressed."})
    suppressed = Plain(
        metadata={"description": "Too few contracts to show amounts to this caller.", "schema": {"type": "boolean"}}
    )


class DealsGrowth(Output):
    """Change against the earlier period as a fraction, rounded half-up to 4 places; null without a base."""

    deals = Plain(metadata={"example": 0.6672, "schema": FRACTION})
    total_amount = Plain(metadata={"example": 0.45, "schema": FRACTION})
    tech_amount = Plain(metadata={"schema": FRACTION})
    tech_income = Plain(metadata={"schema": FRACTION})


class DealsCompared(DealsCell):
    """A cell and, if asked for, the same a year earlier."""

    previous = Part(DealsCell, allow_none=True)
    growth = Part(DealsGrowth, allow_none=True)


class DealsShare(Output):
    """Share of the totals as a fraction, rounded half-up to 4 places; null when either is suppressed or the total is zero."""

    deals = Plain(metadata={"example": 0.1297, "schema": FRACTION})
    total_amount = Plain(metadata={"schema": FRACTION})
    tech_amount = Plain(metadata={"schema": FRACTION})
    tech_income = Plain(metadata={"schema": FRACTION})


class DealsShared(DealsCompared):
    """A cell, and its share if asked for."""

    share = Part(DealsShare, allow_none=True)


class DealsTotals(DealsCompared):
    """All together."""

    contracts = Plain(metadata=CONTRACTS)


class DealsGroup(DealsShared):
    """One group of an answer."""

    contracts = Plain(metadata=CONTRACTS)

    key = Plain(metadata={"description": "Code by cut.", "schema": _TEXTS})
    label = Plain(metadata={"description": "Name by cut, in the language asked for.", "schema": _TEXTS})


class DealsOther(DealsShared):
    """All groups but the largest."""

    groups = Plain(metadata={"description": "How many groups it holds.", "schema": {"type": "integer"}})


class DealsSubtotal(DealsShared):
    """One subtotal; key and label are null for the cuts that are rolled up."""

    contracts = Plain(metadata=CONTRACTS)

    key = Plain(metadata={"description": "Code by cut.", "schema": _TEXTS_OR_NULL})
    label = Plain(metadata={"description": "Name by cut, in the language asked for.", "schema": _TEXTS_OR_NULL})


class DealsOut(Output):
    """Figures with everything needed to read and to repeat them."""

    period = Part(MonthSpan)
    previous_period = Part(MonthSpan, allow_none=True)
    to_date = Plain(
        metadata={
            "description": "A period was not over, so `period` and `previous_period` end with the last month that was.",
            "schema": {"type": "boolean"},
        }
    )
    like = Plain(
        metadata={
            "description": "Have the two periods as many months? Else no growth is told. Null: nothing is compared.",
            "schema": {"type": ["boolean", "null"]},
        }
    )
    basis = fields.String(metadata={"enum": list(BASES)})
    region = Part(RegionBrief)
    by = Many(fields.String(), MAX_CUTS)
    filters = Plain(metadata={"schema": LISTS})
    compare = Plain(metadata={"schema": {"type": ["string", "null"]}})
    rollup = Plain(metadata={"schema": {"type": "boolean"}})
    top = Plain(metadata={"schema": {"type": ["integer", "null"]}})
    top_by = fields.String(metadata={"enum": list(RANKINGS)})
    shares = Plain(metadata={"schema": {"type": "boolean"}})
    definition = Plain(metadata={"description": "What is counted, in words.", "schema": {"type": "string"}})
    definition_version = Plain(metadata={"schema": {"type": "integer"}})
    as_of = Part(JournalPoint)
    suppressed_below = Plain(
        metadata={
            "description": "Cells of fewer contracts show no amounts; null: the caller sees all.",
            "schema": {"type": ["integer", "null"]},
        }
    )
    synthetic = Plain(
        metadata={"description": "The contracts are invented: a demonstration.", "schema": {"type": "boolean"}}
    )
    synthetic_note = Plain(metadata={"description": "What was fitted to what.", "schema": {"type": ["string", "null"]}})
    additive = Plain(metadata={"description": "Do the groups add up to the totals?", "schema": {"type": "boolean"}})
    overlap = Part(
        DealsCell, allow_none=True, metadata={"description": "What stands in two groups: groups = totals + overlap."}
    )
    totals = Part(DealsTotals)
    groups = Many(
        Part(DealsGroup), 5000, metadata={"description": "By key, or under `top` by size. Empty cells are left out."}
    )
    other = Part(
        DealsOther,
        allow_none=True,
        metadata={"description": "Under `top`: what the other groups come to; groups + other = totals + overlap."},
    )
    subtotals = Many(
        Part(DealsSubtotal), 15_000, metadata={"description": "Under `rollup`: by the first cut, the first two, …"}
    )


class Movement(Output):
    """Count and amounts, or by how much they moved."""

    deals = Plain(metadata={"schema": {"type": "integer"}})
    total_amount = Yuan()
    tech_amount = Yuan()
    tech_income = Yuan()


class Movements(Output):
    """The figure at both points; `from` + `difference` = `to`."""

    before = Part(Movement, data_key="from", attribute="from")
    after = Part(Movement, data_key="to", attribute="to")
    difference = Part(Movement)


class ContractLink(Output):
    """A contract the caller may see."""

    id = Plain(metadata={"description": "For /v1/outside-contracts, of an outside one.", "schema": {"type": "string"}})
    number = Plain(
        metadata={
            "description": "For /v1/contracts; null for one registered outside.",
            "schema": {"type": ["string", "null"]},
        }
    )
    act = fields.String(metadata={"enum": ["registered", "outside"]})


class Adjustment(Movement):
    """One line of the ledger: a version of a contract that was counted (+1) or taken back (-1)."""

    seq = Plain(metadata={"description": "Of the journal entry.", "schema": {"type": "integer"}})
    line = Plain(metadata={"description": "Within the entry; a change has two.", "schema": {"type": "integer"}})
    recorded_at = Moment()
    kind = Plain(metadata={"example": "contract.changed", "schema": {"type": "string"}})
    reason = Plain(metadata={"description": "Code of the reason given.", "schema": {"type": ["string", "null"]}})
    contract = Part(ContractLink, allow_none=True, metadata={"description": "Null when the caller may not see it."})
    version = Plain(metadata={"description": "Of the contract.", "schema": {"type": "integer"}})
    month = Plain(metadata={"description": "Of registration; the period it counts in.", "example": "2018-03"})
    sign = Plain(metadata={"schema": {"type": "integer", "enum": [-1, 1]}})
    bases = Many(
        fields.String(metadata={"enum": list(BASES)}), len(BASES), metadata={"description": "Counts under these."}
    )


class AdjustmentsOut(Output):
    """What moved a figure between two points, by seq and line. The items of all pages add up to the difference."""

    period = Part(MonthSpan)
    basis = fields.String(metadata={"enum": list(BASES)})
    region = Part(RegionBrief)
    filters = Plain(metadata={"schema": LISTS})
    definition = Plain(metadata={"schema": {"type": "string"}})
    definition_version = Plain(metadata={"schema": {"type": "integer"}})
    synthetic = Plain(metadata={"schema": {"type": "boolean"}})
    synthetic_note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    before = Part(JournalPoint, data_key="from", attribute="from")
    after = Part(JournalPoint, data_key="to", attribute="to")
    summary = Part(Movements)
    items = Many(Part(Adjustment), MAX_LIMIT)
    next = Plain(metadata={"description": "Cursor of the next page.", "schema": {"type": ["string", "null"]}})


class CountedQuery(FiguresQuery, ListQuery):
    """Of which figure, as of when."""

    as_of = Text(40, load_default=None, metadata={"description": AS_OF, "example": "2026-01-31"})


class CountedContract(Output):
    """A contract as it was counted."""

    contract = Part(ContractLink)
    version = Plain(metadata={"description": "Which version of it was counted.", "schema": {"type": "integer"}})
    month = Plain(metadata={"description": "Of registration; the period it counts in.", "example": "2018-03"})
    total_amount = Yuan()
    tech_amount = Yuan()
    tech_income = Yuan()


class CountedOut(Output):
    """The contracts behind a figure. `counted` = `visible` + `withheld`; the items of all pages are the visible ones."""

    period = Part(MonthSpan)
    basis = fields.String(metadata={"enum": list(BASES)})
    region = Part(RegionBrief)
    filters = Plain(metadata={"schema": LISTS})
    definition = Plain(metadata={"schema": {"type": "string"}})
    definition_version = Plain(metadata={"schema": {"type": "integer"}})
    synthetic = Plain(metadata={"schema": {"type": "boolean"}})
    synthetic_note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    as_of = Part(JournalPoint)
    counted = Plain(metadata={"description": "Contracts in the figure.", "schema": {"type": "integer"}})
    visible = Plain(metadata={"description": "Of these, what the caller may know.", "schema": {"type": "integer"}})
    withheld = Plain(metadata={"description": "And what it may not.", "schema": {"type": "integer"}})
    items = Many(Part(CountedContract), MAX_LIMIT)
    next = Plain(metadata={"description": "Cursor of the next page.", "schema": {"type": ["string", "null"]}})


class PublishedQuery(ListQuery):
    """Filters of the quoted figures."""

    region = Identifier(
        6, load_default=None, metadata={"description": "A place code, or `CN` for the nation.", "example": "150000"}
    )
    year = Number(1949, 2200, load_default=None, metadata={"description": "Year the quoted period begins in."})
    period = Identifier(
        30, load_default=None, metadata={"description": "Exactly this period as quoted.", "example": "2023H1"}
    )
    basis = Identifier(20, load_default=None, validate=[one_of(*BASES)])
    measure = Identifier(20, load_default=None, validate=[one_of(*MEASURES)])


class PublishedFigureOut(Output):
    """An official figure as quoted, and the one computed here beside it."""

    region = Part(RegionBrief)
    period = Plain(metadata={"description": "As quoted.", "example": "2023H1", "schema": {"type": "string"}})
    basis = fields.String(metadata={"enum": list(BASES)})
    measure = fields.String(metadata={"enum": list(MEASURES)})
    value = Plain(metadata=_VALUE)
    source = Plain(metadata={"schema": {"type": "string"}})
    note = Plain(metadata={"schema": {"type": ["string", "null"]}})
    computed = Plain(
        metadata={
            **_VALUE,
            "description": "Null when suppressed, or `not_computed` says why.",
        }
    )
    not_computed = Plain(
        metadata={
            "description": "`other-region`: the register holds only its deals with home. `not-whole-months`: it tells no less. "
            "`no-contracts`: it holds none of that year, so zero would mislead.",
            "schema": {"type": ["string", "null"], "enum": [*NOT_COMPUTED, None]},
        }
    )
    difference = Plain(metadata={**_VALUE, "description": "Computed minus quoted."})
    suppressed = Plain(metadata={"schema": {"type": "boolean"}})
    synthetic = Plain(
        metadata={"description": "The computed figure is of invented contracts.", "schema": {"type": "boolean"}}
    )
