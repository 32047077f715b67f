"""What is asked of the figures: period, basis, region, cuts, filters and comparison, checked against the reference data.

`ask` turns a request into a `Question`, which is plain data: the same question at the same journal seq has the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from market.errors import FieldError, check
from market.fields.queries import catalogue, code_lists
from market.organisations.queries import by_ids
from market.places.queries import HK_MO_TW, Places, tree
from market.statistics.cube import province_code
from market.statistics.ledger import BUCKETS, ELSEWHERE, UNSPECIFIED
from market.store.session import Unit

BASES = ("involved", "output", "absorbed", "internal", "registered")
"""涉及, 输出 (seller in the region), 吸纳 (buyer), 区内 (both), 认定登记 (by an office of the region)."""
COMPARISONS = ("previous_year",)
MAX_CUTS = 3
MAX_VALUES = 50
"""Values of one filter."""

_PERIOD = re.compile(
    r"(?P<year>[0-9]{4})(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|-(?P<month>0[1-9]|1[0-2])(?:\.\.(?P<to>[0-9]{4}-(?:0[1-9]|1[0-2])))?)?\Z"
)
_MOMENTS = {"month": r"[0-9]{4}-(0[1-9]|1[0-2])\Z", "quarter": r"[0-9]{4}Q[1-4]\Z", "year": r"[0-9]{4}\Z"}


@dataclass(frozen=True)
class Period:
    """Whole months from `first` to `last`, both yyyymm and included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2018`, `2018Q1`, `2018H1`, `2018-03` or `2018-01..2018-06`; ValueError says what is wrong."""
        match = _PERIOD.match(text)
        if match is None:
            raise ValueError("A period is 2018, 2018Q1, 2018H1, 2018-03 or 2018-01..2018-06.")
        january = int(match["year"]) * 100 + 1
        first, last = january, january + 11
        if match["quarter"]:
            first = january + 3 * (int(match["quarter"]) - 1)
            last = first + 2
        elif match["half"]:
            first = january + 6 * (int(match["half"]) - 1)
            last = first + 5
        elif match["month"]:
            first = last = january + int(match["month"]) - 1
        if match["to"]:
            last = int(match["to"].replace("-", ""))
        if first > last:
            raise ValueError("The period ends before it begins.")
        if first < 190001 or last > 220012:
            raise ValueError("A period lies between 1900 and 2200.")
        return cls(first, last)

    def months(self, end: int) -> list[int]:
        """Each of its months up to `end`."""
        last = min(self.last, end)
        return [
            year * 100 + month
            for year in range(self.first // 100, last // 100 + 1)
            for month in range(1, 13)
            if self.first <= year * 100 + month <= last
        ]

    def year_before(self) -> Period:
        """The same months a year earlier."""
        return Period(self.first - 100, self.last - 100)


@dataclass(frozen=True)
class Dimension:
    """One way to cut: what its keys are (`kind`), and for codes of which list, for places at which level."""

    kind: str
    of: str = ""


DIMENSIONS = {
    "league": Dimension("place", "league"),
    "banner": Dimension("place", "banner"),
    "seller_league": Dimension("place", "league"),
    "buyer_league": Dimension("place", "league"),
    "seller_banner": Dimension("place", "banner"),
    "buyer_banner": Dimension("place", "banner"),
    "seller_province": Dimension("place", "province"),
    "buyer_province": Dimension("place", "province"),
    "contract_type": Dimension("main_code", "contract_type"),
    "contract_subtype": Dimension("code", "contract_type"),
    "field": Dimension("field"),
    "ip_type": Dimension("code", "ip_type"),
    "plan_source": Dimension("code", "plan_source"),
    "served_industry": Dimension("main_code", "industry"),
    "socio_economic_objective": Dimension("code", "socio_economic_objective"),
    "payment_mode": Dimension("code", "payment_mode"),
    "seller_nature": Dimension("code", "party_nature"),
    "buyer_nature": Dimension("code", "party_nature"),
    "office": Dimension("office"),
    "month": Dimension("time"),
    "quarter": Dimension("time"),
    "year": Dimension("time"),
}
"""The published list of cuts; each is a filter too."""
SIDELESS = ("league", "banner")
"""The seller's under `output`, the buyer's under `absorbed`, either's under `involved`, nobody's otherwise."""
ALWAYS_GIVEN = ("contract_type", "contract_subtype")


@dataclass(frozen=True)
class Question:
    """A question in canonical form: filters sorted, their values sorted and known."""

    period: Period
    basis: str
    region: str
    by: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    compare: str | None = None

    @property
    def view(self) -> str:
        """The province whose leagues and banners are told apart; the others stand as provinces."""
        return province_code(self.region)

    @property
    def overlapping(self) -> bool:
        """May one contract stand in two groups?"""
        return self.basis == "involved" and any(name in SIDELESS for name in self.by)

    def sided(self, name: str) -> str:
        """The dimension meant by a cut: `league` is the seller's or buyer's by basis (`involved`: unchanged)."""
        side = {"output": "seller_", "absorbed": "buyer_"}.get(self.basis, "") if name in SIDELESS else ""
        return side + name

    def year_before(self) -> Question:
        """The same question a year earlier."""
        moved = tuple(
            (name, tuple(move_years(value, -1) for value in values) if DIMENSIONS[name].kind == "time" else values)
            for name, values in self.filters
        )
        return replace(self, period=self.period.year_before(), filters=moved)


def move_years(moment: str, years: int) -> str:
    """The month, quarter or year so many years later."""
    return f"{int(moment[:4]) + years:04d}{moment[4:]}"


def ask(
    unit: Unit,
    *,
    period: str,
    basis: str,
    region: str | None = None,
    by: Sequence[str] = (),
    filters: Mapping[str, Sequence[str]] | None = None,
    compare: str | None = None,
) -> Question:
    """The question, or Invalid with everything that is wrong with it. Names come from `BASES`, `DIMENSIONS`, `COMPARISONS`."""
    errors: list[FieldError] = []
    span = Period(0, 0)
    try:
        span = Period.parse(period)
    except ValueError as error:
        errors.append(FieldError("/period", "bad-period", str(error)))
    places, region = tree(unit), region or unit.database.home_region()
    if places.find(region) is None:
        errors.append(FieldError("/region", "unknown-place", "There is no such place."))
    elif region in HK_MO_TW.values():
        errors.append(FieldError("/region", "not-a-region", "Hong Kong, Macao and Taiwan are one bucket: hk_mo_tw."))
    question = Question(span, basis, region, tuple(by), compare=compare)
    errors += _wrong_cuts(question, filters or {})
    found = []
    offices = [id for id, row in by_ids(unit, (filters or {}).get("office", ())).items() if row["role"] == "office"]
    for name, values in sorted((filters or {}).items()):
        if name == "office":
            known = {value if value in offices or value == ELSEWHERE else None for value in values}
        else:
            known = {_canonical(unit, places, question, name, value) for value in values}
        if None in known:
            message = f"Not every value is a {name}; /v1/places, /v1/fields and /v1/code-lists have them."
            errors.append(FieldError(f"/{name}", "unknown-code", message))
        found.append((name, tuple(sorted(value for value in known if value is not None))))
    check(errors, "The question cannot be answered as it stands.")
    return replace(question, filters=tuple(found))


def _wrong_cuts(question: Question, filters: Mapping[str, Sequence[str]]) -> list[FieldError]:
    errors = []
    if len(question.by) > MAX_CUTS:
        errors.append(FieldError("/by", "too-many", f"At most {MAX_CUTS} cuts at once."))
    if len({question.sided(name) for name in question.by}) < len(question.by):
        errors.append(FieldError("/by", "repeated", "The same cut is named twice."))
    if question.basis in ("internal", "registered"):
        for pointer, name in [("/by", name) for name in question.by] + [(f"/{name}", name) for name in filters]:
            if name in SIDELESS:
                message = (
                    f"Under basis={question.basis} say whose {name} is meant: seller_{name} (the seller's) "
                    f"or buyer_{name} (the buyer's)."
                )
                errors.append(FieldError(pointer, "side-needed", message))
    return errors


def _canonical(unit: Unit, places: Places, question: Question, name: str, value: str) -> str | None:
    """A filter's value as it stands in keys; None when there is none such."""
    dimension = DIMENSIONS[name]
    if dimension.kind == "place":
        return value if value in BUCKETS or _is_key(places, question.view, dimension.of, value) else None
    if dimension.kind == "time":
        return value if re.match(_MOMENTS[name], value) else None
    if dimension.kind == "field":
        field = catalogue(unit).find(value)
        return field.tag if field is not None and field.scheme == "contract" else None
    if value == UNSPECIFIED:
        return value if name not in ALWAYS_GIVEN else None
    item = code_lists(unit).whole(dimension.of).codes.get(value)
    return None if item is None or (dimension.kind == "main_code" and item.parent) else value


def _is_key(places: Places, view: str, level: str, code: str) -> bool:
    place = places.find(code)
    if place is None or code in HK_MO_TW.values():
        return False
    if place.level == "province":
        return True
    deepest = {"province": (), "league": ("prefecture",), "banner": ("prefecture", "county")}
    return places.within(code, view) and place.level in deepest[level]
