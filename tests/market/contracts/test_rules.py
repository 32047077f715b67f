"""The rules of content, by the rule of the trade they come from; every breach is named at once and nothing is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from market.access import SYSTEM
from market.contracts.model import Contract, NumberSeries
from market.contracts.queries import by_number, one
from market.errors import Invalid
from market.journal import read as journal
from market.listings import actions as listings
from market.registration import actions
from market.registration.entries import judge_parts
from market.store.types import today
from tests.market.contracts.samples import content, outside, plain
from tests.world import World, credit_code

DAY = timedelta(days=1)


def refused(
    world: World, act=actions.register, make=content, office: str = "office", **changes
) -> set[tuple[str, str]]:
    """Pointer and code of everything that is wrong."""
    body = make(world, **changes)
    with pytest.raises(Invalid) as refusal:
        world.database.write(world.actor(office), lambda unit: act(unit, body))
    return {(error.pointer, error.code) for error in refusal.value.errors}


def registered(world: World, office: str = "office", **changes):
    body = content(world, **changes)
    return world.database.write(world.actor(office), lambda unit: actions.register(unit, body))


def imported(world: World, office: str = "office", **changes):
    """The row of a contract that the shortcut leaves to an examination: foreign ones come in by import here."""
    row = {**content(world, **changes), "act": "registered", "office": world.ids[office], "registered_on": today()}
    return world.database.write(SYSTEM, lambda unit: actions.import_contracts(unit, [row]))[0]


def test_all_wrong_fields_are_named_at_once_and_nothing_is_stored(world):
    with world.database.read(SYSTEM) as unit:
        before = journal.head(unit)
    found = refused(
        world,
        contract_type="WORK",
        field="hightech:10",
        ip_type="nothing",
        plan_source="nothing",
        served_industry="nothing",
        socio_economic_objective="99",
        payment_mode="BARTER",
        demand="dem_none",
        achievement="ach_none",
        seller={"name": "某", "credit_code": "911500000000000000", "country": "CN", "place": "159999", "nature": "999"},
        buyer={"organisation": "org_none"},
        tech_amount=1_200_000_01,
        signed_on=today() + DAY,
        valid_from=today() + DAY,
        valid_to=today(),
    )
    assert found == {
        ("/contract_type", "unknown-value"),
        ("/field", "unknown-value"),
        ("/ip_type", "unknown-value"),
        ("/plan_source", "unknown-value"),
        ("/served_industry", "unknown-value"),
        ("/socio_economic_objective", "unknown-value"),
        ("/payment_mode", "unknown-value"),
        ("/demand", "unknown-value"),
        ("/achievement", "unknown-value"),
        ("/seller/credit_code", "bad-credit-code"),
        ("/seller/place", "unknown-value"),
        ("/seller/nature", "unknown-value"),
        ("/buyer/organisation", "unknown-value"),
        ("/contract_subtype", "not-of-type"),
        ("/tech_amount", "exceeds-total"),
        ("/signed_on", "after-registration"),
        ("/valid_to", "before-start"),
    }
    with world.database.read(SYSTEM) as unit:
        assert journal.head(unit) == before
        assert unit.execute(select(func.count()).select_from(Contract)).scalar_one() == 0
        assert unit.execute(select(func.count()).select_from(NumberSeries)).scalar_one() == 0


def test_rule_1_five_types_with_their_own_subtypes(world):
    assert refused(world, contract_subtype=None) == {("/contract_subtype", "required")}
    assert refused(world, contract_subtype="SVC_TRAINING") == {("/contract_subtype", "not-of-type")}
    assert refused(world, contract_type="TRANSFER", contract_subtype="LICENSE_SECRET") == {
        ("/contract_subtype", "not-of-type")
    }
    assert refused(world, contract_type="DEV_COMMISSIONED") >= {("/contract_type", "unknown-value")}
    assert refused(world, contract_type="CONSULT") == {("/contract_subtype", "not-of-type")}
    assert registered(world, contract_type="CONSULT", contract_subtype=None)["contract_subtype"] is None


def test_rule_2_the_seller_applies_at_the_office_of_its_own_place(world):
    """The university sits in Hohhot, office2 in Baotou; place 150202 lies in Baotou."""
    assert refused(world, office="office2") == {("/seller", "outside-territory")}
    baotou = {"organisation": world.ids["university2"]}
    assert registered(world, "office2", seller=baotou)["number"].startswith(f"{today().year}990200")
    beijing = plain("示例外地企业01", place="110000")
    assert refused(world, seller=beijing) == {("/seller", "outside-territory")}
    unknown = plain("示例外地企业01", place=None)
    assert refused(world, seller=unknown) == {("/seller/place", "required")}


@pytest.mark.parametrize("seller", [{"country": "DE", "place": None}, {"place": "810000"}, {"place": "710000"}])
def test_rule_2_the_domestic_buyer_applies_for_a_technology_import(world, seller):
    seller = plain("示例境外企业01", **seller)
    assert imported(world, "office2", seller=seller)["seller_place"] == seller["place"]
    hohhot = {"organisation": world.ids["university"]}
    assert refused(world, office="office2", seller=seller, buyer=hohhot) == {("/buyer", "outside-territory")}
    abroad = plain("示例境外企业02", country="FR", place=None)
    assert refused(world, seller=seller, buyer=abroad) == {("/buyer", "no-domestic-party")}
    nowhere = plain("示例外地企业02", place=None)
    assert refused(world, seller=seller, buyer=nowhere) == {("/buyer/place", "required")}


def test_rule_4_in_force_and_not_expired_on_the_day_of_registration(world):
    assert refused(world, valid_from=today() + DAY) == {("/valid_from", "not-in-force")}
    long_ago = {"signed_on": today() - 9 * DAY, "valid_from": today() - 9 * DAY}
    assert refused(world, **long_ago, valid_to=today() - DAY) == {("/valid_to", "expired")}
    assert registered(world, **long_ago, valid_to=today())


def test_rule_5_technology_amount_above_nothing_and_at_most_the_total(world):
    assert refused(world, tech_amount=1_200_000_01) == {("/tech_amount", "exceeds-total")}
    assert refused(world, tech_amount=0) == {("/tech_amount", "exceeds-total")}
    assert registered(world, tech_amount=1_200_000_00)["tech_amount"] == 1_200_000_00


def test_rule_15_a_foreign_party_has_a_country_and_no_place(world):
    abroad = plain("Example Works GmbH", country="DE", place="150203")
    assert refused(world, buyer=abroad) == {("/buyer/place", "not-domestic")}
    assert refused(world, buyer=plain("x", country="ZZ", place=None)) == {("/buyer/country", "unknown-value")}
    assert refused(world, buyer={"name": "x"}) == {("/buyer/country", "required")}
    made = imported(world, buyer=plain("Example Works GmbH", country="DE", place=None))
    assert (made["buyer_country"], made["buyer_place"]) == ("DE", None)


def test_rule_15_another_province_and_an_unknown_place_stay_what_they_are(world):
    assert registered(world, buyer=plain("示例外地企业01", place="110000"))["buyer"]["place"] == "110000"
    assert registered(world, buyer=plain("示例外地企业02", place=None))["buyer"]["place"] is None


def test_rule_18_identity_is_the_credit_code(world):
    assert refused(world, buyer=plain("x", credit_code="91150000MA00000010")) == {
        ("/buyer/credit_code", "bad-credit-code")
    }
    same = plain("测试University", credit_code=credit_code(2))
    assert refused(world, buyer=same) == {("/buyer", "same-party")}
    assert refused(world, buyer={"organisation": world.ids["university"]}) == {("/buyer", "same-party")}
    made = registered(world, buyer={"name": "示例企业77", "credit_code": credit_code(77).lower()})
    assert (made["buyer"]["credit_code"], made["buyer"]["country"]) == (credit_code(77), "CN")


def test_a_party_is_a_registered_organisation_or_described_not_both(world):
    both = {"organisation": world.ids["enterprise"], "name": "x", "place": "150203"}
    assert refused(world, buyer=both) == {
        ("/buyer/name", "not-with-organisation"),
        ("/buyer/place", "not-with-organisation"),
    }
    assert refused(world, buyer={}) == {("/buyer/name", "required")}


def test_rule_21_an_unknown_field_is_refused_and_an_alias_resolved(world):
    assert refused(world, field="contract:77") == {("/field", "unknown-value")}
    assert refused(world, field="region:rare_earth") == {("/field", "unknown-value")}
    assert registered(world, field="contract:新材料")["field"] == "contract:05"


def test_links_name_a_listing_of_their_kind_that_was_published(world):
    def post(publish: bool):
        body = {
            "title": "示例需求",
            "summary": "示例",
            "fields": ["contract:05"],
            "keywords": [],
            "modes": [],
            "negotiable": True,
            "publish": publish,
        }
        return world.database.write(world.actor("enterprise"), lambda unit: listings.post(unit, "demand", body)["id"])

    published, draft = post(True), post(False)
    assert refused(world, demand=draft) == {("/demand", "unknown-value")}
    assert refused(world, achievement=published) == {("/achievement", "unknown-value")}
    assert registered(world, demand=published)["demand"] == published


def test_an_outside_registration_concerns_the_region_and_has_a_past_day_and_a_number(world):
    act = actions.record_outside
    beijing = plain("示例外地企业01", place="110000")
    assert refused(world, act, outside, buyer=beijing) == {("/seller", "outside-region"), ("/buyer", "outside-region")}
    tomorrow = {"number": "2026110000000001", "office": "示例", "registered_on": today() + DAY}
    assert refused(world, act, outside, outside=tomorrow) == {("/outside/registered_on", "in-future")}
    for number in ("202611000000001", "20261100000000012", "2026-11000000001", "２０２６１１０００００００００１"):
        assert refused(world, act, outside, number=number) == {("/outside/number", "bad-format")}
    assert refused(world, act, outside, number=f"{today().year}990200000001") == {("/outside/number", "our-series")}


def test_rule_18_whoever_has_the_credit_code_of_an_organisation_is_it(world):
    code = credit_code(1)  # the enterprise's
    made = registered(world, buyer={"name": "测试 ENTERPRISE", "credit_code": code.lower()})
    assert made["buyer"] == {
        "organisation": world.ids["enterprise"],
        "name": "测试 ENTERPRISE",
        "credit_code": code,
        "country": "CN",
        "place": "150203",
        "nature": "170",
    }
    with world.database.read(world.actor("enterprise")) as unit:
        assert one(unit, by_number(made["number"]))["id"] == made["id"]
    given = {"name": "测试enterprise", "credit_code": code, "place": "150100", "nature": "0221"}
    kept = registered(world, buyer=given, contract_no="2")["buyer"]
    assert {name: kept[name] for name in given} == given
    other = {"name": "测试enterprise2", "credit_code": code}
    assert refused(world, buyer=other, contract_no="3") == {("/buyer/name", "name-mismatch")}


def test_a_nameless_party_is_judged_for_the_rest(world):
    found = refused(world, buyer={"country": "CN", "place": "159999", "nature": "999"})
    assert found == {("/buyer/name", "required"), ("/buyer/place", "unknown-value"), ("/buyer/nature", "unknown-value")}


def judged(world: World, parts, **how) -> set[tuple[str, str]]:
    with world.database.read(world.actor("office")) as unit:
        return {(error.pointer, error.code) for error in judge_parts(unit, parts, **how)}


def test_parts_of_a_content_are_judged_without_the_rest(world):
    assert judged(world, {}) == set()
    assert judged(world, content(world)) == set()
    assert judged(world, outside(world), act="outside") == set()
    for name in content(world):
        rest = {key: value for key, value in content(world).items() if key != name}
        assert judged(world, rest) == set(), name
        assert judged(world, {name: content(world)[name]}) <= {("/contract_subtype", "required")}, name
    wrong = {
        "contract_type": "WORK",
        "field": "contract:77",
        "ip_type": "nothing",
        "seller": {"credit_code": "911500000000000000", "place": "159999"},
        "buyer": {"country": "ZZ"},
        "demand": "dem_none",
        "total_amount": 1_00,
        "tech_amount": 2_00,
        "signed_on": today() + DAY,
        "valid_from": today(),
        "valid_to": today() - DAY,
    }
    found = {
        ("/contract_type", "unknown-value"),
        ("/field", "unknown-value"),
        ("/ip_type", "unknown-value"),
        ("/seller/credit_code", "bad-credit-code"),
        ("/seller/place", "unknown-value"),
        ("/buyer/country", "unknown-value"),
        ("/demand", "unknown-value"),
        ("/tech_amount", "exceeds-total"),
        ("/signed_on", "after-registration"),
        ("/valid_to", "before-start"),
    }
    assert judged(world, wrong) == found
    for name in wrong:
        rest = {key: value for key, value in wrong.items() if key != name}
        pairs = {"total_amount": "/tech_amount", "valid_from": "/valid_to"}
        gone = {f"/{name}", pairs.get(name)}
        expected = {(at, code) for at, code in found if at not in gone and not at.startswith(f"/{name}/")}
        if name == "valid_from":
            expected.add(("/valid_to", "expired"))
        assert judged(world, rest) == expected, name


def test_a_part_that_needs_its_other_part_is_judged_when_that_is_known_to_be_missing(world):
    assert judged(world, {"contract_type": "DEV"}) == set()
    assert judged(world, {"contract_type": "DEV", "contract_subtype": None}) == {("/contract_subtype", "required")}
    assert judged(world, {"contract_type": "DEV", "contract_subtype": "SVC_TRAINING"}) == {
        ("/contract_subtype", "not-of-type")
    }
    assert judged(world, {"tech_amount": 5}) == set()


@pytest.mark.parametrize("part", [None, [], "x", 5, {}, {"name": None}, {"organisation": None, "country": "CN"}])
def test_parties_in_whatever_shape_are_judged_without_failing(world, part):
    assert judged(world, {"seller": part, "buyer": part, "outside": part}) == set()


def test_parts_of_an_outside_registration_are_judged(world):
    registration = {"number": f"{today().year}990000000009", "registered_on": today() + DAY}
    assert judged(world, {"outside": registration, "valid_to": today() - DAY}, act="outside") == {
        ("/outside/number", "our-series"),
        ("/outside/registered_on", "in-future"),
    }
    past = {"signed_on": today(), "outside": {"registered_on": today() - DAY}}
    assert judged(world, past, act="outside") == {("/signed_on", "after-registration")}
    assert judged(world, {"valid_to": today() - DAY}) == {("/valid_to", "expired")}
    assert judged(world, {"valid_to": today() - DAY}, act="changed") == set()
