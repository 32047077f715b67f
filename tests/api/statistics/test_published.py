"""Official figures and the computed ones beside them."""

from __future__ import annotations

from datetime import date

import pytest

from tests.market.statistics.history import History

PUBLISHED = "/v1/published-figures"


@pytest.fixture
def figures(api, world):
    """The figures of 2018 as the public sees them, with three deals absorbed from 北京 that year."""
    history = History(world.database, world.ids["office"])
    history.add(
        *(history.contract(seller_place="110000", act="outside", registered_on=date(2018, 5, 1)) for _ in range(3)),
        history.contract(registered_on=date(2019, 5, 1)),
    )
    return api


def of(api, **asked):
    query = "&".join(f"{name}={value}" for name, value in {"limit": 100, **asked}.items())
    answer = api.get(f"{PUBLISHED}?{query}")
    assert answer.status_code == 200, answer.text
    return {(item["period"], item["basis"], item["measure"]): item for item in answer.json["items"]}


def test_quoted_and_computed_stand_side_by_side(figures):
    found = of(figures, year=2018)
    deals, amount = found["2018", "absorbed", "deals"], found["2018", "absorbed", "total_amount"]
    assert (deals["value"], deals["computed"], deals["difference"]) == (5983, 3, 3 - 5983)
    assert (amount["value"], amount["computed"]) == ("22687411200.00", "300000.00")
    assert amount["difference"] == "-22687111200.00"
    assert amount["source"]
    assert amount["region"]["name"] == "内蒙古自治区"
    assert amount["synthetic"] is True
    assert found["2018", "output", "deals"]["computed"] == 0


def test_small_cells_are_suppressed_here_too(figures):
    found = of(figures, year=2019, basis="output")
    assert found["2019", "output", "deals"]["computed"] == 1
    amount = found["2019", "output", "total_amount"]
    assert (amount["computed"], amount["difference"], amount["suppressed"]) == (None, None, True)


def test_a_period_of_days_is_not_computed(figures):
    found = of(figures, year=2024)
    quoted = found["2024-01-01..2024-05-15", "registered", "deals"]
    assert (quoted["value"], quoted["computed"], quoted["difference"]) == (444, None, None)


def test_filters_and_pages(figures):
    assert {item["basis"] for item in of(figures, basis="registered").values()} == {"registered"}
    first = figures.get(f"{PUBLISHED}?limit=50").json
    second = figures.get(f"{PUBLISHED}?limit=50&cursor={first['next']}").json
    assert second["next"] is None
    assert len(first["items"]) + len(second["items"]) == 74
    assert figures.get(f"{PUBLISHED}?year=1800").status_code == 422
    assert figures.get(f"{PUBLISHED}?basis=sum").status_code == 422


def test_the_number_of_statements_does_not_grow_with_the_figures(figures, world, statements):
    of(figures)
    with statements(world.database) as counted:
        of(figures, year=2018)
    few = counted.n
    with statements(world.database) as counted:
        of(figures)
    assert few == 2 + 3
    assert counted.n == 2 + 5
