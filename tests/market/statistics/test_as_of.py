"""An answer as of a point of the journal never changes, and is what a plain count over the journal up to there gives."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from market.access import PUBLIC, SYSTEM, Actor, Role
from market.errors import Forbidden, Invalid
from market.fields.actions import renew, replace_crosswalks
from market.fields.model import CodeEntry, CrosswalkEntry, FieldEntry
from market.journal.append import Event, append
from market.journal.read import entries, head, payload
from market.places.model import PlacePeriod
from market.places.queries import tree
from market.statistics.adjustments import adjustments
from market.statistics.answers import MEASURES, Reader, answer, answer_tag
from market.statistics.points import SETTLING, Point, point, point_for_all
from market.statistics.queries import Measures, figures
from market.statistics.question import DIMENSIONS, Period, Question
from market.statistics.sources import sources
from market.store.types import SHANGHAI, instant_text
from tests.market.statistics.history import History
from tests.market.statistics.test_figures import ACTS, Counted, play, questions

RANDOM = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def told(unit: Any, question: Question, at: Point) -> list[bytes]:
    """Totals and groups without labels, as everybody gets them."""
    found = []
    for floor, asked in (
        (0, question),
        (0, replace(question, compare="previous_year", rollup=True).to_date(at.over)),
        (3, replace(question, compare="2015-01..2016-07" if not timed(question) else None, top=2, shares=True)),
    ):
        whole = answer(unit, asked, Reader("zh", floor), at)
        told = {name: whole[name] for name in ("totals", "overlap", "groups", "subtotals", "other")}
        # Shares and growth are the only floats, and of four places.
        found.append(json.dumps(nameless(told), sort_keys=True).encode())
    return found


def nameless(value: Any) -> Any:
    """Without labels."""
    if isinstance(value, dict):
        return {name: nameless(part) for name, part in value.items() if name != "label"}
    return [nameless(part) for part in value] if isinstance(value, list) else value


def timed(question: Question) -> bool:
    return any(DIMENSIONS[name].kind == "time" for name in question.names)


def reload(unit: Any) -> None:
    """Other names everywhere, and parts of the tree in other places."""
    renew(unit)
    unit.execute(update(PlacePeriod).values(name_zh=PlacePeriod.name_zh + "改"))
    unit.execute(update(PlacePeriod).where(PlacePeriod.code == "150203").values(parent="150100", level="prefecture"))
    unit.execute(update(PlacePeriod).where(PlacePeriod.code == "150200").values(parent="110000"))
    unit.execute(update(CodeEntry).values(name_zh="改", parent=None))
    unit.execute(update(FieldEntry).values(name_zh="改"))
    links = [("contract:05", "hightech:30", "exact"), ("contract:01", "region:dairy", "close")]
    told = [dict(zip(("from_tag", "to_tag", "relation"), link, strict=True)) for link in links]
    replace_crosswalks(unit, [{**link, "status": "proposed", "source": "test"} for link in told], 2)
    append(unit, Event("reference.loaded", "reference:places:places", 2, {}))
    append(unit, Event("reference.loaded", "reference:crosswalks:crosswalks", 2, {"links": links}))


TAGS = st.sampled_from(
    [("contract:05", "hightech:40"), ("hightech:404", "contract:05"), ("contract:01", "region:dairy")]
)
RELINKS = st.tuples(st.just("relink"), st.tuples(TAGS, st.sampled_from(["exact", "broader", "narrower", "related"])))


def links_of(unit: Any) -> list[tuple[str, str, str]]:
    """The cross-walk as stored now."""
    columns = (CrosswalkEntry.from_tag, CrosswalkEntry.to_tag, CrosswalkEntry.relation)
    return [tuple(row) for row in unit.execute(select(*columns).where(CrosswalkEntry.removed.is_(False)))]


def counted_lines(history: History, unit: Any) -> list[tuple[int, tuple[str, int, int], int]]:
    """What the journal says was counted and taken back: seq, version of a contract and its income, sign."""
    return [
        (entry["seq"], (line["contract_id"], line["version"], abs(line["income"])), line["sign"])
        for entry in entries(unit)
        for line in payload(entry).get("ledger", ())
    ]


@pytest.mark.usefixtures("short_stretches")
@RANDOM
@given(acts=st.lists(ACTS | RELINKS, min_size=2, max_size=12), asked=st.lists(questions(), min_size=4, max_size=4))
def test_answers_of_the_past_stand_for_ever(factory, engine, acts, asked):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        then: dict[int, list[list[bytes]]] = {}

        def note() -> None:
            with database.snapshot(SYSTEM) as unit:
                at = point(unit, None)
                then[at.seq] = [told(unit, question, at) for question in asked]

        note()
        play(history, acts, note)
        database.write(SYSTEM, reload)
        with database.snapshot(SYSTEM) as unit:
            for seq, answers in then.items():
                at = point(unit, str(seq))
                assert [told(unit, question, at) for question in asked] == answers


@pytest.mark.usefixtures("short_stretches")
@RANDOM
@given(acts=st.lists(ACTS | RELINKS, min_size=2, max_size=16), asked=st.lists(questions(), min_size=4, max_size=4))
def test_every_path_tells_what_the_journal_up_to_there_tells(factory, engine, acts, asked):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        with database.snapshot(SYSTEM) as unit:
            first = head(unit).seq
        links: dict[int, list[tuple[str, str, str]]] = {0: []}

        def note() -> None:
            with database.snapshot(SYSTEM) as unit:
                links[head(unit).seq] = links_of(unit)

        note()
        play(history, acts, note)
        with database.snapshot(SYSTEM) as unit:
            lines, last = counted_lines(history, unit), head(unit).seq
            for seq in [0, *range(first, last + 1)]:
                net = Counter[tuple[str, int, int]]()
                for recorded, version, sign in lines:
                    net[version] += sign if recorded <= seq else 0
                rows = [history.versions[version] for version, sign in net.items() if sign]
                at = point(unit, str(seq))
                for question in asked:
                    expected = Counted(tree(unit), question, links[max(known for known in links if known <= seq)])
                    for source in sources(unit, question, at):
                        assert figures(unit, question, source) == expected.figures(rows), (question, at, source.cuboid)


@RANDOM
@given(
    acts=st.lists(ACTS | RELINKS, min_size=2, max_size=16),
    asked=st.lists(questions(), min_size=4, max_size=4),
    limit=st.integers(1, 7),
    data=st.data(),
)
def test_adjustments_add_up_to_the_difference(factory, engine, acts, asked, limit, data):
    with factory.open(engine, "world") as database:
        history = History(database, factory.worlds[engine].ids["office"])
        with database.snapshot(SYSTEM) as unit:
            first = head(unit).seq
        play(history, acts)
        with database.snapshot(SYSTEM) as unit:
            seqs = st.integers(first, head(unit).seq)
            for question in (replace(question, by=()) for question in asked):
                begin, end = (point(unit, str(seq)) for seq in sorted([data.draw(seqs), data.draw(seqs)]))
                pages = list(all_pages(unit, question, (begin, end), limit))
                items = [item for page in pages for item in page["items"]]
                assert [(item["seq"], item["line"]) for item in items] == sorted(
                    {(item["seq"], item["line"]) for item in items}
                )
                assert all(begin.seq < item["seq"] <= end.seq for item in items)
                assert all(question.basis in item["bases"] for item in items)
                summary = pages[0]["summary"]
                for name in MEASURES:
                    moved = sum(item[name] for item in items)
                    assert summary["from"][name] + moved == summary["to"][name]
                    assert summary["difference"][name] == moved
                # By fields of another scheme both are told by the cross-walk of the end.
                for at, side in ((begin, "from"), (end, "to"))[question.walks :]:
                    assert list(summary[side].values())[: len(MEASURES)] == list(figures(unit, question, at=at).totals)


def all_pages(unit, question, between, limit):
    cursor = None
    while True:
        page = adjustments(unit, question, Reader("zh", 0), between, cursor=cursor, limit=limit)
        yield page
        if (cursor := page["next"]) is None:
            return


def test_bases_of_an_adjustment_are_those_of_the_region(history):
    add = history.contract
    history.add(
        add(seller_place="150203", buyer_place="150102", office_place="150203"),
        add(seller_place="110000", buyer_place="150203", office_place="150000"),
        add(seller_place="150203", buyer_place="150202", act="outside"),
    )
    expected = {
        "150000": [
            ["involved", "output", "absorbed", "internal", "registered"],
            ["involved", "absorbed", "registered"],
            ["involved", "output", "absorbed", "internal"],
        ],
        "150200": [
            ["involved", "output", "registered"],
            ["involved", "absorbed"],
            ["involved", "output", "absorbed", "internal"],
        ],
    }
    with history.database.snapshot(SYSTEM) as unit:
        for region, bases in expected.items():
            question = Question(Period(201801, 201812), "involved", region)
            found = adjustments(
                unit, question, Reader("zh", 0), (point(unit, "0"), point(unit, None)), cursor=None, limit=100
            )
            assert [item["bases"] for item in found["items"]] == bases


# --- Points ---


def month_later(moment: datetime) -> datetime:
    return (moment.replace(day=1) + timedelta(days=32)).replace(day=1)


@pytest.fixture
def months(history):
    """Three months to come, with an entry on the last second of each and two on the first of the next; answers their starts."""
    start = month_later(datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0))
    starts = [start, month_later(start), month_later(month_later(start))]
    for beginning in starts:
        for moment in (beginning - timedelta(microseconds=1), beginning, beginning):
            with time_machine.travel(moment, tick=False):
                history.add(history.contract())
    return starts


def named(database, asked, actor=SYSTEM):
    with database.snapshot(actor) as unit:
        return point(unit, asked)


def test_days_instants_and_seqs_name_points(history, months):
    database = history.database
    first = named(database, None).seq - 9
    for number, start in enumerate(months):
        last = start.date() - timedelta(days=1)
        seq = first + 1 + 3 * number
        ended = named(database, last.isoformat())
        assert (ended.seq, ended.since) == (seq, None)
        assert ended.instant == named(database, str(seq)).instant
        assert ended.month == last.year * 100 + last.month
        for text in (
            (start - timedelta(microseconds=1)).isoformat(),
            (start - timedelta(microseconds=1)).astimezone(UTC).isoformat().replace("+00:00", "Z"),
            instant_text(ended.instant),
            str(seq),
        ):
            assert named(database, text) == ended, text
        assert named(database, (start - timedelta(microseconds=2)).isoformat()).seq == seq - 1
    begun = named(database, months[1].isoformat())
    assert begun.seq == first + 6  # both entries of that instant
    one = named(database, str(first + 5))
    assert (one.seq, one.since) == (first + 5, first + 5)
    assert named(database, str(first + 9)) == named(database, None)
    assert named(database, "0") == Point(0, None, 0)
    assert named(database, "1900-01-01") == Point(0, None, 0)


def refusal(database, asked, actor=SYSTEM):
    with pytest.raises(Invalid) as refused:
        named(database, asked, actor)
    [error] = refused.value.errors
    assert error.pointer == "/as_of"
    return error.code


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "yesterday",
        "-1",
        "1.5",
        "2026-02-30",
        "2026-13-01",
        "2026-1-31",
        "2026-01",
        "0000-01-01",
        "2026-01-31T16:00:60Z",
        "2026-01-31T16:00:00",
        "2026-01-31T16:00:00+99:00",
        "2026-01-31 16:00:00Z",
        "2026-01-31\n",
        "٢٠٢٦-٠١-٣١",
    ],
)
def test_what_names_no_point(world, asked):
    assert refusal(world.database, asked) == "bad-as-of"


@given(
    st.text(max_size=30)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{8,15}(Z|[+-][0-9:]{5}))?", fullmatch=True)
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_names_a_point_or_is_refused(world, text):
    with world.database.snapshot(SYSTEM) as unit, suppress(Invalid):
        assert 0 <= point(unit, text).seq <= head(unit).seq


def test_the_future_is_refused(history):
    database = history.database
    last = named(database, None).seq
    assert refusal(database, str(last + 1)) == "future-as-of"
    assert refusal(database, instant_text((int(time.time()) + 3600) * 1_000_000)) == "future-as-of"
    assert refusal(database, (datetime.now(SHANGHAI).date()).isoformat()) == "future-as-of"
    for far in ("9999-12-31", "9999-12-31T23:59:59-23:59", "9" * 40):
        assert refusal(database, far) == "future-as-of"


def test_an_instant_must_have_settled_unless_something_follows(history):
    database, start = history.database, int(time.time()) + 3600
    with time_machine.travel(start, tick=False):
        history.add(history.contract())
    instant = instant_text(int(start * 1_000_000))
    with time_machine.travel(start + SETTLING / 1e6 - 1, tick=False):
        assert refusal(database, instant) == "unsettled-as-of"
        history.add(history.contract())
        assert named(database, instant).seq == named(database, None).seq - 1
    with time_machine.travel(start + 2 * SETTLING / 1e6, tick=False):
        settled = instant_text(int((start + SETTLING / 1e6) * 1_000_000))
        assert named(database, settled) == named(database, None)


def test_who_may_name_which_point(history, months):
    database = history.database
    ended, other = (months[1].date() - timedelta(days=days) for days in (1, 2))
    seq = str(named(database, ended.isoformat()).seq)
    instant = (months[1] - timedelta(microseconds=1)).isoformat()
    for actor in (PUBLIC, Actor(Role.ENTERPRISE, "org_1"), Actor(Role.ADMINISTRATOR, "org_1")):
        with database.snapshot(actor) as unit:
            assert point_for_all(unit, ended.isoformat(), "live").seq == int(seq)
            assert point_for_all(unit, None, "live") == point(unit, None)
            for asked in (other.isoformat(), seq, instant, "0"):
                with pytest.raises(Forbidden) as refused:
                    point_for_all(unit, asked, "live")
                assert refused.value.code == "month-ends-only"
                assert "last day of a month" in refused.value.detail
            with pytest.raises(Invalid):
                point_for_all(unit, "yesterday", "live")
    for role in (Role.OFFICE, Role.STATISTICIAN, Role.AUDITOR):
        with database.snapshot(Actor(role, "org_1")) as unit:
            for asked in (ended.isoformat(), seq, instant):
                assert point_for_all(unit, asked, "month_end").seq == int(seq)
            assert point_for_all(unit, None, "month_end") == point(unit, None)


def test_the_publics_default_may_be_the_last_month_end(history, months):
    database = history.database
    first = named(database, None).seq - 9
    for moment, seq in (
        (months[1], first + 1),  # not settled yet: the month end before
        (months[1] + timedelta(seconds=61), first + 4),
        (months[2] - timedelta(seconds=1), first + 4),
        (months[2] + timedelta(days=20), first + 7),
    ):
        with time_machine.travel(moment, tick=False), database.snapshot(PUBLIC) as unit:
            assert point_for_all(unit, None, "month_end").seq == seq, moment


def test_the_tag_names_the_seq(history, months):
    question, reader = Question(Period(201801, 201812), "output", "150000"), Reader("zh", 0)
    with history.database.snapshot(SYSTEM) as unit:
        last = head(unit).seq
        points = [point(unit, str(seq)) for seq in range(last - 3, last + 1)]
        tags = [answer_tag(unit, question, reader, at) for at in points]
        deals = [figures(unit, question, at=at).totals.deals for at in points]
    assert len(set(tags)) == 4
    assert [b - a for a, b in pairwise(deals)] == [1, 1, 1]
    history.add(history.contract())
    with history.database.snapshot(SYSTEM) as unit:
        assert [answer_tag(unit, question, reader, point(unit, str(at.seq))) for at in points] == tags


def test_before_the_first_entry_there_is_nothing(history):
    history.add(history.contract())
    with history.database.snapshot(SYSTEM) as unit:
        for by in ((), ("contract_type",), ("office",), ("league",)):
            question = Question(Period(201801, 201812), "involved", "150000", by)
            for source in sources(unit, question, point(unit, "0")):
                found = figures(unit, question, source)
                assert (found.totals, found.groups) == (Measures(), {})
