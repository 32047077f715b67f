"""The market's activity: outcomes beside the stock, equal to a count by hand, and nothing told of very few."""

from __future__ import annotations

from typing import Any

import time_machine

from market.statistics.activity import Cell, _withheld
from tests.api.dealings.talks import advance, done, interest, listing, step
from tests.market.contracts.samples import content, wire

SEEKERS = ("university", "university2", "broker", "enterprise2")


def asked(api: Any, query: str = "", key: str | None = "statistician") -> Any:
    return done(api.get(f"/v1/statistics/activity{query}", key=key))


def test_an_empty_market(api):
    told = asked(api, "?by=league")
    assert (told["groups"], told["totals"]["demands"], told["totals"]["share_to_deals"]) == ([], 0, None)


def test_outcomes_are_counted(api):
    """Three interests in two of three demands: one agreed and registered, one passed, one introduced."""
    with time_machine.travel("2026-03-02T02:00:00Z", tick=False):
        demands = [listing(api, "enterprise") for _ in range(3)]
        achievement = listing(api, "university", "achievement", fields=["contract:05", "contract:06"])
    with time_machine.travel("2026-03-05T02:00:00Z", tick=False):
        first = done(interest(api, demands[0], "university", listing=achievement), 201)["id"]
        second = done(interest(api, demands[0], "university2"), 201)["id"]
        done(step(api, second, "pass", "enterprise", {"reason": "MONEY"}))
    with time_machine.travel("2026-03-09T02:00:00Z", tick=False):
        third = done(interest(api, demands[1], "broker"), 201)["id"]
        advance(api, third, "introduction", "enterprise", "broker")
        for stage in ("introduction", "nda", "negotiation", "agreed"):
            advance(api, first, stage, "enterprise", "university")
        body = wire(content(api.world, demand=demands[0], signed_on=None))
        body |= {"signed_on": "2026-03-06", "valid_from": "2026-03-06", "valid_to": "2027-03-06"}
        done(api.post("/v1/contracts", body, key="office"), 201)
        totals = asked(api)["totals"]
    assert [totals[name] for name in ("achievements", "demands", "demands_without_answer")] == [1, 2, 1], (
        "one is closed"
    )
    assert [totals[name] for name in ("interests", "talks", "deals", "matched_interests")] == [3, 2, 1, 1]
    assert (totals["share_to_talks"], totals["share_to_deals"]) == (1, 1)
    assert (totals["median_days_to_interest"], totals["median_days_to_contract"]) == (5, 7)
    assert [(each["reason"], each["count"]) for each in totals["passed"]] == [("MONEY", 1)]
    for by, key in (("league", ["150200"]), ("field", ["unspecified"]), ("field,league", ["unspecified", "150200"])):
        [group] = [each for each in asked(api, f"?by={by}")["groups"] if each["interests"]]
        assert list(group["key"].values()) == key
        assert [group[name] for name in totals if name != "achievements"] == [
            totals[name] for name in totals if name != "achievements"
        ]


def test_groups_by_field_and_league(api):
    listing(api, "enterprise", fields=["contract:05"])
    listing(api, "enterprise", fields=["contract:05", "contract:06"])
    listing(api, "enterprise2", place="110000", fields=["region:rare_earth"])
    listing(api, "university", "achievement", fields=["contract:06"])
    leagues = {group["key"]["league"]: group for group in asked(api, "?by=league")["groups"]}
    assert {key: (group["demands"], group["achievements"]) for key, group in leagues.items()} == {
        "150200": (2, 0),
        "110000": (1, 0),
        "150100": (0, 1),
    }
    fields = {group["key"]["field"]: group for group in asked(api, "?by=field")["groups"]}
    assert {key: (group["demands"], group["achievements"]) for key, group in fields.items()} == {
        "contract:05": (2, 0),
        "contract:06": (1, 1),
        "unspecified": (1, 0),
    }
    cross = {tuple(group["key"].values()): group["demands"] for group in asked(api, "?by=field,league")["groups"]}
    assert cross[("contract:05", "150200")] == 2
    assert asked(api, "?by=league", None)["groups"][0]["label"]


def test_the_public_sees_groups_of_three_or_more(api):
    for _ in range(3):
        done(interest(api, listing(api, "enterprise"), "university"), 201)
    [group] = asked(api, "?by=league", None)["groups"]
    assert (group["interests"], group["talks"], group["demands_without_answer"], group["suppressed"]) == (
        3,
        0,
        0,
        False,
    )
    sought = listing(api, "enterprise2", place="110000")
    for seeker in ("university", "university2", "broker"):
        done(interest(api, sought, seeker), 201)
    told = asked(api, "?by=league", None)
    assert told["totals"]["interests"] == 6
    assert {group["interests"] for group in told["groups"]} == {None}, (
        "three interests in one demand tell of one, and could be subtracted"
    )


def test_what_could_be_subtracted_is_withheld_too():
    cells = {("a",): Cell(sought=1), ("b",): Cell(sought=9), ("c",): Cell(sought=5), ("d",): Cell()}
    assert _withheld(cells, 3)["interests"] == {("a",), ("c",)}
    assert _withheld(cells, 0)["interests"] == set()
    cells[("e",)] = Cell(sought=2)
    assert _withheld(cells, 3)["interests"] == {("a",), ("e",)}


def test_wrong_questions_are_named(api):
    for query, pointer in (("?by=month", "/by"), ("?by=field,field", "/by"), ("?scheme=none", "/scheme")):
        answer = api.get(f"/v1/statistics/activity{query}", key="statistician")
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert api.get("/v1/statistics/activity?by=field,league").status_code == 403
