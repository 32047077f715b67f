"""What is asked of the figures: period, basis, region, cuts, filters and comparison, checked against the reference data.

`ask` turns a request into a `Question`, which is plain data: the same question at the same journal seq has the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from market.errors import FieldError, Invalid, check
from market.fields.queries import catalogue, code_lists
from market.organisations.queries import by_ids
from market.places.queries import HK_MO_TW, Places, tree
from market.statistics.cube import province_code
from market.statistics.ledger import BUCKETS, ELSEWHERE, UNSPECIFIED
from market.store.session import Unit
from market.store.types import month_text

BASES = ("involved", "output", "absorbed", "internal", "registered")
"""涉及, 输出 (seller in the region), 吸纳 (buyer), 区内 (both), 认定登记 (by an office of the region)."""
COMPARISONS = ("previous_year", "previous_period")
"""Beside these any period may be named to compare with."""
RANKINGS = ("deals", "total_amount", "tech_amount", "tech_income")
"""By what the largest groups are found."""
MAX_CUTS = 4
MAX_TOP = 100
MAX_VALUES = 50
"""Values of one filter."""

_PERIOD = re.compile(
    r"(?P<year>[0-9]{4})(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|-(?P<month>0[1-9]|1[0-2])(?:\.\.(?P<to>[0-9]{4}-(?:0[1-9]|1[0-2])))?)?\Z"
)
_MOMENTS = {
    "month": r"[0-9]{4}-(0[1-9]|1[0-2])\Z",
    "quarter": r"[0-9]{4}Q[1-4]\Z",
    "half_year": r"[0-9]{4}H[12]\Z",
    "year": r"[0-9]{4}\Z",
    "year_to_date": r"[0-9]{4}-(0[1-9]|1[0-2])\Z",
}
_STEPS = {
    "month": (12, "-{:02d}"),
    "quarter": (4, "Q{}"),
    "half_year": (2, "H{}"),
    "year": (1, ""),
    "year_to_date": (12, "-{:02d}"),
}
"""Keys a year has, and how one is written behind its year."""


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

    @property
    def length(self) -> int:
        """How many months it has."""
        return _index(self.last) - _index(self.first) + 1

    def __str__(self) -> str:
        first, last = month_text(self.first), month_text(self.last)
        return first if first == last else f"{first}..{last}"

    def begin(self, months: int) -> Period:
        """Its first so many months."""
        return Period(self.first, _month(_index(self.first) + months - 1))

    def over(self, end: int) -> int:
        """How many of its months are over when `end` (yyyymm, or 0: nothing is) is the last that is."""
        return max(_index(min(self.last, end)) - _index(self.first) + 1, 0)

    def months(self, end: int) -> list[int]:
        """Each of its months up to `end`."""
        return [_month(index) for index in range(_index(self.first), _index(min(self.last, end)) + 1)]

    def moved(self, months: int) -> Period:
        """As long, so many months later."""
        return Period(*(_month(_index(month) + months) for month in (self.first, self.last)))

    def meets(self, other: Period) -> bool:
        """Have the two a month in common?"""
        return self.first <= other.last and other.first <= self.last


def _index(month: int) -> int:
    return month // 100 * 12 + month % 100 - 1


def _month(index: int) -> int:
    return index // 12 * 100 + index % 12 + 1


@dataclass(frozen=True)
class Dimension:
    """One way to cut: what its keys are (`kind`), and for codes of which list, for places at which level.

    `folded`: a contract may stand under several keys at once, which these other dimensions tell. `values`: all keys there are.
    """

    kind: str
    of: str = ""
    folded: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


SIZES = {
    "00000-00010": 0,
    "00010-00100": 100_000_00,
    "00100-01000": 1_000_000_00,
    "01000-10000": 10_000_000_00,
    "10000-": 100_000_000_00,
}
"""Size classes by contract amount (成交额) in 万元 (10,000 yuan), each with its lower bound in fen. Ours, no regulation's."""
ORIGINS = ("home_region", "elsewhere_in_china", *BUCKETS)
HERE = "here"

_ORIGIN = Dimension("choice", values=ORIGINS)
_LINKED = Dimension("choice", values=("no", "yes"))

DIMENSIONS = {
    "province": Dimension("place", "province", folded=("seller_province", "buyer_province")),
    "league": Dimension("place", "league"),
    "banner": Dimension("place", "banner"),
    "seller_league": Dimension("place", "league"),
    "buyer_league": Dimension("place", "league"),
    "seller_banner": Dimension("place", "banner"),
    "buyer_banner": Dimension("place", "banner"),
    "seller_province": Dimension("place", "province"),
    "buyer_province": Dimension("place", "province"),
    "seller_origin": _ORIGIN,
    "buyer_origin": _ORIGIN,
    "contract_type": Dimension("main_code", "contract_type"),
    "contract_subtype": Dimension("code", "contract_type"),
    "field": Dimension("field", "contract"),
    "field_hightech": Dimension("field", "hightech", folded=("field",)),
    "field_region": Dimension("field", "region", folded=("field",)),
    "ip_type": Dimension("code", "ip_type"),
    "plan_source": Dimension("code", "plan_source"),
    "served_industry": Dimension("industry", "section"),
    "served_industry_division": Dimension("industry", "division"),
    "served_industry_group": Dimension("industry", "group"),
    "served_industry_class": Dimension("industry", "class"),
    "socio_economic_objective": Dimension("code", "socio_economic_objective"),
    "payment_mode": Dimension("code", "payment_mode"),
    "seller_nature": Dimension("code", "party_nature"),
    "buyer_nature": Dimension("code", "party_nature"),
    "seller_nature_class": Dimension("main_code", "party_nature"),
    "buyer_nature_class": Dimension("main_code", "party_nature"),
    "office": Dimension("office"),
    "registration": Dimension("choice", values=(HERE, ELSEWHERE)),
    "linked_demand": _LINKED,
    "linked_achievement": _LINKED,
    "size_class": Dimension("choice", values=tuple(SIZES)),
    "month": Dimension("time"),
    "quarter": Dimension("time"),
    "half_year": Dimension("time"),
    "year": Dimension("time"),
    "year_to_date": Dimension("time", folded=("month",)),
}
"""The published list of cuts; each is a filter too."""
SIDELESS = ("league", "banner")
"""The seller's under `output`, the buyer's under `absorbed`, either's under `involved`, nobody's otherwise."""
ALWAYS_GIVEN = ("contract_type", "contract_subtype")
INDUSTRY_LETTERS = {"section": 1, "division": 3, "group": 4, "class": 5}
"""Length of a code of GB/T 4754 by its level (门类, 大类, 中类, 小类)."""


@dataclass(frozen=True)
class Question:
    """A question in canonical form: filters sorted, their values sorted and known.

    `compare` is one of `COMPARISONS` or the text of a period. What stands behind it shapes the answer, not the figures.
    `asked` is the period named, if only its beginning is counted (`to_date`).
    """

    period: Period
    basis: str
    region: str
    by: tuple[str, ...] = ()
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    compare: str | None = None
    rollup: bool = False
    top: int | None = None
    top_by: str = RANKINGS[0]
    shares: bool = False
    asked: Period | None = None

    @property
    def view(self) -> str:
        """The province whose leagues and banners are told apart; the others stand as provinces."""
        return province_code(self.region)

    @property
    def two_sided(self) -> bool:
        """May one contract stand in the groups of both of its parties' leagues or banners?"""
        return self.basis == "involved" and any(name in SIDELESS for name in self.by)

    @property
    def folded(self) -> bool:
        """Has a cut that may show one contract under several of its keys?"""
        return any(DIMENSIONS[name].folded for name in self.by)

    @property
    def overlapping(self) -> bool:
        """May one contract stand in two groups?"""
        return self.two_sided or self.folded

    @property
    def walks(self) -> bool:
        """Does it name fields of another scheme, reached by cross-walk?"""
        return any(_by_crosswalk(name) for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Every dimension it cuts or filters by."""
        return (*self.by, *(name for name, _ in self.filters))

    def sided(self, name: str) -> str:
        """The dimension meant by a cut: `league` is the seller's or buyer's by basis (`involved`: unchanged)."""
        side = {"output": "seller_", "absorbed": "buyer_"}.get(self.basis, "") if name in SIDELESS else ""
        return side + name

    @property
    def against(self) -> Period | None:
        """The period it is compared with: of that too only the beginning, if no more is counted of its own."""
        if self.compare is None:
            return None
        period = self.asked or self.period
        steps = {"previous_year": 12, "previous_period": period.length}
        against = period.moved(-steps[self.compare]) if self.compare in steps else Period.parse(self.compare)
        return against.begin(self.period.length) if self.asked else against

    @property
    def like(self) -> bool | None:
        """Do the two periods have as many months, so that growth means something? None: nothing is compared."""
        return None if self.against is None else self.against.length == self.period.length

    def to_date(self, end: int) -> Question:
        """What it can fairly compare where `end` is the last month that is over: of a period that runs still, its months so far.

        The period compared with is cut alike. Invalid `unfinished-period` when not one month is over. Periods of unlike length
        are left as they are, since no growth is told of them.
        """
        if self.against is None or not self.like:
            return self
        months = min(self.period.over(end), self.against.over(end))
        if months == 0:
            message = (
                f"No month of {self.period} and {self.against} that could be compared is over yet: leave compare out."
            )
            raise Invalid.field("/period", "unfinished-period", message)
        if months == self.period.length:
            return self
        return replace(self, period=self.period.begin(months), asked=self.period)

    @property
    def distance(self) -> int:
        """Months from the period compared with to the period asked of."""
        return 0 if self.against is None else _index(self.period.first) - _index(self.against.first)

    def earlier(self) -> Question | None:
        """The same of the period compared with: filters of time move along with the period."""
        if self.against is None:
            return None
        filters = tuple(
            (name, tuple(sorted(self.moved(name, value, -self.distance) for value in values)))
            for name, values in self.filters
        )
        return replace(self, period=self.against, filters=filters, compare=None, asked=None)

    def moved(self, name: str, value: str, months: int) -> str:
        """A key so many months later, which is another one for cuts of time alone."""
        if DIMENSIONS[name].kind != "time":
            return value
        steps, written = _STEPS[name]
        year, part = divmod(int(value[:4]) * steps + int(value[5:] or 1) - 1 + months * steps // 12, steps)
        return f"{year:04d}{written.format(part + 1)}"


def _by_crosswalk(name: str) -> bool:
    return DIMENSIONS[name].kind == "field" and DIMENSIONS[name].folded != ()


def ask(
    unit: Unit,
    *,
    period: str,
    basis: str,
    region: str | None = None,
    by: Sequence[str] = (),
    filters: Mapping[str, Sequence[str]] | None = None,
    compare: str | None = None,
    rollup: bool = False,
    top: int | None = None,
    top_by: str = RANKINGS[0],
    shares: bool = False,
) -> Question:
    """The question, or Invalid with everything that is wrong with it. Names come from `BASES`, `DIMENSIONS`, `RANKINGS`."""
    errors: list[FieldError] = []
    span = None
    try:
        span = Period.parse(period)
    except ValueError as error:
        errors.append(FieldError("/period", "bad-period", str(error)))
    places, region = tree(unit), region or unit.database.home_region()
    if places.find(region) is None:
        errors.append(FieldError("/region", "unknown-place", "There is no such place."))
    elif region in HK_MO_TW.values():
        errors.append(FieldError("/region", "not-a-region", "Hong Kong, Macao and Taiwan are one bucket: hk_mo_tw."))
    named = tuple((name, tuple(values)) for name, values in sorted((filters or {}).items()))
    question = Question(span or Period(0, 0), basis, region, tuple(by), named, compare, rollup, top, top_by, shares)
    errors += _wrong_cuts(question)
    found = []
    offices = [id for id, row in by_ids(unit, (filters or {}).get("office", ())).items() if row["role"] == "office"]
    for name, values in named:
        if name == "office":
            known = {value: value if value in offices or value == ELSEWHERE else None for value in values}
        else:
            known = {value: _canonical(unit, places, question, name, value) for value in values}
        unknown = [value for value, key in known.items() if key is None]
        if unknown:
            message = f"{', '.join(unknown[:5])}: no key of {name}; {_where_keys_are(name)}"
            errors.append(FieldError(f"/{name}", "unknown-code", message))
        found.append((name, tuple(sorted({key for key in known.values() if key is not None}))))
    if span is not None:
        errors += _wrong_times(question)
    check(errors, "The question cannot be answered as it stands.")
    return replace(question, filters=tuple(found))


def _where_keys_are(name: str) -> str:
    dimension = DIMENSIONS[name]
    if dimension.values:
        return f"they are {', '.join(dimension.values)}."
    if dimension.kind == "place":
        return f"/v1/places has those of the level; beside them there are {', '.join(BUCKETS)}."
    if dimension.kind == "time":
        return f"they are such as 2018{_STEPS[name][1].format(1)}."
    if dimension.kind == "field":
        return f"/v1/fields?scheme={dimension.of} has them."
    if dimension.kind == "office":
        return f"they are ids of offices, or {ELSEWHERE}; the same question with by=office shows them."
    return f"/v1/code-lists/{'industry' if dimension.kind == 'industry' else dimension.of} has them."


def _wrong_cuts(question: Question) -> list[FieldError]:
    errors = []
    if len(question.by) > MAX_CUTS:
        errors.append(FieldError("/by", "too-many", f"At most {MAX_CUTS} cuts at once."))
    if len({question.sided(name) for name in question.by}) < len(question.by):
        errors.append(FieldError("/by", "repeated", "The same cut is named twice."))
    if question.top is not None and not question.by:
        errors.append(FieldError("/top", "cut-needed", "Say with by= which groups are ranked."))
    if question.basis in ("internal", "registered"):
        for pointer, name in _pointed(question):
            if name in SIDELESS:
                message = (
                    f"Under basis={question.basis} say whose {name} is meant: seller_{name} (the seller's) "
                    f"or buyer_{name} (the buyer's)."
                )
                errors.append(FieldError(pointer, "side-needed", message))
    return errors


def _pointed(question: Question) -> list[tuple[str, str]]:
    """Every dimension named, with the parameter that names it."""
    return [("/by", name) for name in question.by] + [(f"/{name}", name) for name, _ in question.filters]


def _wrong_times(question: Question) -> list[FieldError]:
    """What the periods do not allow: a year to date of half a year, or a comparison that does not fit."""
    errors = []
    for pointer, name in _pointed(question):
        if name == "year_to_date" and question.period.first % 100 != 1:
            message = "A year to date counts from January: let the period begin with one."
            errors.append(FieldError(pointer, "not-from-january", message))
    try:
        against = question.against
    except ValueError as error:
        names = " or ".join(COMPARISONS)
        return [*errors, FieldError("/compare", "bad-period", f"{error} Or compare with {names}.")]
    if against is None:
        return errors
    if against.meets(question.period):
        message = "The two periods overlap, so a contract would be compared with itself: ask of parts of the period."
        return [*errors, FieldError("/compare", "overlapping-periods", message)]
    times = [name for _, name in _pointed(question) if DIMENSIONS[name].kind == "time"]
    step = max((12 // _STEPS[name][0] if name != "year_to_date" else 12 for name in times), default=1)
    if times and against.length != question.period.length:
        message = (
            f"{times[0]} is compared by its place in the period, but the periods have {question.period.length} and "
            f"{against.length} months: name one of equal length, or leave out {times[0]}."
        )
        errors.append(FieldError("/compare", "unequal-periods", message))
    elif question.distance % step:
        message = (
            f"The periods lie {abs(question.distance)} months apart, so that keys of {', '.join(sorted(set(times)))} do not "
            f"match: name a period a multiple of {step} months away, or cut by month."
        )
        errors.append(FieldError("/compare", "unequal-periods", message))
    return errors


def _canonical(unit: Unit, places: Places, question: Question, name: str, value: str) -> str | None:
    """A filter's value as it stands in keys; None when there is none such."""
    dimension = DIMENSIONS[name]
    if dimension.kind == "choice":
        return value if value in dimension.values else None
    if dimension.kind == "place":
        return value if value in BUCKETS or _is_key(places, question.view, dimension.of, value) else None
    if dimension.kind == "time":
        return value if re.match(_MOMENTS[name], value) else None
    if value == UNSPECIFIED:
        return None if name in ALWAYS_GIVEN or name == "field" else value
    if dimension.kind == "field":
        field = catalogue(unit).find(value)
        return field.tag if field is not None and field.scheme == dimension.of else None
    if dimension.kind == "industry":
        known = value in code_lists(unit).whole("industry").codes
        return value if known and len(value) <= INDUSTRY_LETTERS[dimension.of] else None
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
