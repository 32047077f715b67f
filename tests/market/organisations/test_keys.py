"""Keys: who a key makes its bearer, and that it never grows wider or lives on."""

import re
from dataclasses import replace

import pytest
import time_machine

from market.access import PERMISSIONS, PUBLIC, Permission, Role
from market.errors import Conflict, Invalid, NotFound, Stale, Unauthenticated
from market.journal.read import entries, payload
from market.organisations.actions import issue_key, issue_own_key, revoke_key
from market.organisations.queries import authenticate, introduce, key, page_of_keys
from market.store.types import instant_text, now

HOUR = 3600 * 10**6
OWN = Permission.MANAGE_OWN_KEYS.value
LIST = Permission.LIST_ACHIEVEMENT.value
READ = Permission.READ_CONTRACTS.value


def issued(world, name="enterprise", **options):
    actor = world.actor(name)
    return world.database.write(actor, lambda unit: issue_key(unit, world.ids[name], **{"label": "another", **options}))


def issued_by(world, actor, **options):
    facts = {"label": "another", "scopes": None, "expires_at": None, **options}
    return world.database.write(actor, lambda unit: issue_own_key(unit, **facts))


def bearer(world, token):
    with world.database.read(PUBLIC) as unit:
        return authenticate(unit.connection, token)[0]


def codes(refusal):
    return [(error.pointer, error.code) for error in refusal.value.errors]


def test_a_key_makes_its_bearer_the_organisation(world):
    for name in world.ids:
        assert bearer(world, world.keys[name]) == world.actor(name)
    assert bearer(world, None) == PUBLIC


def test_authentication_costs_one_statement_and_tells_the_reference_version(world, statements):
    with world.database.read(PUBLIC) as unit:
        for token in (None, world.keys["broker"]):
            with statements(world.database) as count:
                assert authenticate(unit.connection, token)[1] == 1
            assert count.n == 1


def test_an_unknown_key_is_refused(world):
    whole = "tmk_" + "A" * 43
    for token in ("", "x", "tmk_", whole, whole + "A", whole.upper(), "tmk_" + "é" * 43, "A" * 10**5):
        with pytest.raises(Unauthenticated):
            bearer(world, token)


def test_keys_have_their_shape_and_are_kept_as_hashes_only(world, statements):
    with statements(world.database):
        key_id, token = issued(world)
    assert re.fullmatch(r"tmk_[A-Za-z0-9_-]{43}", token)
    with world.database.read(world.actor("enterprise")) as unit:
        assert "secret_hash" not in key(unit, key_id)
        (entry,) = (entry for entry in entries(unit, kinds=("key.issued",)) if entry["subject"] == key_id)
    assert payload(entry) == {
        "id": key_id,
        "organisation": world.ids["enterprise"],
        "member": None,
        "scopes": None,
        "expires_at": None,
        "revoked": False,
        "version": 1,
    }


def test_a_key_expires_at_its_instant(world):
    expires_at = now() + HOUR
    _, token = issued(world, expires_at=expires_at)
    assert bearer(world, token).role is Role.ENTERPRISE
    with time_machine.travel(instant_text(expires_at), tick=False), pytest.raises(Unauthenticated):
        bearer(world, token)


def test_a_key_cannot_be_born_expired(world):
    with pytest.raises(Invalid) as refusal:
        issued(world, expires_at=now())
    assert codes(refusal) == [("/expires_at", "in-the-past")]


def test_scopes_narrow_what_the_role_may_do(world):
    actor = bearer(world, issued(world, scopes=[LIST, LIST])[1])
    assert actor.scopes == {LIST}
    assert [permission.value for permission in Permission if actor.may(permission)] == [LIST]
    assert not any(bearer(world, issued(world, scopes=[])[1]).may(permission) for permission in Permission)


def test_no_key_is_wider_than_its_role(world):
    for name in ("enterprise", "office", "statistician", "auditor", "administrator"):
        for permission in Permission:
            if world.actor(name).role in PERMISSIONS[permission]:
                issued(world, name, scopes=[permission.value])
            else:
                with pytest.raises(Invalid) as refusal:
                    issued(world, name, scopes=[OWN, permission.value])
                assert codes(refusal) == [("/scopes", "beyond-role")]


def test_no_key_is_wider_than_the_one_that_issued_it(world):
    narrow = bearer(world, issued(world, scopes=[OWN, LIST])[1])
    assert issued_by(world, narrow)["scopes"] == [LIST, OWN]
    assert issued_by(world, narrow, scopes=[LIST])["scopes"] == [LIST]
    assert issued_by(world, narrow, scopes=[])["scopes"] == []
    with pytest.raises(Invalid) as refusal:
        issued_by(world, narrow, scopes=[LIST, READ])
    assert codes(refusal) == [("/scopes", "beyond-key")]
    assert issued_by(world, world.actor("enterprise"))["scopes"] is None


def test_a_key_revoked_meanwhile_issues_no_other(world):
    world.database.write(world.actor("enterprise"), lambda unit: revoke_key(unit, world.key_ids["enterprise"]))
    with pytest.raises(Unauthenticated):
        issued_by(world, world.actor("enterprise"))


def test_labels_are_visible_and_kept_out_of_the_journal(world):
    with pytest.raises(Invalid) as refusal:
        issued_by(world, world.actor("enterprise"), label="a\u200b")
    assert codes(refusal) == [("/label", "bad-character")]
    issued_by(world, world.actor("enterprise"), label="示例标签")
    with world.database.read(PUBLIC) as unit:
        assert not [entry for entry in entries(unit) if "示例标签" in entry["payload"]]


def test_a_revoked_key_is_dead_at_once_and_for_ever(world):
    actor = world.actor("enterprise")
    key_id, token = issued(world)
    row = world.database.write(actor, lambda unit: revoke_key(unit, key_id, 1))
    assert row["version"] == 2
    with pytest.raises(Unauthenticated):
        bearer(world, token)
    with pytest.raises(Stale):
        world.database.write(actor, lambda unit: revoke_key(unit, key_id, 1))
    with pytest.raises(Conflict) as refusal:
        world.database.write(actor, lambda unit: revoke_key(unit, key_id, 2))
    assert refusal.value.code == "key-revoked"
    with world.database.read(PUBLIC) as unit:
        (entry,) = entries(unit, kinds=("key.revoked",))
    assert payload(entry)["revoked"] is True


def test_keys_of_others_are_an_administrator_s_to_see_and_revoke(world):
    theirs = world.key_ids["enterprise"]
    for name in ("enterprise2", "office", "auditor"):
        with world.database.read(world.actor(name)) as unit, pytest.raises(NotFound):
            key(unit, theirs)
        with pytest.raises(NotFound):
            world.database.write(world.actor(name), lambda unit: revoke_key(unit, theirs))
    with world.database.read(world.actor("administrator")) as unit:
        assert key(unit, theirs)["id"] == theirs
    world.database.write(world.actor("administrator"), lambda unit: revoke_key(unit, theirs))
    with pytest.raises(Unauthenticated):
        bearer(world, world.keys["enterprise"])


def test_the_list_of_keys(world):
    second, _ = issued(world)

    def listed(actor, organisation=None):
        with world.database.read(actor) as unit:
            return [row["id"] for row in page_of_keys(unit, organisation=organisation, cursor=None, limit=9).rows]

    own = [second, world.key_ids["enterprise"]]
    assert listed(world.actor("enterprise")) == own
    assert listed(world.actor("enterprise2"), world.ids["enterprise"]) == []
    assert listed(world.actor("administrator"), world.ids["enterprise"]) == own
    assert listed(world.actor("administrator")) == [world.key_ids["administrator"]]


def test_who_am_i(world):
    actor = replace(world.actor("office"), scopes=frozenset({OWN, READ}))
    with world.database.read(actor) as unit:
        me = introduce(unit)
    assert me["organisation"]["id"] == world.ids["office"]
    assert me["organisation"]["details"]["number_prefix"] == "990000"
    assert (me["role"], me["key"], me["scopes"]) == ("office", world.key_ids["office"], [OWN, READ])
    assert me["permissions"] == [permission.value for permission in Permission if permission.value in (OWN, READ)]
