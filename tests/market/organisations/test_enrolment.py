"""Who becomes a member, and what the journal tells of it."""

import pytest

from market.access import SYSTEM, Role
from market.errors import Conflict, Invalid, NotFound
from market.journal.read import entries, payload
from market.organisations.actions import enrol
from market.organisations.queries import by_ids, find
from market.reference.loader import load_all
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database
from tests.world import credit_code

FACTS = {
    "name": "示例企业",
    "role": "enterprise",
    "credit_code": credit_code(900),
    "country": "CN",
    "place": "150203",
    "nature": "170",
    "development_zone": "baotou_rare_earth",
    "number_prefix": None,
}
OFFICE = {**FACTS, "role": "office", "number_prefix": "990203"}


def enrolled(database, facts):
    return database.write(SYSTEM, lambda unit: enrol(unit, facts))


def wrong(database, facts):
    with pytest.raises(Invalid) as refusal:
        enrolled(database, facts)
    return [(error.pointer, error.code) for error in refusal.value.errors]


@pytest.fixture
def real_database(factory, engine):
    url = factory.copy(engine, None)
    with Database(url) as database:
        upgrade(database)
        database.write(SYSTEM, lambda unit: set_up(unit.connection, "real"))
        database.write(SYSTEM, load_all)
        yield database
    factory.drop(url)


def test_an_organisation_is_stored_and_journalled_whole(database):
    row = enrolled(database, FACTS)
    with database.read(SYSTEM) as unit:
        kept = find(unit, row["id"])
        (entry,) = entries(unit, kinds=("organisation.enrolled",))
    assert {name: kept[name] for name in FACTS} == FACTS
    assert entry["subject"] == row["id"]
    assert payload(entry) == {**FACTS, "id": row["id"], "version": 1}


def test_a_zone_that_does_not_exist_is_refused(database):
    assert wrong(database, {**FACTS, "development_zone": "nowhere"}) == [("/development_zone", "unknown-value")]


def test_organisations_are_found_by_their_ids(world):
    wanted = [world.ids["broker"], world.ids["office"], world.ids["broker"], "org_unknown"]
    with world.database.read(SYSTEM) as unit:
        found = by_ids(unit, wanted)
        assert {key: row["role"] for key, row in found.items()} == {wanted[0]: "broker", wanted[1]: "office"}
        assert by_ids(unit, []) == {}
        with pytest.raises(NotFound):
            find(unit, "org_unknown")


def test_a_credit_code_has_one_holder_in_whatever_case(database):
    enrolled(database, FACTS)
    with pytest.raises(Conflict) as refusal:
        enrolled(database, {**FACTS, "name": "另一企业", "credit_code": FACTS["credit_code"].lower()})
    assert refusal.value.code == "credit-code-taken"


def test_organisations_without_a_credit_code_are_many(database):
    foreign = {**FACTS, "credit_code": None, "place": None, "country": "DE"}
    assert enrolled(database, foreign)["id"] != enrolled(database, foreign)["id"]


def test_a_number_prefix_has_one_office(database):
    enrolled(database, OFFICE)
    with pytest.raises(Conflict) as refusal:
        enrolled(database, {**OFFICE, "credit_code": credit_code(901)})
    assert refusal.value.code == "number-prefix-taken"


def test_an_office_needs_six_digits(database):
    for prefix in (None, "", "99020", "9902033", "99020x", "\uff19\uff190203"):
        assert wrong(database, {**OFFICE, "number_prefix": prefix}) == [("/number_prefix", "bad-format")]


def test_demo_and_real_offices_never_number_alike(database, real_database):
    assert wrong(database, {**OFFICE, "number_prefix": "150203"}) == [("/number_prefix", "wrong-prefix")]
    enrolled(database, OFFICE)
    assert wrong(real_database, OFFICE) == [("/number_prefix", "wrong-prefix")]
    enrolled(real_database, {**OFFICE, "number_prefix": "150203"})


def test_only_offices_have_a_number_prefix(database):
    for role in set(Role) - {Role.PUBLIC, Role.OFFICE}:
        found = wrong(database, {**FACTS, "role": role, "number_prefix": "990203"})
        assert found == [("/number_prefix", "not-an-office")]


def test_a_domestic_organisation_sits_in_a_place_of_today(database):
    assert wrong(database, {**FACTS, "place": None}) == [("/place", "required")]
    assert wrong(database, {**FACTS, "place": "152100"}) == [("/place", "of-the-past")]
    assert wrong(database, {**FACTS, "place": "159999"}) == [("/place", "unknown-value")]


def test_nothing_of_a_refused_enrolment_stays(database):
    wrong(database, {**FACTS, "name": "", "place": None})
    with database.read(SYSTEM) as unit:
        assert list(entries(unit, kinds=("organisation.enrolled",))) == []
