"""Charts over HTTP: a picture that runs and loads nothing, for the same question and reader as the JSON."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.market.statistics.history import History

SVG = "{http://www.w3.org/2000/svg}"
QUESTIONS = [
    "deals.svg?period=2018",
    "deals.svg?period=2018&by=month",
    "deals.svg?period=2018&basis=output&by=league&compare=previous_year",
    "deals.svg?period=2018&by=seller_league,contract_type&measure=deals",
    "deals.svg?period=2018&by=quarter,contract_type&measure=tech_amount",
    "deals.svg?period=2018&by=contract_type&top=1",
    "flows.svg?period=2018&from=league",
    "flows.svg?period=1999",
]


@pytest.fixture
def filled(api, world):
    history = History(world.database, world.ids["office"])
    add = history.contract
    history.add(
        *(add(total_fen=number * 100_00, tech_fen=50_00) for number in (1, 2, 3)),
        add(contract_type="CONSULT", contract_subtype=None, total_fen=7_00, tech_fen=1_00),
    )
    return api


def test_every_chart_is_an_image_that_does_nothing(filled):
    for question in QUESTIONS:
        check_image(filled, question)


def check_image(filled, question):
    reply = filled.get(f"/v1/statistics/{question}", headers={"Accept-Language": "en"})
    assert reply.status_code == 200, reply.text
    assert reply.content_type == "image/svg+xml"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    root = ElementTree.fromstring(reply.data)
    assert root.tag == f"{SVG}svg"
    assert "DEMONSTRATION DATA" in reply.text
    tag = {"If-None-Match": reply.headers["ETag"], "Accept-Language": "en"}
    assert filled.get(f"/v1/statistics/{question}", headers=tag).status_code == 304
    assert filled.get(f"/v1/statistics/{question}", headers={**tag, "Accept-Language": "zh"}).status_code == 200


def test_the_public_sees_hatching_where_a_statistician_sees_a_bar(filled):
    address = "/v1/statistics/deals.svg?period=2018&by=contract_type"
    public, all_seen = (filled.get(address, key=key).text for key in (None, "statistician"))
    assert "技术咨询合同: 不公布 (1 项)" in public
    assert "技术咨询合同: 7.0 (1 项)" in all_seen
    assert "不公布" not in all_seen


def test_another_measure_is_another_picture(filled):
    address = "/v1/statistics/deals.svg?period=2018&by=contract_type"
    first = filled.get(address)
    other = filled.get(f"{address}&measure=deals", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert "单位：项" in other.text


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("deals.svg?period=2018&by=month,year", "not-for-a-chart"),
        ("deals.svg?period=2018&by=field,office,contract_type", "not-for-a-chart"),
        ("deals.svg?period=2018&measure=all", "unknown-value"),
        ("deals.svg?period=2018&shares=true", "unknown-field"),
        ("flows.svg?period=2018&measure=", "unknown-value"),
    ],
)
def test_what_cannot_be_drawn_is_refused(filled, question, code):
    reply = filled.get(f"/v1/statistics/{question}")
    assert reply.status_code == 422
    assert code in [error["code"] for error in reply.json["errors"]]
