"""Policy targets: progress where the register can tell, values as reported where it cannot, never both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from api.app import create_app
from market.access import SYSTEM
from market.journal import read as journal
from market.reference import loader
from market.store.config import Settings
from tests.market.statistics.history import History

TARGETS = "/v1/statistics/targets"
REPORTED = f"{TARGETS}/rd_intensity/reported"
BILLION = 100_000_000_000
"""In fen."""
VALUE = {"period": "2024", "value": "1.05", "source": "示例公报", "reported_on": "2025-09-01"}


@pytest.fixture
def history(world):
    return History(world.database, world.ids["office"])


@pytest.fixture
def on(monkeypatch):
    """A function that makes it another day for targets."""
    return lambda *day: monkeypatch.setattr("market.statistics.targets.today", lambda: date(*day))


def targets(api, key="statistician", query="", **rest):
    answer = api.get(f"{TARGETS}{query}", key=key, **rest)
    assert answer.status_code == 200, answer.text
    return answer.json


def turnover(api, *args, **rest):
    [found] = [item for item in targets(api, *args, **rest)["items"] if item["code"] == "turnover"]
    return {reading["basis"]: reading for reading in found["progress"]}


def deals(history, *billions, **given):
    """Contracts of 2025, so many billion yuan each."""
    rows = [
        history.contract(registered_on=date(2025, 3, 5), total_fen=n * BILLION, tech_fen=BILLION, **given)
        for n in billions
    ]
    history.add(*rows)


def test_each_target_says_what_is_wanted_and_who_says_so(api):
    answer = targets(api)
    assert [(item["code"], item["computed"]) for item in answer["items"]] == [
        ("turnover", True),
        ("rd_spending_growth", False),
        ("rd_intensity", False),
        ("rd_investment", False),
        ("industrial_firms_with_rd", False),
    ]
    wanted = answer["items"][0]
    assert (wanted["name"], wanted["value"], wanted["unit"]) == ("技术合同成交额", "10000000000.00", "yuan")
    assert (wanted["comparison"], wanted["period"], wanted["source_date"]) == ("above", "2025", "2023-08-05")
    assert wanted["region"]["name"] == "内蒙古自治区"
    assert "never involved" in wanted["note"]
    assert answer["items"][2]["value"] == "1.50"
    assert answer["synthetic"] is True
    assert answer["as_of"]["seq"] > 0
    english = targets(api, headers={"Accept-Language": "en"})
    assert english["items"][0]["name"] == "Turnover of technology contracts"


def test_progress_run_rate_and_what_is_missing(api, history, on):
    """182 of 365 days are over: 4.2 billion till then is a pace of 8.42 billion a year."""
    deals(history, 3, buyer_place="110000")
    deals(history, 1)
    history.add(history.contract(registered_on=date(2025, 7, 1), total_fen=BILLION // 5, tech_fen=1))
    on(2025, 7, 1)
    found = turnover(api)
    assert list(found) == ["output", "registered"]
    assert found["output"] == {
        "basis": "output",
        "amount": "4200000000.00",
        "suppressed": False,
        "days": 365,
        "elapsed_days": 182,
        "share": 0.42,
        "missing": "5800000000.00",
        "reached": False,
        "run_rate": "8423076923.08",
        "on_course": False,
    }
    assert found["registered"]["amount"] == "4200000000.00"
    deals(history, 2)
    assert turnover(api)["output"]["on_course"] is True


def test_the_basis_decides_and_involved_is_none_of_them(api, history, on):
    """Absorbed from outside: 226.9 of the 236 hundred million of 2018 were."""
    deals(history, 20, 20, 20, seller_place="110000", act="outside")
    deals(history, 1, 1, 1)
    on(2025, 12, 31)
    assert {basis: one["amount"] for basis, one in turnover(api).items()} == {
        "output": "3000000000.00",
        "registered": "3000000000.00",
    }


def test_above_means_more_and_what_is_missing_is_never_negative(api, history, on):
    on(2026, 2, 1)
    deals(history, 10)
    reached = turnover(api)["output"]
    assert (reached["missing"], reached["reached"], reached["share"]) == ("0.00", False, 1.0)
    assert (reached["elapsed_days"], reached["run_rate"], reached["on_course"]) == (365, "10000000000.00", False)
    deals(history, 1)
    reached = turnover(api)["output"]
    assert (reached["missing"], reached["reached"], reached["share"]) == ("0.00", True, 1.1)


def test_before_the_period_there_is_no_pace(api, on):
    on(2024, 12, 31)
    early = turnover(api)["output"]
    assert (early["elapsed_days"], early["amount"], early["run_rate"], early["on_course"]) == (0, "0.00", None, None)
    on(2025, 1, 1)
    first = turnover(api)["output"]
    assert (first["elapsed_days"], first["run_rate"], first["on_course"]) == (1, "0.00", False)


def test_small_cells_are_suppressed_here_too(api, history, on):
    on(2025, 7, 1)
    deals(history, 4, 4)
    hidden = turnover(api, None)["output"]
    assert hidden["suppressed"] is True
    for name in ("amount", "share", "missing", "reached", "run_rate", "on_course"):
        assert hidden[name] is None
    assert turnover(api, "office")["output"]["amount"] == "8000000000.00"
    deals(history, 1)
    assert turnover(api, None)["output"]["amount"] == "9000000000.00"


def test_the_state_of_an_earlier_point_comes_again(api, history, world):
    deals(history, 1)
    put(api, [VALUE])
    with world.database.read(world.actor("auditor")) as unit:
        seq = journal.head(unit).seq
    before = targets(api)
    deals(history, 5)
    put(api, [{**VALUE, "value": "1.06"}])
    after, again = targets(api), targets(api, query=f"?as_of={seq}")
    assert after["items"] != before["items"]
    assert [item["reported"] for item in again["items"]] == [item["reported"] for item in before["items"]]
    assert {basis: one["amount"] for basis, one in turnover(api, query=f"?as_of={seq}").items()} == {
        "output": "1000000000.00",
        "registered": "1000000000.00",
    }
    nothing = targets(api, query="?as_of=0")
    assert nothing["items"][2]["reported"] == []
    assert nothing["items"][0]["progress"][0]["amount"] == "0.00"
    assert api.get(f"{TARGETS}?as_of={seq}").status_code == 403


def test_the_public_gets_month_ends_alone_when_the_market_says_so(world, history):
    deals(history, 1, 1, 1)
    client = create_app(world.database, Settings(public_as_of="month_end")).test_client()
    public = client.get(TARGETS).json
    assert public["on"] is None
    progress = public["items"][0]["progress"][0]
    assert [progress[name] for name in ("amount", "elapsed_days", "run_rate")] == ["0.00", 0, None]
    quoted = client.get("/v1/published-figures?region=150000&year=2023&basis=output").json["items"]
    assert {(item["computed"], item["not_computed"]) for item in quoted} == {(None, "no-contracts")}


# --- What is reported ---


def put(api, values, path=REPORTED, key="administrator", if_match="*"):
    return api.call("PUT", path, {"values": values}, key=key, if_match=if_match)


def test_a_reported_value_stands_as_stored_and_computes_nothing(api, world):
    empty = api.get(REPORTED)
    assert (empty.json, empty.headers["ETag"][:4]) == ({"target": "rd_intensity", "version": 0, "values": []}, '"v0-')
    stored = put(api, [VALUE, {**VALUE, "period": "2023", "value": "-0.5"}], if_match=empty.headers["ETag"])
    assert stored.status_code == 200, stored.text
    assert stored.json["version"] == 1
    assert [(row["period"], row["value"]) for row in stored.json["values"]] == [("2023", "-0.50"), ("2024", "1.05")]
    assert api.get(REPORTED).json == stored.json
    [item] = [one for one in targets(api, None)["items"] if one["code"] == "rd_intensity"]
    assert (item["computed"], item["progress"], item["reported"]) == (False, [], stored.json["values"])
    with world.database.snapshot(world.actor("auditor")) as unit:
        [event] = journal.entries(unit, kinds=("target.reported",))
        assert (event["subject"], event["subject_version"]) == ("target:rd_intensity", 1)
        assert event["actor_organisation"] == world.ids["administrator"]
        assert journal.payload(event)["reported"][1] == {**VALUE, "value": 105}
        assert journal.verify(unit, None) == []


def test_a_list_is_replaced_whole_and_not_over_a_newer_one(api):
    first = put(api, [VALUE])
    second = put(api, [], if_match=first.headers["ETag"])
    assert (second.json["version"], second.json["values"]) == (2, [])
    assert put(api, [VALUE], if_match=first.headers["ETag"]).status_code == 412
    assert api.get(REPORTED).json == second.json
    assert put(api, [VALUE], if_match=None).status_code == 428


def test_of_two_reports_at_once_one_is_told_that_it_came_too_late(api):
    tag = api.get(REPORTED).headers["ETag"]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: put(api, [VALUE], if_match=tag).status_code, range(2)))
    assert sorted(replies) == [200, 412]
    assert api.get(REPORTED).json["version"] == 1


def test_what_the_register_tells_itself_takes_no_report(api):
    refused = put(api, [VALUE], f"{TARGETS}/turnover/reported")
    assert (refused.status_code, refused.json["code"]) == (409, "computed-target")
    assert api.get(f"{TARGETS}/turnover/reported").json["version"] == 0


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"period": "2024-13"}, "/values/1/period", "bad-period"),
        ({"period": "2024"}, "/values/1/period", "repeated"),
        ({"reported_on": "2199-01-01"}, "/values/1/reported_on", "in-the-future"),
        ({"value": "1.005"}, "/values/1/value", "bad-format"),
        ({"value": "1e3"}, "/values/1/value", "bad-format"),
        ({"value": 1.5}, "/values/1/value", "wrong-type"),
        ({"source": " "}, "/values/1/source", "wrong-length"),
        ({"colour": "red"}, "/values/1/colour", "unknown-field"),
    ],
)
def test_refusals(api, change, pointer, code):
    refused = put(api, [VALUE, {**VALUE, "period": "2023", **change}])
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [(pointer, code)]
    assert api.get(REPORTED).json["version"] == 0


def test_a_reload_of_the_targets_keeps_what_is_reported(api, world, monkeypatch):
    put(api, [VALUE])
    shipped = list(loader.shipped_lists())
    changed = [
        replace(one, rows=[{**row, "value": "2.00"} if row["code"] == "rd_intensity" else row for row in one.rows])
        if one.kind == "targets"
        else one
        for one in shipped
    ]
    monkeypatch.setattr(loader, "shipped_lists", lambda: changed)
    assert world.database.write(SYSTEM, loader.load_all) == ["policy_targets"]
    [item] = [one for one in targets(api)["items"] if one["code"] == "rd_intensity"]
    assert (item["value"], [row["value"] for row in item["reported"]]) == ("2.00", ["1.05"])


def test_the_targets_cost_a_fixed_number_of_statements(api, world, history, statements):
    targets(api, None)
    deals(history, 1)
    with statements(world.database) as counted:
        targets(api, None)
    few = counted.n
    deals(history, 1, 1, 1, 1)
    put(api, [VALUE])
    with statements(world.database) as counted:
        targets(api, None)
    assert counted.n == few
