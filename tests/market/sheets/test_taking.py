"""A sheet handed in becomes drafts: checked first, taken in bounded steps, never twice."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from market.errors import Conflict, NotFound, Stale
from market.examination.model import Case
from market.journal.model import JournalEntry
from market.sheets import actions, queries
from market.sheets.model import SheetRow
from market.store.types import today
from tests.market.sheets.files import HEADERS, csv_of, row, sheet, xlsx


class Hand:
    """The university's hand: it hands in, goes on, and reads what came of it."""

    def __init__(self, world, name="university"):
        self.world, self.actor, self.database = world, world.actor(name), world.database

    def do(self, work):
        return self.database.write(self.actor, work)

    def hand_in(self, content, rows="good", office="office"):
        office = office and self.world.ids[office]
        return self.do(lambda unit: actions.hand_in(unit, content, rows=rows, office=office))

    def finish(self, batch):
        while batch["state"] in actions.UNDER_WAY:
            batch = self.go_on(batch)
        return batch

    def go_on(self, batch):
        return self.do(lambda unit: actions.go_on(unit, batch["id"], batch["version"]))

    def run(self, content, rows="good", **rest):
        return self.finish(self.hand_in(content, rows, **rest))

    def rows(self, batch):
        with self.database.read(self.actor) as unit:
            page = queries.page_of_rows(unit, batch["id"], outcome=None, cursor=None, limit=100)
        return [(row["line"], row["outcome"], [note["zh"] for note in row["notes"]]) for row in page.rows]

    def drafts(self):
        with self.database.read(self.actor) as unit:
            return unit.execute(select(func.count()).select_from(Case)).scalar_one()


@pytest.fixture
def hand(world):
    return Hand(world)


def counts(batch):
    return [batch[name] for name in ("lines", "checked", "good", "bad", "standing", "taken")]


@pytest.mark.parametrize("made", [xlsx, csv_of])
def test_good_rows_become_drafts_and_bad_ones_are_named(world, hand, made):
    rows = sheet(world, 3)
    rows[2][HEADERS.index("合同签订日期")] = "昨天"
    rows[2][HEADERS.index("技术交易额")] = "1.005"
    rows[3][HEADERS.index("项目名称")] = None
    done = hand.run(made(rows))
    assert (done["state"], counts(done)) == ("done", [3, 3, 1, 2, 0, 1])
    told = hand.rows(done)
    assert [outcome for _, outcome, _ in told] == ["taken", "bad", "bad"]
    assert told[1][2] == [
        "第3行「合同签订日期」（E列）：「昨天」应为日期，如2026-01-05、2026/1/5或2026年1月5日。",
        "第3行「技术交易额」（K列）：「1.005」的小数超过两位。",
    ]
    assert told[2][2][0] == "第4行「项目名称」（A列）：此项必须填写。"
    assert hand.drafts() == 1


def test_a_draft_of_a_sheet_can_be_read_and_is_told_to_the_journal(world, hand):
    done = hand.run(xlsx(sheet(world, 1)))
    with hand.database.read(hand.actor) as unit:
        [case] = unit.execute(select(Case.id, Case.state, Case.content, Case.office, Case.applicant)).all()
        events = unit.execute(select(JournalEntry.kind).where(JournalEntry.subject == case.id)).scalars().all()
    assert events == ["case.drafted"]
    assert (case.state, case.office, case.applicant) == ("draft", world.ids["office"], world.ids["university"])
    assert case.content["tech_amount"] == 1_000_50
    assert case.content["signed_on"] == today().isoformat()
    assert case.content["field"] == "contract:05"
    assert case.content["contract_subtype"] == "DEV_COMMISSIONED"
    assert hand.rows(done)[0][1] == "taken"


def test_a_dry_run_goes_the_same_way_and_writes_no_application(world, hand):
    rows = sheet(world, 2)
    rows[1][HEADERS.index("合同成交总额")] = "很多"
    dry = hand.run(xlsx(rows), rows="none")
    assert (dry["state"], counts(dry), hand.drafts()) == ("checked", [2, 2, 1, 1, 0, 0], 0)
    with pytest.raises(Conflict) as refusal:
        hand.do(lambda unit: actions.take(unit, dry["id"], None, "all"))
    assert refusal.value.code == "bad-rows"
    after = hand.finish(hand.do(lambda unit: actions.take(unit, dry["id"], None, "good")))
    assert (after["state"], after["taken"], hand.drafts()) == ("done", 1, 1)
    said = hand.rows(dry)
    wet = hand.run(xlsx([*rows, row(world, 9)]))
    assert hand.rows(wet)[0] == said[0]


def test_all_or_nothing(world, hand):
    rows = sheet(world, 2)
    rows[2][HEADERS.index("是否关联交易")] = "也许"
    refused = hand.run(xlsx(rows), rows="all")
    assert (refused["state"], refused["bad"], hand.drafts()) == ("refused", 1, 0)
    rows[2][HEADERS.index("是否关联交易")] = "是"
    done = hand.run(xlsx(rows), rows="all")
    assert (done["state"], done["taken"], hand.drafts()) == ("done", 2, 2)


def test_what_stands_already_is_told_so_and_not_doubled(world, hand):
    first = hand.run(xlsx(sheet(world, 2)))
    again = hand.run(csv_of(sheet(world, 3)))
    assert counts(first)[-2:] == [0, 2]
    assert counts(again)[-3:] == [0, 2, 1]
    [case, *_] = [note for line in hand.rows(again) for note in line[2]]
    assert "相同内容的申请已存在" in case
    assert hand.drafts() == 3


def test_a_row_twice_in_one_sheet_is_taken_once(world, hand):
    rows = sheet(world, 1)
    done = hand.run(xlsx([*rows, rows[1]]))
    assert counts(done)[-2:] == [1, 1]
    assert hand.rows(done)[1][2] == ["第3行：与第2行内容完全相同，未重复建立。"]


def test_what_was_withdrawn_stands_in_nobodys_way(world, hand):
    from market.examination.actions import withdraw

    first = hand.run(xlsx(sheet(world, 1)))
    with hand.database.read(hand.actor) as unit:
        case = unit.execute(select(Case.id)).scalar_one()
    hand.do(lambda unit: withdraw(unit, case, None, None))
    second = hand.run(csv_of(sheet(world, 1)))
    assert (first["taken"], second["taken"], hand.drafts()) == (1, 1, 2)


def test_steps_are_bounded_and_go_on_where_they_stopped(world, hand, monkeypatch):
    monkeypatch.setattr(actions, "STEP", 3)
    content = xlsx(sheet(world, 7))
    batch = hand.hand_in(content)
    seen = []
    while batch["state"] in actions.UNDER_WAY:
        seen.append((batch["state"], batch["checked"], batch["taken"]))
        again = hand.hand_in(content)
        assert again["id"] == batch["id"]
        before, batch = batch, hand.go_on(batch)
        with pytest.raises(Stale):
            hand.go_on(before)
    assert seen == [
        *(("checking", done, 0) for done in (0, 3, 6)),
        *(("taking", 7, done) for done in (0, 3, 6)),
    ]
    assert (batch["taken"], hand.drafts()) == (7, 7)


def test_a_step_that_fails_leaves_nothing_and_is_made_again(world, hand, monkeypatch):
    batch = hand.hand_in(xlsx(sheet(world, 4)))
    batch = hand.do(lambda unit: actions.go_on(unit, batch["id"], None))

    def fail(unit):
        actions.go_on(unit, batch["id"], None)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        hand.do(fail)
    assert hand.drafts() == 0
    assert hand.finish(batch)["taken"] == 4


def test_another_organisation_knows_of_no_sheet(world, hand):
    batch = hand.hand_in(xlsx(sheet(world, 1)))
    with pytest.raises(NotFound):
        world.database.write(world.actor("enterprise"), lambda unit: actions.go_on(unit, batch["id"], None))


def test_the_checks_of_an_application_are_those_of_a_row(world, hand):
    """A seller that is not the one who hands in, an amount above the total: as `check` says."""
    rows = sheet(world, 2)
    rows[1][HEADERS.index("技术交易额")] = 2_000_000
    rows[2][HEADERS.index("卖方单位标识")], rows[2][HEADERS.index("买方单位标识")] = rows[1][8], rows[1][7]
    told = hand.rows(hand.run(xlsx(rows)))
    assert told[0][2] == ["第2行「技术交易额」（K列）：技术交易额应大于零且不超过合同成交额。"]
    assert any("卖方单位标识」（H列）" in text for text in told[1][2])


def test_an_old_sheet_goes_when_new_ones_come(world, hand, monkeypatch):
    monkeypatch.setattr(actions, "KEPT", 2)
    for number in range(3):
        hand.run(xlsx(sheet(world, 1, 合同编号=f"SYN-{number}")))
    with hand.database.read(hand.actor) as unit:
        assert len(queries.page_of_sheets(unit, cursor=None, limit=10).rows) == 2
        assert unit.execute(select(func.count()).select_from(SheetRow)).scalar_one() == 2
    assert hand.drafts() == 3


def test_the_statements_of_a_step_do_not_grow_with_its_rows_but_for_the_checks(world, hand, statements):
    """Taking: a few statements for the step, and one an entry."""

    def taking(count):
        batch = hand.hand_in(xlsx(sheet(world, count, 项目名称=f"示例{count}")))
        batch = hand.do(lambda unit: actions.go_on(unit, batch["id"], None))
        with statements(hand.database) as counted:
            hand.do(lambda unit: actions.go_on(unit, batch["id"], None))
        return counted.n

    assert taking(40) - taking(20) <= 20
