"""Figures as known at a point of the past, and what moved them since, over HTTP."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
import time_machine

from api.app import create_app
from market.access import SYSTEM
from market.store.config import Settings
from market.store.types import SHANGHAI
from tests.conftest import Api
from tests.market.contracts.samples import plain
from tests.market.registration.acts import cancel, change, record, register
from tests.market.statistics.history import History

DEALS = "/v1/statistics/deals"
ADJUSTMENTS = "/v1/statistics/adjustments"


@pytest.fixture
def history(world):
    return History(world.database, world.ids["office"])


def ask(api, question, key="statistician", path=DEALS, **rest):
    answer = api.get(f"{path}?{question}", key=key, **rest)
    assert answer.status_code == 200, answer.text
    return without_links(answer.json)


def without_links(answer):
    """Links to the contracts say `as_of` as it was asked."""
    for row in (answer.get("totals", {}), *answer.get("groups", ())):
        row.pop("contracts", None)
    return answer


@pytest.fixture
def month_end(history):
    """Four deals registered before the end of a month to come, one of them changed and one cancelled after it."""
    start = (
        datetime.now(SHANGHAI).replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)
    ).replace(day=1)
    with time_machine.travel(start - timedelta(days=1), tick=False):
        ids = history.add(*(history.contract() for _ in range(4)), history.contract(seller_place="150203"))
    with time_machine.travel(start + timedelta(days=1), tick=False):
        history.database.write(SYSTEM, lambda unit: history.change(unit, ids[0], total_fen=1_00, tech_fen=1_00))
        history.database.write(SYSTEM, lambda unit: history.end(unit, ids[1]))
    with time_machine.travel(start + timedelta(days=10), tick=False):
        yield (start - timedelta(days=1)).date().isoformat()


CUT = "period=2018&basis=output&by=seller_league,contract_type&compare=previous_year"


def test_the_past_is_told_as_it_was_known(api, month_end):
    then, now = ask(api, f"{CUT}&as_of={month_end}"), ask(api, CUT)
    assert (then["totals"]["deals"], then["totals"]["total_amount"]) == (5, "500000.00")
    assert (now["totals"]["deals"], now["totals"]["total_amount"]) == (4, "300001.00")
    assert now["as_of"]["seq"] == then["as_of"]["seq"] + 2
    for same in (then["as_of"]["seq"], then["as_of"]["instant"]):
        assert ask(api, f"{CUT}&as_of={same}") == then
    assert ask(api, f"{CUT}&as_of={now['as_of']['seq']}") == now


def test_a_copy_of_the_past_is_good_for_ever(api, history, month_end, statements):
    path = f"{DEALS}?{CUT}&as_of={month_end}"
    first = api.get(path, key="auditor")
    history.add(history.contract())
    again = api.get(path, key="auditor")
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    with statements(history.database) as counted:
        same = api.get(path, key="auditor", headers={"If-None-Match": first.headers["ETag"]})
    assert same.status_code == 304
    assert not any("sum(" in text for text in counted.texts)


@pytest.mark.parametrize("key", [None, "enterprise", "administrator"])
def test_the_public_may_name_ends_of_months_alone(api, month_end, key):
    assert ask(api, f"{CUT}&as_of={month_end}", key)["totals"]["deals"] == 5
    seq = ask(api, f"{CUT}&as_of={month_end}", key)["as_of"]["seq"]
    for other in (str(seq), "0", f"{month_end}T15:59:59.999999Z", f"{month_end[:8]}01"):
        refused = api.get(f"{DEALS}?{CUT}&as_of={other}", key=key)
        assert (refused.status_code, refused.json["code"]) == (403, "month-ends-only")
        [error] = refused.json["errors"]
        assert (error["in"], error["pointer"]) == ("query", "/as_of")
        assert "2026-01-31" in error["message"]
    assert api.get(f"{DEALS}?{CUT}&as_of=never", key=key).status_code == 422


def test_the_public_may_get_the_last_month_end_by_default(world, month_end):
    api = Api(world, create_app(world.database, Settings(public_as_of="month_end")).test_client())
    assert ask(api, CUT, None) == ask(api, f"{CUT}&as_of={month_end}", None)
    assert ask(api, CUT, "office")["totals"]["deals"] == 4


def test_the_setting_is_checked(monkeypatch):
    monkeypatch.setenv("MARKET_PUBLIC_AS_OF", "month_end")
    assert Settings.from_environment().public_as_of == "month_end"
    monkeypatch.setenv("MARKET_PUBLIC_AS_OF", "yesterday")
    with pytest.raises(ValueError, match="MARKET_PUBLIC_AS_OF"):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("as_of", "code"),
    [("999999999", "future-as-of"), ("2150-01-31", "future-as-of"), ("2150-01-31T00:00:00Z", "future-as-of"),
     ("2026-02-30", "bad-as-of"), ("1.5", "bad-as-of"), ("", "wrong-length"), ("1" * 41, "wrong-length")],
)  # fmt: skip
def test_refusals(api, as_of, code):
    for path, name in ((f"{DEALS}?period=2018", "as_of"), (f"{ADJUSTMENTS}?period=2018", "from")):
        refused = api.get(f"{path}&{name}={as_of}", key="auditor")
        assert refused.status_code == 422
        assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [(f"/{name}", code)]


# --- Adjustments ---


def test_every_entry_that_moved_a_figure_is_told_with_its_reason(api):
    world = api.world
    before = ask(api, "period=2018")["as_of"]["seq"]
    year = f"period={datetime.now(SHANGHAI).year}"
    beijing = plain("示例公司01", place="110000")
    kept = register(world, buyer=beijing, total_amount=100_00, tech_amount=50_00)
    ended = register(world, total_amount=20_00, tech_amount=20_00)
    outside = record(world, seller=beijing, total_amount=3_00, tech_amount=1_00)
    middle = ask(api, year)["as_of"]["seq"]
    change(world, kept, total_amount=70_00)
    cancel(world, ended)
    found = ask(api, f"{year}&from={before}", "auditor", ADJUSTMENTS)
    assert found["summary"] == {
        "from": {"deals": 0, "total_amount": "0.00", "tech_amount": "0.00", "tech_income": "0.00"},
        "to": {"deals": 2, "total_amount": "73.00", "tech_amount": "51.00", "tech_income": "0.00"},
        "difference": {"deals": 2, "total_amount": "73.00", "tech_amount": "51.00", "tech_income": "0.00"},
    }
    assert [(item["kind"], item["line"], item["deals"], item["total_amount"]) for item in found["items"]] == [
        ("contract.registered", 1, 1, "100.00"),
        ("contract.registered", 1, 1, "20.00"),
        ("contract.recorded", 1, 1, "3.00"),
        ("contract.changed", 1, -1, "-100.00"),
        ("contract.changed", 2, 1, "70.00"),
        ("contract.cancelled", 1, -1, "-20.00"),
    ]
    assert found["items"][2]["contract"] == {"id": outside["id"], "number": None, "act": "outside"}
    later = ask(api, f"{year}&from={middle}&basis=internal", "auditor", ADJUSTMENTS)
    [taken_back] = later["items"]
    assert taken_back["contract"]["number"] == ended["number"]
    assert taken_back["reason"]
    assert taken_back["sign"] == taken_back["deals"] == -1
    assert taken_back["bases"] == ["involved", "output", "absorbed", "internal", "registered"]
    assert (later["from"]["seq"], later["to"]["seq"]) == (middle, ask(api, year)["as_of"]["seq"])
    assert later["summary"]["difference"] == {
        "deals": -1,
        "total_amount": "-20.00",
        "tech_amount": "-20.00",
        "tech_income": "0.00",
    }
    assert ask(api, f"{year}&from={before}&to={middle}", "auditor", ADJUSTMENTS)["to"]["seq"] == middle
    nothing = ask(api, f"{year}&from={middle}&to={middle}", "auditor", ADJUSTMENTS)
    assert (nothing["items"], nothing["summary"]["difference"]["deals"]) == ([], 0)


def test_an_office_sees_what_moved_but_not_whose_contract_it_was(api):
    contract = register(api.world)
    query = f"period={datetime.now(SHANGHAI).year}&from=0"
    for key in ("office", "statistician", "auditor"):
        [item] = ask(api, query, key, ADJUSTMENTS)["items"]
        assert item["contract"]["number"] == contract["number"]
    [item] = ask(api, query, "office2", ADJUSTMENTS)["items"]
    assert (item["contract"], item["deals"]) == (None, 1)


def test_filters_are_those_of_the_figures(api, history):
    history.add(history.contract(), history.contract(contract_type="CONSULT", contract_subtype=None))
    query = "period=2018&basis=output&contract_type=CONSULT&league=150100&from=0"
    found = ask(api, query, "office", ADJUSTMENTS)
    assert (len(found["items"]), found["summary"]["difference"]["deals"]) == (1, 1)
    assert found["filters"] == {"contract_type": ["CONSULT"], "league": ["150100"]}


def test_pages_go_on_while_entries_come_in(api, history):
    history.add(*(history.contract() for _ in range(5)))
    first = ask(api, "period=2018&from=0&limit=3", "office", ADJUSTMENTS)
    history.add(history.contract())
    rest = ask(api, f"period=2018&from=0&limit=3&cursor={first['next']}", "office", ADJUSTMENTS)
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 3, None)
    assert rest["summary"]["difference"]["deals"] == 6
    for other in ("period=2018&from=1", "period=2017&from=0", "period=2018&from=0&basis=output"):
        refused = api.get(f"{ADJUSTMENTS}?{other}&cursor={first['next']}", key="office")
        assert refused.json["errors"][0]["code"] == "bad-cursor"


@pytest.mark.parametrize(
    ("question", "pointer", "code"),
    [
        ("period=2018", "/from", "required"),
        ("from=0", "/period", "required"),
        ("period=2018&from=2&to=1", "/from", "reversed"),
        ("period=2018&from=0&to=999999", "/to", "future-as-of"),
        ("period=2018&from=0&to=x", "/to", "bad-as-of"),
        ("period=2018&from=0&by=month", "/by", "unknown-field"),
        ("period=2018&from=0&as_of=1", "/as_of", "unknown-field"),
        ("period=2018&from=0&basis=internal&league=150200", "/league", "side-needed"),
        ("period=2018&from=0&field=contract:99", "/field", "unknown-code"),
    ],
)
def test_refusals_of_adjustments(api, question, pointer, code):
    refused = api.get(f"{ADJUSTMENTS}?{question}", key="auditor")
    assert refused.status_code == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refused.json["errors"]]


def test_days_in_reverse_are_refused(api, history):
    with time_machine.travel(time.time() + 5 * 86_400, tick=False):
        history.add(history.contract())
        late = datetime.now(SHANGHAI).isoformat().replace("+", "%2B")
    with time_machine.travel(time.time() + 9 * 86_400, tick=False):
        history.add(history.contract())
        refused = api.get(f"{ADJUSTMENTS}?period=2018&from={late}&to=1", key="auditor")
    assert refused.json["errors"][0]["code"] == "reversed"
