"""Rules as data: what held on a day, what the operator adds, and that nothing shipped is without source."""

from __future__ import annotations

from datetime import date

import pytest

from market.access import PUBLIC, SYSTEM
from market.errors import Invalid, NotFound
from market.examination.checks import messages
from market.fields.queries import code_lists
from market.journal.read import entries, payload, verify
from market.reference.files import table
from market.reference.loader import load_all
from market.rules.actions import NECESSITIES, ROUTES, load_rules
from market.rules.queries import KINDS, STATUSES, Rule, page_of_rules, portrait, rule, rules
from market.store.session import Database

HEADER = "code,kind,value,unit,name_zh,name_en,valid_from,valid_to,source,reference,status,note"
NEW_LIMIT = "review.limit,deadline,20,working_day,受理后审查期限,Limit,2027-01-01,,示例办法,第一条,official,"


def current(database: Database, code: str, on: str) -> Rule:
    with database.snapshot(PUBLIC) as unit:
        return rule(unit, code, date.fromisoformat(on))


def load(database: Database, *rows: str) -> int:
    return database.write(SYSTEM, lambda unit: load_rules(unit, [f"{line}\n" for line in (HEADER, *rows)]))


def refused(database: Database, *rows: str) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        load(database, *rows)
    return {error.pointer: error.code for error in refusal.value.errors}


def test_shipped_rules_are_whole() -> None:
    found = list(table("rules"))
    assert len(found) == len({(row["code"], row["valid_from"]) for row in found}) > 60
    for row in found:
        assert row["kind"] in KINDS
        assert row["status"] in STATUSES
        assert row["name_zh"], row
        assert row["name_en"], row
        if row["kind"] in ("deadline", "threshold", "limit", "window"):
            assert int(row["value"]) > 0, row
        if row["kind"] == "flag":
            assert row["value"] in ROUTES
        if row["kind"] in ("document", "form_field"):
            assert row["unit"] in NECESSITIES


def test_rule_8_limits_are_versions_with_a_validity(database: Database) -> None:
    """15 working days, expert route 30; before, 30 days: data with a source, never a constant."""
    new = current(database, "review.limit", "2026-06-01")
    assert (new.number, new.unit, new.status) == (15, "working_day", "draft")
    old = current(database, "review.limit", "2026-01-22")
    assert (old.number, old.unit, old.valid_to) == (30, "day", date(2026, 1, 22))
    assert current(database, "review.expert_limit", "2026-06-01").number == 30
    with pytest.raises(NotFound, match="2025"):
        current(database, "review.expert_limit", "2025-06-01")


def test_rule_10_the_large_amount_is_a_rule(database: Database) -> None:
    found = current(database, "review.large_amount", "2026-06-01")
    assert (found.number, found.fen, found.unit) == (5_000_000, 5_000_000_00, "yuan")


def test_grounds_are_the_coded_reasons(database: Database) -> None:
    with database.snapshot(PUBLIC) as unit:
        grounds = rules(unit).of_kind("ground", date(2026, 6, 1))
        lists = code_lists(unit)
        assert {(ground.unit, ground.value) for ground in grounds} == {
            (name, item.code)
            for name in (
                *("return_reason", "refusal_reason", "rejection_reason"),
                *("cancellation_reason", "revocation_reason"),
            )
            for item in lists.items(name)
        }
        assert {item.code for item in lists.items("refusal_reason")} >= {"PARTY_UNCLEAR", "NOT_TECH_CONTRACT", "OTHER"}


def test_documents_ask_for_known_kinds_of_paper(database: Database) -> None:
    with database.snapshot(PUBLIC) as unit:
        for document in rules(unit).of_kind("document", date(2026, 6, 1)):
            assert code_lists(unit).has("attachment_kind", document.value), document


def test_the_list_holds_what_is_in_force_on_a_day(database: Database) -> None:
    def listed(on: str, kind: str | None = None) -> dict[str, Rule]:
        found, cursor = {}, None
        with database.snapshot(PUBLIC) as unit:
            while True:
                page = page_of_rules(unit, on=date.fromisoformat(on), kind=kind, cursor=cursor, limit=10)
                assert not found.keys() & {each.code for each in page.rows}
                found |= {each.code: each for each in page.rows}
                if (cursor := page.next) is None:
                    return found

    now, then = listed("2026-06-01"), listed("2010-06-01")
    assert now["review.limit"].number == 15
    assert then["review.limit"].number == 30
    assert "review.large_amount" in now.keys() - then.keys()
    deadlines = listed("2026-06-01", "deadline")
    assert {code for code in deadlines if code.startswith("review.")} == {"review.limit", "review.expert_limit"}


def test_a_new_version_begins_where_the_old_one_ends(database: Database) -> None:
    assert load(database, NEW_LIMIT) == 1
    assert current(database, "review.limit", "2026-12-31").number == 15
    assert current(database, "review.limit", "2027-01-01").number == 20
    with database.snapshot(PUBLIC) as unit:
        found = portrait(unit, "review.limit", date(2027, 5, 1), "zh")
        assert [version["valid_to"] for version in found["versions"]] == [date(2026, 1, 22), date(2026, 12, 31), None]
        assert found["current"]["value"] == "20"
        [event] = [entry for entry in entries(unit, kinds=("reference.loaded",)) if "operator" in entry["subject"]]
        assert event["subject"] == "reference:rules:operator"
        assert payload(event)["rows"][0]["value"] == "20"
        assert verify(unit) == []


def test_what_the_operator_said_outlives_a_new_load_of_the_shipped_rules(database: Database) -> None:
    load(database, NEW_LIMIT.replace("2027-01-01", "2026-01-23"))
    assert current(database, "review.limit", "2026-06-01").number == 20

    def forget_digest(unit):
        from sqlalchemy import update

        from market.fields.model import LoadedList

        unit.execute(update(LoadedList).where(LoadedList.kind == "rules", LoadedList.name == "rules").values(digest=""))

    database.write(SYSTEM, forget_digest)
    assert database.write(SYSTEM, load_all) == ["rules"]
    assert current(database, "review.limit", "2026-06-01").number == 20
    assert current(database, "review.expert_limit", "2026-06-01").number == 30


def test_a_field_of_the_form_may_be_added(database: Database) -> None:
    load(database, "form.seller.phone,form_field,/seller/phone,advised,卖方电话,Phone of the seller,,,示例,,proposed,")
    assert current(database, "form.seller.phone", "2000-01-01").unit == "advised"


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (NEW_LIMIT.replace("20,w", "twenty,w"), {"/1/value": "bad-format"}),
        (NEW_LIMIT.replace(",20,", ",0,"), {"/1/value": "bad-format"}),
        (NEW_LIMIT.replace("working_day", "week"), {"/1/unit": "unknown-value"}),
        (NEW_LIMIT.replace("review.limit", "review.new"), {"/1/code": "unknown-value"}),
        (NEW_LIMIT.replace("deadline", "ground"), {"/1/kind": "unknown-value"}),
        (NEW_LIMIT.replace("deadline", "requirement"), {"/1/kind": "other-kind"}),
        (NEW_LIMIT.replace("2027-01-01", "2027-02-30"), {"/1/valid_from": "bad-format"}),
        (NEW_LIMIT.replace("2027-01-01,", "2027-01-01,2026-01-01"), {"/1/valid_to": "before-start"}),
        (NEW_LIMIT.replace("official", "law"), {"/1/status": "unknown-value"}),
        (NEW_LIMIT.replace("示例办法", ""), {"/1/source": "required"}),
        (NEW_LIMIT + ",more", {"/1": "bad-row"}),
        (NEW_LIMIT.replace("示例办法", "示例\0"), {"/1": "bad-row"}),
        ("flag.large,flag,never,route,大额,Large,,,示例,,proposed,", {"/1/value": "unknown-value"}),
        ("document.permit,document,permit,always,许可,Permit,,,示例,,proposed,", {
            "/1/code": "unknown-value",
            "/1/unit": "unknown-value",
        }),
        ("form.seller.phone,form_field,/phone,advised,电话,Phone,,,示例,,proposed,", {"/1/value": "bad-format"}),
    ],
)  # fmt: skip
def test_a_wrong_file_changes_nothing(database: Database, row: str, wrong: dict[str, str]) -> None:
    found = refused(database, NEW_LIMIT.replace("2027", "2028"), row.replace("/1", "/2"))
    assert found == {pointer.replace("/1", "/2", 1): code for pointer, code in wrong.items()}
    assert current(database, "review.limit", "2028-06-01").number == 15


def test_a_version_stands_once_in_a_file(database: Database) -> None:
    assert refused(database, NEW_LIMIT, NEW_LIMIT) == {"/2/valid_from": "repeated"}


@pytest.mark.parametrize("lines", [[], ["day,kind\n"], [HEADER + "\n"], [HEADER + "\n", '"open\n']])
def test_what_is_no_such_file_is_refused(database: Database, lines: list[str]) -> None:
    with pytest.raises(Invalid):
        database.write(SYSTEM, lambda unit: load_rules(unit, lines))


def test_every_finding_names_a_rule_that_is_shipped(database: Database) -> None:
    """A message without rule has one for each field or document it speaks of."""
    with database.snapshot(PUBLIC) as unit:
        known = rules(unit)
        for message in messages().values():
            if message["rule"]:
                assert known.find(message["rule"], date(2026, 6, 1)), message
            else:
                assert message["code"].startswith(("form-field-", "document-"))
