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
    query = "&".join(f"{name}={value}" for name, value in {"limit": 100, "region": "150000", **asked}.items())
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
    assert (found["2018", "output", "deals"]["computed"], found["2018", "output", "deals"]["not_computed"]) == (0, None)


def test_small_cells_are_suppressed_here_too(figures):
    found = of(figures, year=2019, basis="output")
    assert found["2019", "output", "deals"]["computed"] == 1
    amount = found["2019", "output", "total_amount"]
    assert (amount["computed"], amount["difference"], amount["suppressed"]) == (None, None, True)


def test_a_period_of_days_is_not_computed(figures):
    found = of(figures, year=2024)
    quoted = found["2024-01-01..2024-05-15", "registered", "deals"]
    assert (quoted["value"], quoted["computed"], quoted["difference"]) == (444, None, None)
    assert quoted["not_computed"] == "not-whole-months"


def test_nothing_is_computed_of_a_year_without_contracts_nor_of_another_region(figures):
    """Zero would be said of the year, but tells of the register alone."""
    found = of(figures, year=2017) | of(figures, year=2018, region="110000")
    assert {item["not_computed"] for item in of(figures, year=2017).values()} == {"no-contracts"}
    assert {item["not_computed"] for item in of(figures, year=2018, region="110000").values()} == {"other-region"}
    assert {(item["computed"], item["difference"], item["suppressed"]) for item in found.values()} == {
        (None, None, False)
    }
    words = figures.get(f"{PUBLISHED}.csv?region=150000&year=2017", headers={"Accept-Language": "en"}).text
    assert "the register holds no contracts of that year" in words


def test_filters_and_pages(figures):
    assert {item["basis"] for item in of(figures, basis="registered").values()} == {"registered"}
    first = figures.get(f"{PUBLISHED}?region=150000&limit=50").json
    second = figures.get(f"{PUBLISHED}?region=150000&limit=50&cursor={first['next']}").json
    assert second["next"] is None
    assert len(first["items"]) + len(second["items"]) == 70
    assert figures.get(f"{PUBLISHED}?region=150200&cursor={first['next']}").status_code == 422
    assert set(of(figures, region="150200", period="2023H1", measure="tech_amount")) == {
        ("2023H1", "registered", "tech_amount")
    }
    for wrong in ("year=1800", "basis=sum", "measure=sum", "region=1500000", "colour=red"):
        assert figures.get(f"{PUBLISHED}?{wrong}").status_code == 422


def test_every_official_series_is_there(figures):
    items, cursor = [], ""
    while cursor is not None:
        page = figures.get(f"{PUBLISHED}?limit=100{cursor and '&cursor=' + cursor}").json
        items, cursor = items + page["items"], page["next"]
    assert len(items) == 1952
    yearbook = [item for item in items if item["source"].startswith("中国科技统计年鉴")]
    assert len(yearbook) == 1900
    assert len({item["region"]["code"] for item in yearbook}) == 32
    names = {item["region"]["code"]: item["region"]["name"] for item in items}
    assert (names["CN"], names["110000"], names["340100"]) == ("全国", "北京市", "合肥市")


def test_what_the_register_cannot_know_is_not_computed(figures):
    for question in ("region=CN&year=2018", "region=110000&year=2018", "region=340100"):
        items = figures.get(f"{PUBLISHED}?{question}&limit=100").json["items"]
        assert items
        for item in items:
            assert (item["computed"], item["difference"], item["suppressed"]) == (None, None, False)
    english = figures.get(f"{PUBLISHED}?region=CN&limit=1", headers={"Accept-Language": "en"}).json["items"]
    assert english[0]["region"] == {"code": "CN", "name": "China"}


def test_cities_add_up_as_the_table_says(figures):
    found = [
        item
        for item in figures.get(f"{PUBLISHED}?period=2022H1&basis=absorbed&measure=deals&limit=100").json["items"]
        if item["region"]["code"] != "340000"
    ]
    assert len(found) == 16
    assert (
        sum(item["value"] for item in found)
        == of(figures, region="340000", period="2022H1")["2022H1", "absorbed", "deals"]["value"]
    )


def test_the_number_of_statements_does_not_grow_with_the_figures(figures, world, statements):
    def cost(**asked):
        with statements(world.database) as counted:
            of(figures, **asked)
        return sum(text.startswith("SELECT") for text in counted.texts)

    of(figures)
    # Reference version, head, page; the years there are contracts of, by place and by office; for each region and basis its
    # figures and the state that judgements are kept under. Of two bases other years are judged than before, the third has
    # these alone.
    assert cost(year=2018) == 3 + 2 + 3 * 2 + 2
    assert cost() == 3 + 2 + 4 * 2
    assert cost(year=2000, basis="absorbed", region="110000") == 3
