"""What the register makes of the listings a contract names: answered demands close, achievements only when nothing is left."""

from __future__ import annotations

import pytest

from tests.api.examination.desk import cancel, revoke
from tests.api.listings.test_listings import create, ids, published
from tests.market.contracts.samples import content, wire


def register(api, number, **more):
    reply = api.post("/v1/contracts", wire(content(api.world, contract_no=number, **more)), key="office")
    assert reply.status_code == 201, reply.text
    return reply.json["number"]


def act(api, number, verb, body):
    path = f"/v1/contracts/{number}/{verb}"
    reply = api.post(path, body, key="office", if_match="*")
    assert reply.status_code == 200, reply.text


def state(api, path, made, key):
    return api.get(f"/v1/{path}/{made}", key=key).json["state"]


def test_a_demand_is_closed_by_its_contract_and_opened_when_none_is_left(api):
    demand = published(api, "demands")
    first, second = register(api, "SYN-1", demand=demand), register(api, "SYN-2", demand=demand)
    assert state(api, "demands", demand, "enterprise") == "closed"
    assert ids(api, "demands") == []
    assert api.get(f"/v1/demands/{demand}").status_code == 404
    for verb in ("publish", "withdraw"):
        refusal = api.post(f"/v1/demands/{demand}/{verb}", key="enterprise", if_match="*")
        assert (refusal.status_code, refusal.json["code"]) == (409, "closed")
    cancel(api, first)
    assert state(api, "demands", demand, "enterprise") == "closed"
    revoke(api, second)
    assert state(api, "demands", demand, "enterprise") == "published"
    assert ids(api, "demands") == [demand]
    kinds = [each["kind"] for each in api.get(f"/v1/demands/{demand}/versions", key="enterprise").json["items"]]
    assert kinds == ["listing.published", "listing.closed", "listing.closed", "listing.reopened"]


def test_a_change_moves_what_is_answered(api):
    one, other = published(api, "demands"), published(api, "demands")
    number = register(api, "SYN-1", demand=one)
    act(api, number, "change", {"reason": "CONTENT_CHANGED", "changes": {"demand": other}})
    assert (state(api, "demands", one, "enterprise"), state(api, "demands", other, "enterprise")) == (
        "published",
        "closed",
    )


@pytest.mark.parametrize(
    ("contract_type", "subtype", "after"),
    [
        ("SERVICE", "SVC_GENERAL", "published"),
        ("LICENSE", "LICENSE_PATENT_ORDINARY", "published"),
        ("LICENSE", "LICENSE_PATENT_SOLE", "closed"),
        ("LICENSE", "LICENSE_PATENT_EXCLUSIVE", "closed"),
        ("TRANSFER", "TRANSFER_PATENT", "closed"),
    ],
)
def test_an_achievement_is_closed_by_what_leaves_nothing_for_others(api, contract_type, subtype, after):
    made = published(api)
    register(
        api,
        "SYN-1",
        achievement=made,
        contract_type=contract_type,
        contract_subtype=subtype,
        ip_type="PATENT_INVENTION",
    )
    assert state(api, "achievements", made, "university") == after
    assert ids(api, "achievements") == ([made] if after == "published" else [])


def test_strangers_cannot_answer_a_demand_by_naming_it(api):
    demand = published(api, "demands")
    register(api, "SYN-1", demand=demand, buyer={"organisation": api.world.ids["enterprise2"]})
    assert state(api, "demands", demand, "enterprise") == "published"
    register(api, "SYN-2", demand=demand)
    assert state(api, "demands", demand, "enterprise") == "closed"


def test_a_draft_is_no_listing_a_contract_may_name(api):
    draft = create(api, "demands").json["id"]
    body = wire(content(api.world, contract_no="SYN-1", demand=draft))
    reply = api.post("/v1/contracts", body, key="office")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/demand"]
    assert state(api, "demands", draft, "enterprise") == "draft"
