"""What is anonymous or not disclosed cannot be learned: not from talks, lists, filters, errors, counts or the ledger."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from market.access import SYSTEM
from market.journal.model import JournalEntry
from market.organisations.queries import find
from market.store.types import today
from tests.api.dealings.talks import (
    CONTACT,
    advance,
    broker,
    done,
    interest,
    listing,
    step,
    talks,
    upload,
)

STRANGERS = ("university2", "enterprise2", "broker")
SECRET = {"name": "机密联系人", "phone": "0471-7654321", "email": "secret@example.com"}


def reads(api: Any, key: str, dealing: str, listing_id: str) -> str:
    """Everything that may be asked about these talks, as one text."""
    paths = [
        f"/v1/dealings/{dealing}",
        *(f"/v1/dealings/{dealing}/{part}" for part in ("history", "disclosures", "files")),
        *(f"/v1/dealings{query}" for query in ("", "?state=interest", f"?listing={listing_id}", "?side=seeker")),
        f"/v1/demands/{listing_id}",
        "/v1/demands?limit=100",
        "/v1/search?q=稀土&facets=kind,field,place,mode,maturity,year",
        "/v1/statistics/activity?by=league",
        "/v1/statistics/activity?by=field",
        "/v1/brokers",
    ]
    return "\n".join(api.get(path, key=key).text for path in paths)


def traces(api: Any, owner: str) -> list[str]:
    """What would give an organisation away."""
    world = api.world
    with world.database.read(world.actor(owner)) as unit:
        row = find(unit, world.ids[owner])
    return [row["id"], row["name"], row["credit_code"], row["place"], *SECRET.values()]


def test_an_anonymous_owner_is_not_learned_before_the_introduction(api):
    dealing = talks(api, "interest", listing_anonymous=True, listing_contact=SECRET)
    demand = done(api.get(f"/v1/dealings/{dealing}", key="university"))["listing"]["id"]
    done(upload(api, dealing, "enterprise"), 201)
    told = reads(api, "university", dealing, demand)
    refused = [
        api.post(f"/v1/dealings/{dealing}/disclosures", {}, key="university").text,
        interest(api, demand, "university").text,
        step(api, dealing, "introduce", "university").text,
        step(api, dealing, "engage-broker", "university", {"broker": broker(api, "enterprise")}).text,
    ]
    told = "\n".join([told, *refused])
    for trace in traces(api, "enterprise"):
        assert trace not in told, trace
    assert "plan.pdf" not in told


def test_introduced_the_owner_is_still_unnamed_until_opened(api):
    """So the ledger of disclosures misses nobody who learned the name."""
    dealing = talks(api, "introduction", listing_anonymous=True, listing_contact=SECRET)
    demand = done(api.get(f"/v1/dealings/{dealing}", key="university"))["listing"]["id"]
    told = reads(api, "university", dealing, demand)
    for chosen in (broker(api), broker(api, "enterprise")):
        told += step(api, dealing, "engage-broker", "university", {"broker": chosen}).text
    for trace in traces(api, "enterprise"):
        assert trace not in told, trace
    assert done(api.get(f"/v1/dealings/{dealing}/disclosures", key="enterprise"))["items"] == []


def test_ones_own_people_as_brokers_do_not_tell_ones_name(api):
    dealing = talks(api, "introduction", listing_anonymous=True)
    done(step(api, dealing, "engage-broker", "enterprise", {"broker": broker(api, "enterprise", "示例自家人")}))
    told = done(api.get(f"/v1/dealings/{dealing}", key="university"))
    assert (told["brokers"], told["owner"]["organisation"]) == ([], None)
    done(api.post(f"/v1/dealings/{dealing}/disclosures", {}, key="university"), 201)
    assert done(api.get(f"/v1/dealings/{dealing}", key="university"))["brokers"][0]["name"] == "示例自家人"


def test_a_broker_learns_no_name_from_what_its_side_has_opened(api):
    dealing = talks(api, "introduction", listing_anonymous=True)
    path = f"/v1/dealings/{dealing}/disclosures"
    done(api.post(path, {}, key="university"), 201)
    done(step(api, dealing, "engage-broker", "university", {"broker": broker(api)}))
    assert {line["subject"] for line in done(api.get(path, key="broker"))["items"]} == {None}
    done(api.post(path, {}, key="broker"), 201)
    assert {line["subject"] for line in done(api.get(path, key="broker"))["items"]} == {api.world.ids["enterprise"]}


def test_talks_that_ended_at_once_do_not_tell_where_an_anonymous_seeker_is(api):
    """The reasons of the match name the place it was judged by."""
    achievement = listing(api, "university", "achievement", anonymous=True, place="150203")
    demand = listing(api, "enterprise", place="150203")
    dealing = done(interest(api, demand, "university", anonymous=True, listing=achievement), 201)["id"]
    done(step(api, dealing, "pass", "enterprise", {"reason": "MONEY"}))
    assert done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["match"] is None
    assert done(api.get(f"/v1/dealings/{dealing}", key="university"))["match"]["reasons"]


def test_two_listings_agreed_on_do_not_tell_that_they_belong_together(api):
    """Not by the moments of their versions; who took part reads them all."""
    achievement = listing(api, "university", "achievement", anonymous=True)
    dealing = talks(api, "interest", listing=achievement, anonymous=True)
    demand = done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["listing"]["id"]
    paths = [f"/v1/demands/{demand}", f"/v1/achievements/{achievement}"]
    before = [api.get(path).json["updated_at"] for path in paths]
    for stage in ("introduction", "nda", "negotiation", "agreed"):
        advance(api, dealing, stage, "enterprise", "university")
    assert [(api.get(path).json["state"], api.get(path).json["updated_at"]) for path in paths] == [
        ("matched", each) for each in before
    ]
    moments = [{each["recorded_at"] for each in api.get(f"{path}/versions").json["items"]} for path in paths]
    assert moments[0].isdisjoint(moments[1])
    [agreed] = {
        api.get(f"{path}/versions", key=key).json["items"][-1]["recorded_at"]
        for path, key in zip(paths, ("enterprise", "university"), strict=True)
    }
    assert [api.get(f"{path}?as_of={agreed}").json["state"] for path in paths] == ["published"] * 2
    assert api.get(f"{paths[0]}?as_of={agreed}", key="enterprise").json["state"] == "matched"
    with time_machine.travel(timedelta(days=2)):
        tomorrow = (today() - timedelta(days=1)).isoformat()
        assert [api.get(f"{path}?as_of={tomorrow}").json["state"] for path in paths] == ["matched"] * 2


def test_an_anonymous_seeker_is_not_learned_before_the_introduction(api):
    achievement = listing(api, "university", "achievement", anonymous=True, contact=SECRET, place="150102")
    dealing = talks(api, "interest", anonymous=True, listing=achievement, contact=SECRET)
    row = done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))
    assert row["seeker"] == {"organisation": None, "kind": "university", "league": "150100", "size_class": None}
    assert (row["from_listing"]["id"], row["match"]) == (achievement, None)
    told = reads(api, "enterprise", dealing, row["listing"]["id"])
    told += api.get(f"/v1/achievements/{achievement}", key="enterprise").text
    for trace in traces(api, "university"):
        assert trace not in told, trace
    advance(api, dealing, "introduction", "enterprise", "university")
    opened = done(api.post(f"/v1/dealings/{dealing}/disclosures", {}, key="enterprise"), 201)
    assert (opened["name"], opened["contact"]) == ("测试university", SECRET)


def test_no_address_tells_a_stranger_who_hides(api):
    """Every GET there is, about an anonymous demand, an anonymous achievement, and talks and files between them."""
    demand = listing(api, "enterprise", anonymous=True, contact=SECRET, place="150203")
    achievement = listing(api, "university", "achievement", anonymous=True, contact=SECRET, place="150102")
    dealing = done(interest(api, demand, "university", anonymous=True, listing=achievement, contact=SECRET), 201)["id"]
    for stage in ("introduction", "nda", "negotiation", "agreed"):
        advance(api, dealing, stage, "enterprise", "university")
    file = done(upload(api, dealing, "enterprise"), 201)["id"]
    known = {"id": (demand, achievement), "other": (demand, achievement), "version": "123", "code": ("150200",)}
    known |= {"dealing": (dealing,), "file": (file,)}
    asked = {
        "/v1/search": "q=稀土&limit=100&facets=kind,field,place,mode,maturity,year",
        "/v1/statistics/activity": "by=league",
    }
    owners = [trace for owner in ("enterprise", "university") for trace in (api.world.ids[owner], f'"测试{owner}"')]
    answered = 0
    for rule in api.client.application.url_map.iter_rules():
        if "GET" in rule.methods and rule.rule.startswith("/v1"):
            for values in product(*(known.get(name, ("none",)) for name in sorted(rule.arguments))):
                path = rule.rule
                for name, value in zip(sorted(rule.arguments), values, strict=True):
                    path = re.sub(f"<([a-z]+:)?{name}>", value, path)
                for stranger in (None, "enterprise2"):
                    reply = api.get(f"{path}?{asked.get(rule.rule, '')}", key=stranger)
                    told = reply.data.decode("utf-8", "replace")
                    assert [trace for trace in (*owners, *SECRET.values(), "plan.pdf") if trace in told] == [], path
                    assert "150203" not in told or rule.rule.startswith("/v1/places"), path
                    answered += reply.status_code == 200
    assert answered > 60


@pytest.mark.parametrize("stranger", STRANGERS)
def test_nobody_else_learns_of_talks(api, stranger):
    dealing = talks(api, "nda")
    file = done(upload(api, dealing, "enterprise"), 201)["id"]
    path = f"/v1/dealings/{dealing}"
    answers = [
        api.get(path, key=stranger),
        *(api.get(f"{path}/{part}", key=stranger) for part in ("history", "disclosures", "files", f"files/{file}")),
        api.post(f"{path}/disclosures", {}, key=stranger),
        api.post(f"{path}/files/{file}/open", {}, key=stranger),
        upload(api, dealing, stranger),
        *(step(api, dealing, name, stranger) for name in ("introduce", "negotiate")),
        step(api, dealing, "pass", stranger, {"reason": "TIME"}),
        step(api, dealing, "agree", stranger, {"sha256": "0"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json["detail"] for answer in answers} == {"There is no such dealing."}
    assert done(api.get("/v1/dealings", key=stranger))["items"] == []
    listing_id = done(api.get(path, key="enterprise"))["listing"]["id"]
    assert done(api.get(f"/v1/dealings?listing={listing_id}", key=stranger))["items"] == []


def test_a_listing_says_nothing_of_the_talks_about_it(api):
    """To strangers it reads the same, byte for byte and by its tag, until it is agreed on."""
    demand = listing(api, "enterprise")
    before = api.get(f"/v1/demands/{demand}", key="university2")
    dealing = done(interest(api, demand, "university"), 201)["id"]
    for stage in ("introduction", "nda", "negotiation"):
        advance(api, dealing, stage, "enterprise", "university")
        after = api.get(f"/v1/demands/{demand}", key="university2")
        assert (after.data, after.headers["ETag"]) == (before.data, before.headers["ETag"])


def test_the_title_in_talks_is_the_one_of_the_interest(api):
    """What an owner writes into a listing after taking it back stays with the owner."""
    dealing = talks(api, "interest")
    demand = done(api.get(f"/v1/dealings/{dealing}", key="university"))["listing"]["id"]
    done(api.post(f"/v1/demands/{demand}/withdraw", key="enterprise", if_match="*"))
    done(api.patch(f"/v1/demands/{demand}", {"title": "尚未公开"}, key="enterprise", if_match="*"))
    assert "尚未公开" not in reads(api, "university", dealing, demand)


def test_after_the_end_nothing_more_is_opened(api):
    dealing = talks(api, "introduction", listing_anonymous=True, listing_contact=CONTACT)
    done(step(api, dealing, "pass", "enterprise", {"reason": "NO_TRUST"}))
    answer = api.post(f"/v1/dealings/{dealing}/disclosures", {}, key="university")
    assert (answer.status_code, answer.json["code"]) == (409, "nothing-disclosed")
    assert done(api.get(f"/v1/dealings/{dealing}", key="university"))["owner"]["organisation"] is None


def test_free_words_and_contacts_stand_in_the_erasable_part_of_the_journal(api):
    dealing = talks(api, "agreed", listing_contact=SECRET, contact=SECRET)
    done(api.post(f"/v1/dealings/{dealing}/disclosures", {}, key="university"), 201)
    done(upload(api, dealing, "enterprise"), 201)
    with api.world.database.read(SYSTEM) as unit:
        texts = "\n".join(unit.execute(select(JournalEntry.payload)).scalars())
    for word in (*SECRET.values(), "示例回答", "双方保密", "五十万", "plan.pdf"):
        assert word not in texts, word
        assert json.dumps(word)[1:-1] not in texts, word


def test_activity_withholds_what_would_tell_of_one(api):
    """One demand, one interest, one reason for passing: the public sees the stock, the statistician everything."""
    dealing = talks(api, "introduction")
    done(step(api, dealing, "pass", "enterprise", {"reason": "MONEY"}))
    public = done(api.get("/v1/statistics/activity?by=league"))
    [group] = public["groups"]
    for cell in (public["totals"], group):
        assert (cell["demands"], cell["suppressed"]) == (1, True)
        assert [cell[name] for name in ("demands_without_answer", "interests", "talks", "passed")] == [None] * 4
        assert cell["median_days_to_interest"] is None
    seen = done(api.get("/v1/statistics/activity?by=league", key="statistician"))["groups"][0]
    assert (seen["interests"], seen["talks"], seen["passed"][0]["reason"]) == (1, 1, "MONEY")
    assert api.get("/v1/statistics/activity?by=field,league").json["code"] == "one-cut-only"
