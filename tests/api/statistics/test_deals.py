"""The figures over HTTP: the answer's shape, who sees what, and when a copy is still good."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from market.access import SYSTEM
from tests.market.statistics.history import History

DEALS = "/v1/statistics/deals"


@pytest.fixture
def history(world):
    return History(world.database, world.ids["office"])


def fill(history):
    """2018: four deals 呼和浩特 to 包头, one each within 包头, 北京 to 包头 and 包头 abroad; 2017: four within 包头."""
    add = history.contract
    history.add(
        *(add(total_fen=100_00 * number, tech_fen=50_00) for number in range(1, 5)),
        add(
            seller_place="150202",
            contract_type="SERVICE",
            contract_subtype="SVC_GENERAL",
            total_fen=7_00,
            tech_fen=1_00,
        ),
        add(seller_place="110000", act="outside", total_fen=3_00, tech_fen=3_00),
        add(seller_place="150203", buyer_country="US", buyer_place=None, total_fen=11_00, tech_fen=11_00),
        *(
            add(seller_place="150203", registered_on=date(2017, 3, 1), total_fen=10_00, tech_fen=10_00)
            for _ in range(4)
        ),
    )


@pytest.fixture
def filled(api, history):
    fill(history)
    return api


def ask(api, question, key="statistician", **rest):
    answer = api.get(f"{DEALS}?{question}", key=key, **rest)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_answer_says_everything_needed_to_read_it(filled):
    answer = ask(filled, "period=2018&compare=previous_year&by=contract_type", headers={"Accept-Language": "en"})
    assert answer["period"] == {"first": "2018-01", "last": "2018-12"}
    assert answer["previous_period"] == {"first": "2017-01", "last": "2017-12"}
    assert (answer["basis"], answer["region"]["code"], answer["by"]) == ("involved", "150000", ["contract_type"])
    assert answer["totals"].pop("contracts").startswith("/v1/statistics/contracts?period=2018-01..2018-12&")
    assert answer["totals"] == {
        "deals": 7,
        "total_amount": "1021.00",
        "tech_amount": "215.00",
        "tech_income": "0.00",
        "suppressed": False,
        "previous": {
            "deals": 4,
            "total_amount": "40.00",
            "tech_amount": "40.00",
            "tech_income": "0.00",
            "suppressed": False,
        },
        "growth": {"deals": 0.75, "total_amount": 24.525, "tech_amount": 4.375, "tech_income": None},
    }
    assert [(group["key"], group["label"], group["deals"]) for group in answer["groups"]] == [
        ({"contract_type": "DEV"}, {"contract_type": "Technology development"}, 6),
        ({"contract_type": "SERVICE"}, {"contract_type": "Technology service"}, 1),
    ]
    assert answer["groups"][1]["previous"]["deals"] == 0
    assert answer["groups"][1]["growth"] == {
        "deals": None,
        "total_amount": None,
        "tech_amount": None,
        "tech_income": None,
    }
    assert answer["additive"] is True
    assert answer["overlap"] is None
    assert answer["definition"].startswith("Technology contracts whose seller or buyer")
    assert answer["as_of"]["seq"] > 0
    assert answer["as_of"]["instant"].endswith("Z")
    assert answer["synthetic"] is True
    assert "invented" in answer["synthetic_note"]


def test_words_and_names_are_chinese_by_default(filled):
    answer = ask(filled, "period=2018&basis=output&by=seller_league,buyer_province")
    assert "卖方位于内蒙古自治区" in answer["definition"]
    assert {"seller_league": "包头市", "buyer_province": "境外"} in [group["label"] for group in answer["groups"]]


def test_bases_over_http(filled):
    found = {basis: ask(filled, f"period=2018&basis={basis}")["totals"]["deals"] for basis in
             ("involved", "output", "absorbed", "internal", "registered")}  # fmt: skip
    assert found == {"involved": 7, "output": 6, "absorbed": 6, "internal": 5, "registered": 6}


def test_involved_by_league_is_not_additive_and_says_so(filled):
    answer = ask(filled, "period=2018&by=league")
    assert answer["additive"] is False
    assert {group["key"]["league"]: group["deals"] for group in answer["groups"]} == {"150100": 4, "150200": 7}
    assert answer["overlap"] == {
        "deals": 4,
        "total_amount": "1000.00",
        "tech_amount": "200.00",
        "tech_income": "0.00",
        "suppressed": False,
    }
    assert answer["totals"]["deals"] == 7


def test_league_is_the_sellers_or_the_buyers_by_basis(filled):
    output = ask(filled, "period=2018&basis=output&by=league")
    absorbed = ask(filled, "period=2018&basis=absorbed&by=league")
    assert {group["key"]["league"]: group["deals"] for group in output["groups"]} == {"150100": 4, "150200": 2}
    assert {group["key"]["league"]: group["deals"] for group in absorbed["groups"]} == {"150200": 6}
    refused = filled.get(f"{DEALS}?period=2018&basis=registered&by=league")
    assert refused.status_code == 422
    assert "seller_league" in refused.json["errors"][0]["message"]
    assert (refused.json["errors"][0]["in"], refused.json["errors"][0]["pointer"]) == ("query", "/by")


def test_cuts_and_filters_may_be_repeated_or_joined(filled):
    joined = ask(filled, "period=2018&by=contract_type,month&contract_type=DEV,SERVICE&basis=output")
    repeated = ask(filled, "period=2018&by=contract_type&by=month&contract_type=DEV&contract_type=SERVICE&basis=output")
    assert joined == repeated
    assert joined["groups"][0]["key"] == {"contract_type": "DEV", "month": "2018-03"}
    assert joined["filters"] == {"contract_type": ["DEV", "SERVICE"]}


def test_months_are_compared_with_those_of_the_year_before(filled):
    [group] = ask(filled, "period=2018Q1&basis=internal&by=month,year&compare=previous_year")["groups"]
    assert group["key"] == {"month": "2018-03", "year": "2018"}
    assert (group["deals"], group["previous"]["deals"], group["growth"]["deals"]) == (5, 4, 0.25)


def test_a_group_that_is_gone_stands_with_nothing(filled):
    answer = ask(filled, "period=2018&basis=output&by=seller_banner&compare=previous_year&buyer_banner=150203")
    gone = next(group for group in answer["groups"] if group["key"]["seller_banner"] == "150203")
    assert (gone["deals"], gone["total_amount"], gone["suppressed"]) == (0, "0.00", False)
    assert (gone["previous"]["deals"], gone["growth"]["total_amount"]) == (4, -1.0)
    assert [group["previous"]["deals"] for group in answer["groups"]] == [0, 0, 4]


@pytest.mark.parametrize("key", [None, "enterprise", "administrator"])
def test_small_cells_show_their_count_alone(filled, key):
    answer = ask(filled, "period=2018&by=contract_type&compare=previous_year", key)
    service = next(group for group in answer["groups"] if group["key"]["contract_type"] == "SERVICE")
    assert service["deals"] == 1
    assert (service["total_amount"], service["tech_amount"], service["suppressed"]) == (None, None, True)
    # The totals are shown, so the other type would tell the amount of the one.
    dev = next(group for group in answer["groups"] if group["key"]["contract_type"] == "DEV")
    assert (dev["suppressed"], dev["total_amount"]) == (True, None)
    assert (answer["totals"]["suppressed"], answer["totals"]["total_amount"]) == (False, "1021.00")
    assert answer["suppressed_below"] == 3


def test_totals_overlap_and_earlier_figures_are_suppressed_too(filled, history):
    history.add(*(history.contract(registered_on=date(2016, 3, 1), buyer_place="150102") for _ in range(2)))
    answer = ask(filled, "period=2016&by=contract_type", None)
    assert (answer["totals"]["deals"], answer["totals"]["total_amount"]) == (2, None)
    answer = ask(filled, "period=2017&compare=previous_year", None)
    assert answer["totals"]["previous"] == {
        "deals": 2,
        "total_amount": None,
        "tech_amount": None,
        "tech_income": None,
        "suppressed": True,
    }
    assert answer["totals"]["growth"] == {"deals": 1.0, "total_amount": None, "tech_amount": None, "tech_income": None}
    history.add(history.contract(registered_on=date(2015, 1, 1)))
    assert ask(filled, "period=2015&by=league", None)["overlap"]["total_amount"] is None


@pytest.mark.parametrize("key", ["office", "statistician", "auditor"])
def test_offices_statisticians_and_auditors_see_every_cell(filled, key):
    answer = ask(filled, "period=2018&by=contract_type", key)
    assert [group["total_amount"] for group in answer["groups"]] == ["1014.00", "7.00"]
    assert answer["suppressed_below"] is None


def test_nothing_registered_is_zero_and_not_a_secret(api):
    answer = ask(api, "period=2018&by=league&compare=previous_year", None)
    assert (answer["totals"]["deals"], answer["totals"]["total_amount"]) == (0, "0.00")
    assert answer["totals"]["growth"] == {"deals": None, "total_amount": None, "tech_amount": None, "tech_income": None}
    assert answer["groups"] == []


def test_one_contract_moves_the_total(filled, history):
    before = ask(filled, "period=2018&basis=output")["totals"]["total_amount"]
    contract = next(id for id, row in history.live.items() if row["total_fen"] == 11_00)
    history.database.write(SYSTEM, lambda unit: history.change(unit, contract, total_fen=12_00))
    assert ask(filled, "period=2018&basis=output")["totals"]["total_amount"] == "1019.00" != before
    history.database.write(SYSTEM, lambda unit: history.end(unit, contract))
    assert ask(filled, "period=2018&basis=output")["totals"]["total_amount"] == "1007.00"


def test_the_tag_holds_until_the_next_event_and_spares_all_work(filled, history, statements):
    path = f"{DEALS}?period=2018&by=league,month"
    tag = filled.get(path).headers["ETag"]
    assert filled.get(path).headers["ETag"] == tag
    with statements(history.database) as counted:
        same = filled.get(path, headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    assert not any("deal_cell" in text or "ledger" in text for text in counted.texts)
    history.add(history.contract())
    assert filled.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_the_tag_tells_questions_readers_and_languages_apart(filled):
    def tag(question, key=None, language="zh"):
        return filled.get(f"{DEALS}?{question}", key=key, headers={"Accept-Language": language}).headers["ETag"]

    different = {
        tag("period=2018"),
        tag("period=2017"),
        tag("period=2018&basis=output"),
        tag("period=2018&region=150200"),
        tag("period=2018&by=month"),
        tag("period=2018&field=contract:05"),
        tag("period=2018&compare=previous_year"),
        tag("period=2018", "statistician"),
        tag("period=2018", language="en"),
    }
    assert len(different) == 9
    assert tag("period=2018", "enterprise") == tag("period=2018")
    assert tag("period=2018Q1") == tag("period=2018-01..2018-03")


def test_the_usual_question_costs_three_statements_and_one_to_weigh_it(filled, history, statements):
    path = f"{DEALS}?period=2018&basis=output&by=seller_league,contract_type,month"
    for key, number in ((None, 4), ("statistician", 3)):
        filled.get(path, key=key)
        with statements(history.database) as counted:
            filled.get(path, key=key)
        read = [text.split()[0] for text in counted.texts if text != "BEGIN"]
        assert read == ["SELECT"] * number, (key, counted.texts)


@pytest.mark.parametrize(
    ("question", "pointer", "code"),
    [
        ("", "/period", "required"),
        ("period=2018&period=2019", "/period", "repeated"),
        ("period=2018&by=colour", "/by/0", "unknown-value"),
        ("period=2018&by=month,year,field,office,ip_type", "/by", "wrong-length"),
        ("period=2018&rollup=yes", "/rollup", "wrong-type"),
        ("period=2018&by=month&top=0", "/top", "out-of-range"),
        ("period=2018&by=month&top=101", "/top", "out-of-range"),
        ("period=2018&top=1", "/top", "cut-needed"),
        ("period=2018&by=month&top=1&top_by=colour", "/top_by", "unknown-value"),
        ("period=2018-02&by=year_to_date", "/by", "not-from-january"),
        ("period=2018&compare=2018H1", "/compare", "overlapping-periods"),
        ("period=2018&compare=2019-03..2019-01", "/compare", "bad-period"),
        ("period=2018&by=month&compare=2017Q1", "/compare", "unequal-periods"),
        ("period=2018&size_class=big", "/size_class", "unknown-code"),
        ("period=2018&basis=sum", "/basis", "unknown-value"),
        ("period=2018&region=15", "/region", "unknown-place"),
        ("period=2018&compare=last", "/compare", "bad-period"),
        ("period=2018&colour=red", "/colour", "unknown-field"),
        ("period=2018&field=contract:99", "/field", "unknown-code"),
        ("period=2018&field=", "/field/0", "wrong-length"),
        ("period=2018&as_of=yesterday", "/as_of", "bad-as-of"),
    ],
)
def test_refusals(api, question, pointer, code):
    answer = api.get(f"{DEALS}?{question}")
    assert answer.status_code == 422
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json["errors"]]


def test_subtotals_the_largest_and_shares_over_http(filled):
    answer = ask(
        filled, "period=2018&basis=output&by=league,contract_type&rollup=true&shares=true&top=1&top_by=tech_amount"
    )
    [group] = answer["groups"]
    assert group["key"] == {"league": "150100", "contract_type": "DEV"}
    assert group["share"] == {"deals": 0.6667, "total_amount": 0.9823, "tech_amount": 0.9434, "tech_income": None}
    other = answer["other"]
    assert (other["groups"], other["deals"], other["total_amount"], other["suppressed"]) == (2, 2, "18.00", False)
    assert [(row["key"], row["deals"]) for row in answer["subtotals"]] == [
        ({"league": "150100", "contract_type": None}, 4),
        ({"league": "150200", "contract_type": None}, 2),
    ]
    assert (answer["rollup"], answer["shares"], answer["top"], answer["top_by"]) == (True, True, 1, "tech_amount")
    plain = ask(filled, "period=2018&basis=output&by=league,contract_type")
    assert (plain["other"], plain["subtotals"], plain["groups"][0]["share"]) == (None, [], None)
    assert (plain["rollup"], plain["shares"], plain["top"]) == (False, False, None)


def test_any_period_may_be_compared_with(filled):
    answer = ask(filled, "period=2018Q1&basis=internal&by=month&compare=2017Q1")
    assert answer == ask(filled, "period=2018Q1&basis=internal&by=month&compare=previous_year") | {"compare": "2017Q1"}
    assert answer["groups"][0]["previous"]["deals"] == 4
    before = ask(filled, "period=2017-04..2018-03&basis=internal&compare=2017-01..2017-03")
    assert (before["totals"]["deals"], before["totals"]["previous"]["deals"]) == (5, 4)


def test_too_many_groups_are_refused_with_advice(filled, monkeypatch):
    monkeypatch.setattr("market.statistics.queries.MAX_GROUPS", 2)
    answer = filled.get(f"{DEALS}?period=2018&by=seller_league,buyer_league")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == "too-many-groups"
    assert "filter" in answer.json["errors"][0]["message"]


def test_groups_come_in_order_of_their_keys(filled):
    keys = [tuple(group["key"].values()) for group in ask(filled, "period=2017-01..2018-12&by=year,league")["groups"]]
    assert all(a < b for a, b in pairwise(keys))


def test_leagues_without_further_detail_are_told_apart_by_name(api, history):
    history.add(history.contract(seller_place="150000"), history.contract(seller_place="150200"))
    answer = ask(api, "period=2018&basis=output&by=seller_league,seller_banner", headers={"Accept-Language": "en"})
    assert [group["label"] for group in answer["groups"]] == [
        {
            "seller_league": "Inner Mongolia, no further detail",
            "seller_banner": "Inner Mongolia, no further detail",
        },
        {"seller_league": "Baotou", "seller_banner": "Baotou, no further detail"},
    ]


def test_offices_have_names(filled, world):
    answer = ask(filled, "period=2018&by=office")
    assert {group["key"]["office"]: group["label"]["office"] for group in answer["groups"]} == {
        world.ids["office"]: "测试office",
        "elsewhere": "外地登记机构",
    }


def test_a_region_outside_home_is_said_to_be_seen_from_home_only(api):
    words = {
        region: api.get(f"/v1/statistics/deals?period=2018&region={region}", headers={"Accept-Language": "en"}).json
        for region in ("110000", "150200", "150000")
    }
    told = {
        region: "only the contracts known to this register" in answer["definition"] for region, answer in words.items()
    }
    assert told == {"110000": True, "150200": False, "150000": False}
