"""From a figure to its contracts, over the wire."""

from __future__ import annotations

from datetime import date

import pytest

from tests.market.statistics.history import History


@pytest.fixture
def filled(api, world):
    history = History(world.database, world.ids["office"])
    history.add(
        *(history.contract(total_fen=100, tech_fen=50) for _ in range(3)),
        history.contract(contract_type="SERVICE", contract_subtype="SVC_GENERAL", registered_on=date(2018, 7, 1)),
        *(history.contract(contract_type="CONSULT", contract_subtype=None) for _ in range(2)),
    )
    return api


def test_every_figure_links_to_its_contracts(filled):
    query = "period=2018&basis=output&by=contract_type,month&rollup=true"
    answer = filled.get(f"/v1/statistics/deals?{query}", key="auditor").json
    for row in (answer["totals"], *answer["groups"], *answer["subtotals"]):
        behind = filled.get(row["contracts"], key="auditor")
        assert behind.status_code == 200
        assert (behind.json["counted"], behind.json["withheld"]) == (row["deals"], 0)
        fen = sum(int(item["total_amount"].replace(".", "")) for item in behind.json["items"])
        assert fen == int(row["total_amount"].replace(".", ""))


def test_as_of_goes_along(filled):
    seq = filled.get("/v1/statistics/deals?period=2018", key="auditor").json["as_of"]["seq"]
    before = filled.get(f"/v1/statistics/deals?period=2018&as_of={seq - 1}", key="auditor").json
    behind = filled.get(before["totals"]["contracts"], key="auditor").json
    assert (before["totals"]["deals"], behind["counted"], behind["as_of"]["seq"]) == (5, 5, seq - 1)


def test_the_public_learns_the_number_alone(filled):
    totals = filled.get("/v1/statistics/deals?period=2018").json["totals"]
    behind = filled.get(totals["contracts"]).json
    assert (behind["counted"], behind["visible"], behind["withheld"], behind["items"]) == (6, 0, 6, [])
    assert filled.get("/v1/statistics/contracts?period=2018&as_of=3").status_code == 403
