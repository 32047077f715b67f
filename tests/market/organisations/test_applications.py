"""From the wish to join to the first key: who decides, within which territory, and the one-time claim code."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from sqlalchemy import select

from market.access import PERMISSIONS, PUBLIC, Permission, Role
from market.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from market.journal.read import entries, verify
from market.organisations.actions import CLAIM_DAYS, MAX_WRONG_CLAIMS, apply, approve, claim, judge_application, refuse
from market.organisations.model import ApiKey, Application
from market.organisations.queries import application, authenticate, find, page_of_applications
from market.store.types import instant_text
from tests.world import credit_code

GIVEN = {
    "name": "示例申请企业",
    "kind": "enterprise",
    "credit_code": credit_code(900),
    "country": "CN",
    "place": "150203",
    "nature": "170",
    "contact": {"name": "示例联系人", "phone": "0471-0000000", "email": "contact@example.com"},
    "note": "示例备注",
}
DECISION = {
    "role": "enterprise",
    "place": "150203",
    "nature": None,
    "development_zone": "baotou_rare_earth",
    "number_prefix": None,
}


def applied(world, **changes):
    row, code = world.database.write(PUBLIC, lambda unit: apply(unit, {**GIVEN, **changes}))
    return row["id"], code


def approved(world, application_id, by="office", expected=1, **changes):
    decision = {**DECISION, **changes}
    return world.database.write(world.actor(by), lambda unit: approve(unit, application_id, decision, expected))


def refused(world, application_id, by="office", expected=1):
    return world.database.write(world.actor(by), lambda unit: refuse(unit, application_id, "示例理由", expected))


def claimed(world, application_id, code):
    return world.database.write(PUBLIC, lambda unit: claim(unit, application_id, code))


def refusal_of(kind, function, *arguments, **named):
    with pytest.raises(kind) as refusal:
        function(*arguments, **named)
    return refusal.value.code


def test_the_way_in(world):
    application_id, code = applied(world)
    row = approved(world, application_id, place="150204", nature="150")
    key = claimed(world, application_id, code)
    with world.database.read(PUBLIC) as unit:
        actor, _ = authenticate(unit.connection, key["key"])
        organisation = find(unit, row["organisation_id"])
        kinds = [entry["kind"] for entry in entries(unit) if entry["subject"] == application_id]
        assert verify(unit) == []
    assert (actor.role, actor.organisation, actor.place) == (Role.ENTERPRISE, row["organisation_id"], "150204")
    assert [organisation[name] for name in ("place", "nature", "development_zone")] == [
        "150204",
        "150",
        "baotou_rare_earth",
    ]
    assert kinds == ["application.submitted", "application.approved", "application.claimed"]


def test_contact_and_note_are_in_the_erasable_part_only_and_no_secret_anywhere(world):
    application_id, code = applied(world)
    approved(world, application_id)
    key = claimed(world, application_id, code)["key"]
    with world.database.read(PUBLIC) as unit:
        rows = [dict(entry) for entry in entries(unit)]
        stored = str([unit.execute(select(table)).all() for table in (ApiKey.__table__, Application.__table__)])
    payloads = "".join(row["payload"] for row in rows)
    personal = "".join(row["personal"] or "" for row in rows)
    for word in ("示例联系人", "0471-0000000", "contact@example.com", "示例备注"):
        assert word not in payloads
        assert word in personal
    for secret in (key, code, key[4:], code[4:]):
        assert secret not in payloads + personal + stored


WRONG = [
    ({"name": "名\u202e称"}, {"/name"}),
    ({"credit_code": None}, {"/credit_code"}),
    ({"place": None}, {"/place"}),
    ({"place": "152100"}, {"/place"}),
    ({"contact": {"name": "\u200b", "phone": None, "email": "a@example.com"}}, {"/contact/name"}),
    ({"name": "", "credit_code": "1", "nature": "x"}, {"/name", "/credit_code", "/nature"}),
    ({"country": "DE"}, {"/credit_code", "/place"}),
]


def test_wrong_claims_are_named(world):
    for changes, pointers in WRONG:
        with pytest.raises(Invalid) as refusal:
            applied(world, **changes)
        assert {error.pointer for error in refusal.value.errors} == pointers


def judged(world, given):
    with world.database.read(PUBLIC) as unit:
        return {error.pointer for error in judge_application(unit, given)}


def test_a_whole_application_is_judged_as_it_is_when_it_is_made(world):
    assert judged(world, GIVEN) == set()
    for changes, pointers in WRONG:
        assert judged(world, {**GIVEN, **changes}) == pointers


PARTS = [
    ({}, set()),
    ({"name": "名\u202e称"}, {"/name"}),
    ({"nature": "x"}, {"/nature"}),
    ({"country": "XX"}, {"/country"}),
    ({"country": "CN", "credit_code": "1"}, {"/credit_code"}),
    ({"credit_code": "1", "place": "999999"}, set()),
    ({"country": "CN", "place": "999999"}, {"/place"}),
    ({"country": "CN", "place": None}, {"/place"}),
    ({"country": "CN", "credit_code": None}, set()),
    ({"country": "CN", "credit_code": None, "place": "150203"}, {"/credit_code"}),
    ({"country": "DE", "place": "150203"}, {"/place"}),
    ({"contact": {"phone": None}}, set()),
    ({"contact": {"name": "\u200b"}, "nature": None}, {"/contact/name"}),
]


@pytest.mark.parametrize(("given", "pointers"), PARTS)
def test_what_is_there_of_an_application_is_judged_alone(world, given, pointers):
    assert judged(world, given) == pointers


def test_no_part_of_an_application_makes_the_judge_fail(world):
    bad = {**GIVEN, "name": "", "credit_code": "1", "country": "CN", "place": "999999", "nature": "x"}
    for left_out in range(1 << len(bad)):
        part = {name: value for bit, (name, value) in enumerate(bad.items()) if not left_out >> bit & 1}
        assert judged(world, part) <= {f"/{name}" for name in part}


def test_a_credit_code_is_asked_of_the_mainland_only(world):
    assert applied(world, country="DE", place=None, credit_code=None)
    assert applied(world, place="810000", credit_code=None)


def test_an_office_sees_its_territory(world):
    inside, outside = applied(world)[0], applied(world, place="150102")[0]
    beyond, foreign = applied(world, place="130100")[0], applied(world, country="DE", place=None, credit_code=None)[0]

    def seen(by):
        with world.database.read(world.actor(by)) as unit:
            return {row["id"] for row in page_of_applications(unit, state=None, cursor=None, limit=100).rows}

    assert seen("office2") == {inside}
    assert seen("office") == {inside, outside}
    assert seen("administrator") == {inside, outside, beyond, foreign}
    assert seen("auditor") == seen("enterprise") == set()
    with world.database.read(world.actor("office2")) as unit, pytest.raises(NotFound):
        application(unit, outside)
    for act in (approved, refused):
        with pytest.raises(NotFound):
            act(world, outside, by="office2")


def test_applications_are_filtered_by_state_and_never_show_the_hash(world):
    waiting, done = applied(world)[0], applied(world, credit_code=credit_code(901))[0]
    approved(world, done)
    with world.database.read(world.actor("office")) as unit:
        (row,) = page_of_applications(unit, state="submitted", cursor=None, limit=100).rows
        first = page_of_applications(unit, state=None, cursor=None, limit=1)
        rest = page_of_applications(unit, state=None, cursor=first.next, limit=1)
    assert row["id"] == waiting
    assert "claim_hash" not in row
    assert [row["id"] for row in (*first.rows, *rest.rows)] == [done, waiting]


def test_an_office_gives_a_place_of_its_territory_only(world):
    application_id, _ = applied(world)
    for place in ("150102", "150000", "130100", None):
        assert refusal_of(Forbidden, approved, world, application_id, by="office2", place=place) == "outside-territory"
    approved(world, application_id, by="office2", place="150204")


def test_only_an_administrator_gives_the_roles_of_the_administration(world):
    for number, role in enumerate(("office", "statistician", "auditor", "administrator"), 900):
        application_id, _ = applied(world, credit_code=credit_code(number))
        prefix = "990203" if role == "office" else None
        assert refusal_of(Forbidden, approved, world, application_id, role=role) == "role-beyond-office"
        row = approved(world, application_id, by="administrator", role=role, number_prefix=prefix)
        with world.database.read(PUBLIC) as unit:
            assert find(unit, row["organisation_id"])["role"] == role


def test_an_application_is_decided_once(world):
    application_id, _ = applied(world)
    approved(world, application_id)
    assert refusal_of(Stale, refused, world, application_id) == "stale"
    assert refusal_of(Conflict, refused, world, application_id, expected=None) == "application-decided"
    assert refusal_of(Conflict, approved, world, application_id, expected=None) == "application-decided"


def test_of_two_approvals_at_once_exactly_one_wins(world):
    application_id, _ = applied(world)

    def attempt(by):
        try:
            return approved(world, application_id, by=by, expected=None)["state"]
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(attempt, ["office", "administrator"])) == ["application-decided", "approved"]
    with world.database.read(PUBLIC) as unit:
        enrolled = [
            entry for entry in entries(unit, kinds=("organisation.enrolled",)) if "示例申请企业" in entry["payload"]
        ]
        assert len(enrolled) == 1


def test_of_two_applicants_with_one_credit_code_one_is_enrolled(world):
    ids = [applied(world)[0], applied(world)[0]]

    def attempt(application_id):
        try:
            return approved(world, application_id)["state"]
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(attempt, ids)) == ["approved", "credit-code-taken"]


def test_a_claim_works_once(world):
    application_id, code = applied(world)
    approved(world, application_id)

    def attempt(_):
        try:
            return claimed(world, application_id, code)["id"][:4]
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as several:
        assert sorted(several.map(attempt, range(4))) == ["application-claimed"] * 3 + ["key_"]


def test_whoever_holds_the_code_learns_why_there_is_no_key(world):
    application_id, code = applied(world)
    assert refusal_of(Conflict, claimed, world, application_id, code) == "application-pending"
    refused(world, application_id)
    with pytest.raises(Conflict, match="示例理由") as refusal:
        claimed(world, application_id, code)
    assert refusal.value.code == "application-refused"


def test_a_claim_expires(world):
    application_id, code = applied(world)
    row = approved(world, application_id)
    assert row["claim_expires_at"] == row["decided_at"] + CLAIM_DAYS * 24 * 3600 * 10**6
    with time_machine.travel(instant_text(row["claim_expires_at"]), tick=False):
        assert refusal_of(Conflict, claimed, world, application_id, code) == "claim-expired"
    assert claimed(world, application_id, code)["key"]


def test_a_wrong_code_and_an_unknown_application_are_told_alike(world):
    application_id, _ = applied(world)
    told = set()
    for subject in (application_id, "app_unknown"):
        with pytest.raises(NotFound) as refusal:
            claimed(world, subject, "tmc_wrong")
        told.add((refusal.value.code, refusal.value.detail))
    assert len(told) == 1


def test_too_many_wrong_codes_block_the_claim(world):
    application_id, code = applied(world)
    other, other_code = applied(world, credit_code=credit_code(901))
    approved(world, application_id)
    approved(world, other)
    for _ in range(MAX_WRONG_CLAIMS - 1):
        assert refusal_of(NotFound, claimed, world, application_id, other_code) == "not-found"
    assert refusal_of(NotFound, claimed, world, other, "tmc_wrong") == "not-found"
    assert claimed(world, other, other_code)["key"]
    assert refusal_of(NotFound, claimed, world, application_id, "tmc_wrong") == "not-found"
    assert refusal_of(NotFound, claimed, world, application_id, code) == "not-found"
    with world.database.read(world.actor("office")) as unit:
        assert application(unit, application_id)["wrong_claims"] == MAX_WRONG_CLAIMS


def test_reviewing_is_for_offices_and_administrators():
    assert PERMISSIONS[Permission.REVIEW_APPLICATIONS] == {Role.OFFICE, Role.ADMINISTRATOR}
