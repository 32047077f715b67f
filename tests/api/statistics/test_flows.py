"""Flows over HTTP: one call tells where technology comes from and where it goes."""

from __future__ import annotations

import pytest

from tests.market.statistics.history import History

FLOWS = "/v1/statistics/flows"


@pytest.fixture
def filled(api, world):
    history = History(world.database, world.ids["office"])
    add = history.contract
    history.add(
        *(
            add(seller_place="110000", buyer_place="150203", act="outside", total_fen=n * 100, tech_fen=n)
            for n in (1, 2, 3)
        ),
        add(seller_place="110000", buyer_place="150102", act="outside", total_fen=5_00, tech_fen=2_00),
        add(seller_place="150102", buyer_place="150203", total_fen=9_00, tech_fen=2_00),
        add(seller_place="150102", buyer_country="US", buyer_place=None, total_fen=9_00, tech_fen=2_00),
    )
    return api


def ask(api, question, key="statistician", **rest):
    answer = api.get(f"{FLOWS}?{question}", key=key, **rest)
    assert answer.status_code == 200, answer.text
    return answer.json


def cells(answer):
    return {(cell["from"], cell["to"]): (cell["deals"], cell["total_amount"]) for cell in answer["cells"]}


def test_from_beijing_into_each_league(filled):
    answer = ask(filled, "period=2018&basis=absorbed&seller_province=110000")
    assert cells(answer) == {("110000", "150100"): (1, "5.00"), ("110000", "150200"): (3, "6.00")}
    assert (answer["from"], answer["to"], answer["totals"]["deals"]) == ("province", "league", 4)
    assert [(row["key"], row["label"], row["total_amount"]) for row in answer["rows"]] == [
        ("110000", "北京市", "11.00")
    ]
    assert [(column["key"], column["total_amount"]) for column in answer["columns"]] == [
        ("150100", "5.00"),
        ("150200", "6.00"),
    ]
    for figure in (answer["totals"], *answer["rows"], *answer["columns"], *answer["cells"]):
        assert filled.get(figure["contracts"], key="auditor").json["counted"] == figure["deals"]


def test_every_deal_that_involves_the_region_stands_once(filled):
    answer = ask(filled, "period=2018&from=league&to=province", headers={"Accept-Language": "en"})
    assert cells(answer) == {
        ("110000", "150000"): (4, "11.00"),
        ("150100", "150000"): (1, "9.00"),
        ("150100", "abroad"): (1, "9.00"),
    }
    assert (answer["totals"]["deals"], answer["columns"][1]["label"]) == (6, "Abroad")


def test_the_public_sees_no_amount_of_a_small_cell(filled):
    answer = ask(filled, "period=2018&basis=absorbed&seller_province=110000", key=None)
    found = {cell["to"]: (cell["deals"], cell["total_amount"], cell["suppressed"]) for cell in answer["cells"]}
    assert found["150100"] == (1, None, True)
    assert answer["suppressed_below"] == 3


def test_a_copy_is_good_until_the_register_changes(filled, world):
    first = filled.get(f"{FLOWS}?period=2018")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert filled.get(f"{FLOWS}?period=2018", headers=tag).status_code == 304
    assert filled.get(f"{FLOWS}?period=2018&from=league", headers=tag).status_code == 200
    history = History(world.database, world.ids["office"])
    history.number = 100
    history.add(history.contract())
    assert filled.get(f"{FLOWS}?period=2018", headers=tag).status_code == 200


@pytest.mark.parametrize(
    ("question", "pointer"),
    [
        ("period=2018&from=village", "/from"),
        ("period=2018&by=field", "/by"),
        ("period=2018&compare=previous_year", "/compare"),
        ("period=nothing", "/period"),
        ("period=2018&basis=internal&league=150100", "/league"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(filled, question, pointer):
    answer = filled.get(f"{FLOWS}?{question}")
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
