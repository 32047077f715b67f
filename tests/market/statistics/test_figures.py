"""Whatever happens to contracts: cells, ledger and a plain count over the live contracts tell the same, for every question."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date
from itertools import product
from typing import Any

import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from market.access import SYSTEM
from market.fields.actions import change_link, link_fields, remove_link
from market.fields.model import CrosswalkEntry
from market.places.queries import Places, tree
from market.reference.files import table
from market.statistics.agreement import check
from market.statistics.model import DealCell
from market.statistics.queries import Figures, Measures, figures
from market.statistics.question import BASES, DIMENSIONS, SIDELESS, Period, Question
from market.statistics.rebuild import rebuild
from market.statistics.sources import cheapest, sources
from market.store.session import Unit
from market.store.types import month_of
from tests.market.statistics.history import History

PARTIES = [
    ("CN", "150203"),
    ("CN", "150202"),
    ("CN", "150102"),
    ("CN", "150200"),
    ("CN", "150000"),
    ("CN", "152501"),
    ("CN", "110000"),
    ("CN", "130100"),
    ("CN", "130000"),
    ("CN", "810000"),
    ("HK", None),
    ("US", None),
    ("CN", None),
]
TYPES = [("DEV", "DEV_COMMISSIONED"), ("DEV", None), ("CONSULT", None), ("SERVICE", "SVC_GENERAL")]
DAYS = [date(2017, 2, 1), date(2017, 12, 31), date(2018, 1, 1), date(2018, 3, 5), date(2018, 4, 30), date(2018, 11, 2)]
REGIONS = ["150000", "150200", "150203", "110000", "130000", "130100"]


LINKS = [(row["from_tag"], row["to_tag"], row["relation"]) for row in table("crosswalks")]
"""The cross-walk as shipped."""


@st.composite
def contents(draw: Any) -> dict[str, Any]:
    seller, buyer, kind = draw(st.sampled_from(PARTIES)), draw(st.sampled_from(PARTIES)), draw(st.sampled_from(TYPES))
    total = draw(st.integers(1, 10**13) | st.sampled_from([100_000_00 - 1, 100_000_00, 10**10 - 1, 10**10]))
    return {
        "act": draw(st.sampled_from(["registered", "registered", "outside"])),
        "office_place": draw(st.sampled_from(["150000", "150203", "110000"])),
        "seller_country": seller[0],
        "seller_place": seller[1],
        "seller_nature": draw(st.sampled_from([None, "0221", "020", "natural_person"])),
        "buyer_country": buyer[0],
        "buyer_place": buyer[1],
        "buyer_nature": draw(st.sampled_from([None, "170", "400"])),
        "contract_type": kind[0],
        "contract_subtype": kind[1],
        "field": draw(st.sampled_from(["contract:05", "contract:01", "contract:09"])),
        "served_industry": draw(st.sampled_from([None, "A0111", "A011", "A02", "C"])),
        "demand_id": draw(st.sampled_from([None, "dem_1"])),
        "achievement_id": draw(st.sampled_from([None, "ach_1"])),
        "ip_type": draw(st.sampled_from([None, "SECRET"])),
        "total_fen": total,
        "tech_fen": draw(st.integers(1, total)),
        "registered_on": draw(st.sampled_from(DAYS)),
    }


ACTS = st.one_of(
    st.tuples(st.just("register"), contents()),
    st.tuples(st.just("register several"), st.lists(contents(), min_size=2, max_size=4)),
    st.tuples(st.just("change"), contents()),
    st.tuples(st.just("approve"), st.integers(0, 10**13)),
    st.tuples(st.just("end"), st.sampled_from(["cancelled", "revoked"])),
)


@st.composite
def questions(draw: Any) -> Question:
    basis = draw(st.sampled_from(BASES))
    period = draw(st.sampled_from(["2017", "2018", "2018Q1", "2017-12..2018-03", "2017-01..2018-11"]))
    names = [
        name
        for name in DIMENSIONS
        if not (name in SIDELESS and basis in ("internal", "registered"))
        and not (name == "year_to_date" and period == "2017-12..2018-03")
    ]
    by = draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    by = [name for name in by if Question(Period(0, 0), basis, "").sided(name) not in by or name not in SIDELESS]
    values = {
        "contract_type": ("DEV",),
        "seller_league": ("130000", "150200"),
        "buyer_banner": ("150203", "abroad"),
        "league": ("150100", "150200"),
        "banner": ("150203",),
        "month": ("2018-03",),
        "half_year": ("2018H1", "2018H2"),
        "year_to_date": ("2018-02", "2018-04"),
        "served_industry": ("A",),
        "served_industry_group": ("A011", "C"),
        "province": ("110000", "150000"),
        "seller_origin": ("elsewhere_in_china", "abroad"),
        "buyer_nature_class": ("100", "unspecified"),
        "field_hightech": ("hightech:40", "unspecified"),
        "field_region": ("region:new_materials",),
        "registration": ("here",),
        "linked_demand": ("yes",),
        "size_class": ("00000-00010", "10000-"),
    }
    filters = draw(st.lists(st.sampled_from([name for name in values if name in names]), max_size=2, unique=True))
    return Question(
        Period.parse(period),
        basis,
        draw(st.sampled_from(REGIONS)),
        tuple(by),
        tuple((name, values[name]) for name in sorted(filters)),
    )


def relink(unit: Any, tags: tuple[str, str], relation: str) -> None:
    """An administrator's word: the link is made, made another, or removed."""
    links = select(CrosswalkEntry.from_tag, CrosswalkEntry.to_tag, CrosswalkEntry.version).where(
        CrosswalkEntry.removed.is_(False)
    )
    old = next((row for row in unit.execute(links) if {row.from_tag, row.to_tag} == set(tags)), None)
    facts = {"relation": relation, "status": "proposed", "source": "test"}
    if old is None:
        link_fields(unit, {"from_tag": tags[0], "to_tag": tags[1], **facts})
    elif relation == "related":
        remove_link(unit, old.from_tag, old.to_tag, old.version)
    else:
        change_link(unit, old.from_tag, old.to_tag, facts, old.version)


def play(history: History, acts: list[tuple[str, Any]], after: Callable[[], None] = lambda: None) -> None:
    """Each act in a unit of its own, eleven days after the one before; then `after`. The journal's clock only goes forward."""
    start = time.time()
    for number, (act, what) in enumerate(acts, 1):
        with time_machine.travel(start + number * 11 * 86_400, tick=False):
            if act == "register":
                history.add(history.contract(**what))
            elif act == "register several":
                history.add(*(history.contract(**each) for each in what))
            elif act == "relink":
                history.database.write(SYSTEM, lambda unit, w=what: relink(unit, *w))
            elif history.live:
                contract = sorted(history.live)[number % len(history.live)]
                if act == "change":
                    kept = {
                        name: value
                        for name, value in what.items()
                        if name not in ("act", "registered_on", "office_place")
                    }
                    history.database.write(SYSTEM, lambda unit, c=contract, k=kept: history.change(unit, c, **k))
                elif act == "approve":
                    history.database.write(SYSTEM, lambda unit, c=contract, i=what: history.approve(unit, c, i))
                else:
                    history.database.write(SYSTEM, lambda unit, c=contract, s=what: history.end(unit, c, s))
            after()


class Counted:
    """The plain count: every contract looked at by itself."""

    def __init__(self, places: Places, question: Question, links: Iterable[tuple[str, str, str]] = LINKS) -> None:
        self.places, self.question, self.links = places, question, links

    def _codes(self, row: dict[str, Any], side: str) -> tuple[str, ...]:
        country, place = row[f"{side}_country"], row[f"{side}_place"]
        if country in ("HK", "MO", "TW") or place in ("710000", "810000", "820000"):
            return ("hk_mo_tw",)
        if country != "CN":
            return ("abroad",)
        return ("unspecified",) if place is None else self.places.lineage(place)

    def inside(self, row: dict[str, Any], side: str) -> bool:
        return self.question.region in self._codes(row, side)

    def keys(self, row: dict[str, Any], name: str) -> list[str]:
        """Everything a contract stands under."""
        day, last = row["registered_on"], self.question.period.last
        if name == "province":
            return sorted({self.key(row, f"{side}_province") for side in ("seller", "buyer")})
        if name == "year_to_date":
            return [f"{day.year}-{month:02d}" for month in range(day.month, 13) if day.year * 100 + month <= last]
        if name.startswith("field_"):
            wanted = name.removeprefix("field_") + ":"
            found = {b for a, b, how in self.links if a == row["field"] and how in ("exact", "close", "broader")}
            found |= {a for a, b, how in self.links if b == row["field"] and how in ("exact", "close", "narrower")}
            return sorted(tag for tag in found if tag.startswith(wanted)) or ["unspecified"]
        return [self.key(row, name)]

    def key(self, row: dict[str, Any], name: str) -> str:
        side, _, level = name.partition("_")
        day = row["registered_on"]
        if level == "origin":
            place = self._codes(row, side)[-1]
            if "150000" in self._codes(row, side):
                return "home_region"
            return place if place in ("hk_mo_tw", "abroad", "unspecified") else "elsewhere_in_china"
        if level == "nature_class":
            classes = {"0221": "020", "170": "100", None: "unspecified"}
            return classes.get(row[f"{side}_nature"], row[f"{side}_nature"])
        if name in ("linked_demand", "linked_achievement"):
            return "no" if row[name.removeprefix("linked_") + "_id"] is None else "yes"
        if name == "registration":
            here = row["office_place"] is not None and self.places.within(row["office_place"], "150000")
            return "here" if here else "elsewhere"
        if name == "size_class":
            bounds = [(10**10, "10000-"), (10**9, "01000-10000"), (10**8, "00100-01000"), (10**7, "00010-00100")]
            return next((key for bound, key in bounds if row["total_fen"] >= bound), "00000-00010")
        if name.startswith("served_industry_"):
            length = {"division": 3, "group": 4, "class": 5}[name.removeprefix("served_industry_")]
            return (row["served_industry"] or "unspecified")[: length if row["served_industry"] else None]
        if level in ("league", "banner", "province"):
            codes = self._codes(row, side)
            if level == "province" or not self.places.within(codes[-1], self.places.lineage(self.question.region)[-1]):
                return codes[-1]
            wanted = ("prefecture", "province") if level == "league" else ("county", "prefecture", "province")
            return next(code for rank in wanted for code in codes if self.places.find(code).level == rank)
        if name == "served_industry":
            return (row[name] or "unspecified")[0] if row[name] else "unspecified"
        if name == "contract_subtype":
            return row[name] or row["contract_type"]
        if name == "office":
            return row[name] or "elsewhere"
        times = {
            "month": f"{day.year}-{day.month:02d}",
            "quarter": f"{day.year}Q{(day.month + 2) // 3}",
            "half_year": f"{day.year}H{1 if day.month < 7 else 2}",
            "year": f"{day.year}",
        }
        return times.get(name) or row[name] or "unspecified"

    def parts(self, row: dict[str, Any]) -> list[tuple[str, ...]]:
        """The groups a contract stands in; under `involved` by league, one for each side that counts."""
        question = self.question
        if not question.period.first <= month_of(row["registered_on"]) <= question.period.last:
            return []
        sides = self.inside(row, "seller"), self.inside(row, "buyer")
        here = row["office_place"] is not None and self.places.within(row["office_place"], question.region)
        counts = {
            "involved": any(sides),
            "output": sides[0],
            "absorbed": sides[1],
            "internal": all(sides),
            "registered": here,
        }
        if not counts[question.basis]:
            return []
        found: list[tuple[str, ...]] = []
        if question.basis != "involved":
            views: list[Callable[[str], str]] = [lambda name: question.sided(name)]
        else:
            views = [
                lambda name, side=side: f"{side}_{name}" if name in SIDELESS else name
                for side, lies in zip(("seller", "buyer"), sides, strict=True)
                if lies
            ]
        wanted = dict(question.filters)
        for view in views:
            if all(set(self.keys(row, view(name))) & set(values) for name, values in question.filters):
                parts = [
                    [key for key in self.keys(row, view(name)) if name not in wanted or key in wanted[name]]
                    for name in question.by
                ]
                found += [key for key in product(*parts) if key not in found]
        return found

    def figures(self, rows: list[dict[str, Any]]) -> Figures:
        groups: dict[tuple[str, ...], list[int]] = {}
        totals, overlap = [0] * 4, [0] * 4
        for row in rows:
            values = (1, row["total_fen"], row["tech_fen"], row["income_fen"])
            keys = self.parts(row)
            for cell in [groups.setdefault(key, [0] * 4) for key in keys] + [totals] * bool(keys):
                cell[:] = [a + b for a, b in zip(cell, values, strict=True)]
            for _ in keys[1:]:
                overlap = [a + b for a, b in zip(overlap, values, strict=True)]
        by_key = {key: Measures(*cell) for key, cell in sorted(groups.items())}
        return Figures(
            Measures(*totals),
            by_key if self.question.by else {},
            Measures(*overlap) if self.question.overlapping else None,
        )


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(acts=st.lists(ACTS, min_size=1, max_size=25), asked=st.lists(questions(), min_size=20, max_size=20))
def test_every_path_tells_what_a_plain_count_tells(factory, engine, acts, asked):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        play(history, acts)
        with database.snapshot(SYSTEM) as unit:
            assert check(unit) == []
            for question in asked:
                expected = Counted(tree(unit), question).figures(list(history.live.values()))
                for source in sources(unit, question):
                    assert figures(unit, question, source) == expected, (question, source.cuboid)
            for question in asked[:5]:
                add_up(unit, question)
            kept = cells(unit)
        rebuild(database)
        with database.snapshot(SYSTEM) as unit:
            assert cells(unit) == kept


def add_up(unit: Unit, question: Question) -> None:
    """Groups make the totals; involved = output + absorbed - internal."""
    found = figures(unit, question)
    if question.by:
        parts = [*found.groups.values()]
        overlap = found.overlap or Measures()
        assert [sum(column) for column in zip(Measures(), *parts, strict=True)] == [
            a + b for a, b in zip(found.totals, overlap, strict=True)
        ]
    sideless = [name for name, _ in question.filters if name in SIDELESS]
    if not sideless:
        bases = {
            basis: figures(unit, Question(question.period, basis, question.region, (), question.filters)).totals
            for basis in BASES
        }
        assert bases["involved"] == tuple(
            o + a - i for o, a, i in zip(bases["output"], bases["absorbed"], bases["internal"], strict=True)
        )


def cells(unit: Unit) -> list[Any]:
    columns = DealCell.__table__.columns
    return unit.execute(select(*columns).order_by(*columns)).all()


def test_a_deal_from_outside_the_region_but_inside_its_league_counts_for_the_league(history):
    history.add(history.contract(seller_place="150202", buyer_place="150203"))
    question = Question(Period(201801, 201812), "involved", "150203", ("league",))
    with history.database.snapshot(SYSTEM) as unit:
        found = figures(unit, question)
    assert {key: cell.deals for key, cell in found.groups.items()} == {("150200",): 1}
    assert (found.totals.deals, found.overlap.deals) == (1, 0)


def test_a_league_asked_for_counts_only_inside_the_region(history):
    history.add(history.contract(seller_place="130100", buyer_place="150203"))
    with history.database.snapshot(SYSTEM) as unit:
        for league, deals in (("130000", 0), ("150200", 1), ("150100", 0)):
            question = Question(Period(201801, 201812), "involved", "150000", (), (("league", (league,)),))
            assert figures(unit, question).totals.deals == deals, league


def test_a_region_has_the_offices_of_its_parts(history):
    history.add(*(history.contract(office_place=place) for place in ("150203", "150200", "150102", "110000")))
    with history.database.snapshot(SYSTEM) as unit:
        for region, deals in (("150000", 3), ("150200", 2), ("150203", 1), ("110000", 1)):
            question = Question(Period(201801, 201812), "registered", region)
            assert figures(unit, question).totals.deals == deals, region


USUAL = [
    (("seller_league", "contract_type", "month"), 19),
    (("buyer_league", "contract_type", "quarter"), 27),
    (("contract_type", "field", "year"), None),
    (("seller_league", "buyer_league"), None),
    (("seller_province", "contract_type"), 19),
    (("seller_province", "contract_type", "registration"), 26),
    (("league",), 14),
    (("office",), 18),
    (("field",), 13),
    (("field", "year"), 13),
    (("field", "month"), 17),
    ((), 13),
    (("contract_subtype",), None),
    (("seller_banner",), None),
]


def test_the_usual_cuts_are_answered_by_a_cuboid(world):
    with world.database.snapshot(SYSTEM) as unit:
        for by, cuboid in USUAL:
            chosen = cheapest(unit, Question(Period(201801, 201812), "output", "150000", by))
            assert (chosen and chosen.number) == cuboid, by
