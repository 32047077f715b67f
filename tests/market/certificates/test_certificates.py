"""A certificate follows from a version of a contract: it says what the journal says, and its code is signed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from market.access import SYSTEM
from market.certificates.actions import mark_compromised, rotate
from market.certificates.model import CertificateKey
from market.certificates.queries import look_up
from market.certificates.text import from_letters, is_signed
from market.errors import Conflict, NotFound, Unavailable
from market.journal import read as journal
from market.journal.model import JournalPersonal
from market.organisations.model import Organisation
from market.registration.actions import import_contracts
from market.store.types import today
from tests.market.certificates.papers import code_of, keys, printed, text_of
from tests.market.contracts.samples import content, plain
from tests.market.registration.acts import cancel, change, events, record, register, revoke


def state(world, code) -> str:
    with world.database.read(SYSTEM) as unit:
        return look_up(unit, code.number, code.token)["state"]


def test_text_and_code_say_what_was_registered(world):
    made = register(world, total_amount=1_200_000_00, tech_amount=300_000_05)
    paper = printed(world, made["number"])
    text, code = text_of(paper), code_of(paper)
    for value in (made["number"], made["project_name"], "测试university", "测试enterprise", "测试office"):
        assert value in text
    for value in ("¥1,200,000.00", "人民币壹佰贰拾万元整", "¥300,000.05", "人民币叁拾万元零伍分", "第1版·登记"):
        assert value in text
    assert (code.number, code.version, code.total, code.tech) == (made["number"], "1", "1200000.00", "300000.05")
    assert (code.day, code.office) == (today().isoformat(), "测试office")
    assert is_signed(code, from_letters(keys(world)[code.key]["public_key"]))
    assert state(world, code) == "valid"


def test_the_office_is_called_as_it_was_at_the_registration(world):
    made = register(world)
    renamed = update(Organisation).where(Organisation.id == world.ids["office"]).values(name="改名后的登记处")
    world.database.write(SYSTEM, lambda unit: unit.execute(renamed))
    change(world, made, tech_amount=5_00)
    paper = printed(world, made["number"])
    assert (code_of(paper).office, "改名后" in text_of(paper)) == ("测试office", False)
    with world.database.read(SYSTEM) as unit:
        assert look_up(unit, made["number"], code_of(paper).token)["office"] == "测试office"


def test_the_code_can_be_read_from_a_coarse_picture(world):
    paper = printed(world, register(world)["number"])
    assert code_of(paper, 1) == code_of(paper, 4)


def test_printing_again_gives_the_same_bytes(world):
    number = register(world)["number"]
    assert printed(world, number) == printed(world, number, who="enterprise")


def test_those_who_may_see_the_contract_print_it_and_nobody_else(world):
    number = register(world)["number"]
    for who in ("office", "university", "enterprise", "auditor"):
        assert printed(world, number, who=who)
    for who in ("enterprise2", "office2", "administrator"):
        with pytest.raises(NotFound):
            printed(world, number, who=who)


def test_each_version_prints_what_it_said_and_an_old_one_is_marked(world):
    made = register(world)
    before = printed(world, made["number"])
    change(world, made, project_name="示例项目:改名之后", tech_amount=500_000_00)
    old, new = printed(world, made["number"], 1), printed(world, made["number"])
    assert "已变更SUPERSEDED" in text_of(old)
    assert made["project_name"] in text_of(old)
    assert code_of(old) == code_of(before)
    assert "SUPERSEDED" not in text_of(new)
    assert "示例项目:改名之后" in text_of(new)
    assert "第2版" in text_of(new)
    assert "变更:" in text_of(new)
    assert (code_of(new).version, code_of(new).tech) == ("2", "500000.00")
    assert state(world, code_of(before)) == "changed"
    assert state(world, code_of(new)) == "valid"
    assert code_of(new).token != code_of(old).token


@pytest.mark.parametrize(("act", "now"), [(cancel, "cancelled"), (revoke, "revoked")])
def test_an_ended_registration_has_no_certificate_and_a_printed_one_says_so(world, act, now):
    made = register(world)
    code = code_of(printed(world, made["number"]))
    act(world, made)
    for version in (None, 1, 2):
        with pytest.raises(Conflict) as refusal:
            printed(world, made["number"], version)
        assert refusal.value.code == "contract-ended"
    assert state(world, code) == now


def test_a_version_that_is_not_there_is_not_found(world):
    number = register(world)["number"]
    with pytest.raises(NotFound):
        printed(world, number, 2)


def test_an_outside_registration_has_no_certificate(world):
    made = record(world)
    with pytest.raises(NotFound):
        printed(world, made["outside"]["number"])


def test_an_imported_registration_prints_marked_as_entered_later(world):
    row = content(world, signed_on=today() - timedelta(days=400), valid_from=today() - timedelta(days=400))
    row |= {"act": "registered", "office": world.ids["office"], "registered_on": today() - timedelta(days=380)}
    [made] = world.database.write(SYSTEM, lambda unit: import_contracts(unit, [row]))
    paper = printed(world, made["number"])
    assert "补录" in text_of(paper)
    assert state(world, code_of(paper)) == "valid"


def test_a_persons_name_is_printed_never_looked_up_and_gone_once_erased(world):
    person = plain("示例人名甲", nature="natural_person")
    number = register(world, buyer=person)["number"]
    paper = printed(world, number)
    assert "示例人名甲" in text_of(paper)
    code = code_of(paper)
    with world.database.read(SYSTEM) as unit:
        assert look_up(unit, code.number, code.token)["buyer"] is None
    world.database.write(SYSTEM, lambda unit: unit.execute(update(JournalPersonal).values(salt=None, payload=None)))
    assert "(依法已删除)" in text_of(printed(world, number))


def test_a_token_opens_its_own_number_and_version_only(world):
    first, second = (register(world, contract_no=f"SYN-{n}") for n in (1, 2))
    token = code_of(printed(world, first["number"])).token
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        "2" + token[1:],
        "0" + token,
        token + "A",
        "",
        "1-",
        "é" * 24,
    ]
    with world.database.read(SYSTEM) as unit:
        for number, given in [(second["number"], token), ("", token), *((first["number"], text) for text in wrong)]:
            with pytest.raises(NotFound):
                look_up(unit, number, given)


def test_a_wrong_token_asks_the_store_the_same_and_for_nothing_of_the_contract(world, statements):
    number = register(world)["number"]
    code = code_of(printed(world, number))
    asked = []
    for given_number, token in ((number, code.token), (number, "1-" + "A" * 22), ("2099990000000009", code.token)):
        with world.database.read(SYSTEM) as unit, statements(world.database) as count, suppress(NotFound):
            look_up(unit, given_number, token)
        asked.append(count.texts)
    assert len(asked[0]) == 1
    assert asked[0] == asked[1] == asked[2]


def test_printing_takes_few_statements(world, statements):
    number = register(world)["number"]
    printed(world, number)
    with statements(world.database) as count:
        printed(world, number)
    assert count.n <= 5


def test_a_crash_between_number_and_certificate_leaves_neither(world):
    """The certificate is no record: a registration undone before its commit has no version in the journal to print."""
    from market.registration import actions

    made = {}

    def fail(unit):
        made.update(actions.register(unit, content(world)))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.database.write(world.actor("office"), fail)
    with pytest.raises(NotFound):
        printed(world, made["number"])
    assert register(world)["number"] == made["number"]
    assert printed(world, made["number"])


# --- Keys. ---


def test_two_first_prints_at_once_make_one_key(world):
    number = register(world)["number"]
    with ThreadPoolExecutor(4) as pool:
        papers = list(pool.map(lambda _: printed(world, number), range(4)))
    assert len(set(papers)) == 1
    assert len(keys(world)) == 1
    assert len(events(world.database, "certificate_key.made")) == 1


def test_after_a_rotation_old_certificates_still_verify_and_new_ones_use_the_new_key(world):
    number = register(world)["number"]
    old = code_of(printed(world, number))
    made = world.database.write(SYSTEM, lambda unit: rotate(unit, ""))
    new = code_of(printed(world, number))
    known = keys(world)
    assert (new.key, new.token) == (made, old.token)
    assert [known[code.key]["state"] for code in (old, new)] == ["retired", "active"]
    for code in (old, new):
        assert is_signed(code, from_letters(known[code.key]["public_key"]))
    assert not is_signed(old, from_letters(known[new.key]["public_key"]))
    assert state(world, old) == "valid"


def test_a_retired_key_keeps_no_private_half(world):
    for _ in range(2):
        world.database.write(SYSTEM, lambda unit: rotate(unit, ""))
    with world.database.read(SYSTEM) as unit:
        rows = unit.execute(select(CertificateKey.private_key).order_by(CertificateKey.serial)).scalars().all()
    assert [row is None for row in rows] == [True, False]


def test_a_compromised_key_is_replaced_and_marked_once(world):
    key = code_of(printed(world, register(world)["number"])).key
    for _ in range(2):
        world.database.write(SYSTEM, lambda unit: mark_compromised(unit, key, ""))
    assert [known["state"] for known in keys(world).values()] == ["active", "compromised"]
    with pytest.raises(NotFound):
        world.database.write(SYSTEM, lambda unit: mark_compromised(unit, "ck_0000000000", ""))
    kinds = [entry["kind"] for entry in _all_events(world) if entry["kind"].startswith("certificate_key")]
    assert kinds == [f"certificate_key.{act}" for act in ("made", "retired", "made", "compromised")]


def test_no_private_key_enters_the_journal_and_the_journal_stays_whole(world):
    world.database.write(SYSTEM, lambda unit: rotate(unit, ""))
    with world.database.snapshot(SYSTEM) as unit:
        private = unit.execute(select(CertificateKey.private_key)).scalar_one()
        assert all(
            private.hex() not in entry["payload"] and "private" not in entry["payload"]
            for entry in journal.entries(unit)
        )
        assert journal.verify(unit) == []


def test_a_password_encrypts_the_private_key_and_is_needed_to_print(world):
    number = register(world)["number"]
    world.database.write(SYSTEM, lambda unit: rotate(unit, "示例口令"))
    with world.database.read(SYSTEM) as unit:
        private = unit.execute(select(CertificateKey.private_key)).scalar_one()
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    with pytest.raises(TypeError):
        load_der_private_key(private, None)
    assert printed(world, number, password="示例口令")
    for wrong in ("", "另一个"):
        with pytest.raises(Unavailable) as refusal:
            printed(world, number, password=wrong)
        assert refusal.value.code == "signing-key-locked"


def test_a_key_made_without_password_still_opens_after_one_is_set(world):
    number = register(world)["number"]
    assert printed(world, number) == printed(world, number, password="示例口令")


def test_without_any_key_a_token_is_still_looked_up(world):
    code = code_of(printed(world, register(world)["number"]))
    world.database.write(SYSTEM, lambda unit: unit.execute(delete(CertificateKey)))
    assert state(world, code) == "valid"


def _all_events(world):
    with world.database.read(SYSTEM) as unit:
        return list(journal.entries(unit))
