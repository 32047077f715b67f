"""The checks of an application. Tests named `rule_n` hold the n-th rule an engineer must not get wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from market.access import PUBLIC, SYSTEM
from market.contracts.rules import COLUMNS, SIDES, facts_of, gather
from market.errors import FieldError
from market.examination.checks import (
    Finding,
    blocking,
    findings,
    look_alikes,
    messages,
    needs_second_person,
    routes,
    spellings,
)
from market.registration.actions import import_contracts
from market.rules.actions import load_rules
from market.rules.queries import rules
from market.store.types import today
from tests.market.contracts.samples import content, plain
from tests.world import World, credit_code

MARKET = Path(__file__).parents[3] / "market"
PAPERS = frozenset({"contract_text", "pledge", "ip_proof"})
numbers = count(1)


def form(world: World, **changes: Any) -> dict[str, Any]:
    """A form filled in whole, with nothing to be said against it."""
    return content(
        world,
        **{
            "project_name": "示例项目：稀土永磁电机开发",
            "total_amount": 1_200_000_00,
            "tech_amount": 900_000_00,
            "ip_type": "PATENT_INVENTION",
            "plan_source": "NONE",
            "payment_mode": "INSTALMENTS",
            "socio_economic_objective": "10",
            "served_industry": "C38",
            "is_related_party": False,
            **changes,
        },
    )


def examine(
    world: World,
    given: dict[str, Any],
    *,
    actor: str = "office",
    attachments: frozenset[str] | None = PAPERS,
    on: date | None = None,
    **more: Any,
) -> list[Finding]:
    with world.database.snapshot(world.actor(actor)) as unit:
        facts, wrong = facts_of({**dict.fromkeys(COLUMNS), **given}, gather(unit, [given]))
        return findings(unit, given, facts, attachments=attachments, on=on or today(), wrong=wrong, **more)


def codes(found: list[Finding]) -> dict[str, str]:
    return {finding.code: finding.pointer for finding in found}


def enter(world: World, *contents: dict[str, Any]) -> list[dict[str, Any]]:
    """Contracts the office has registered."""
    act = {"act": "registered", "office": world.ids["office"], "registered_on": today()}
    rows = [{"contract_no": f"SYN-{next(numbers)}", **one, **act} for one in contents]
    return world.database.write(SYSTEM, lambda unit: import_contracts(unit, rows))


def firms(**changes: Any) -> dict[str, Any]:
    """Two plain parties with credit codes."""
    return {
        "seller": plain("示例卖方（北方）01", place="150102", credit_code=credit_code(701), nature="170"),
        "buyer": plain("示例买方01", credit_code=credit_code(702), nature="170"),
        **changes,
    }


def test_a_whole_form_with_its_papers_has_no_finding(world: World) -> None:
    assert examine(world, form(world)) == []


def test_every_check_runs_at_once_and_speaks_both_languages_with_rule_and_source(world: World) -> None:
    bad = form(
        world,
        tech_amount=2_000_000_00,
        valid_from=today() + timedelta(days=9),
        contract_subtype="LICENSE_SECRET",
        field="contract:99",
        plan_source=None,
        royalty_formula=None,
        payment_mode="ROYALTY",
        disputed=True,
        buyer=plain("示例\u200b企业", place=None, country="US", enterprise_size="HUGE"),
    )
    found = examine(world, bad, attachments=frozenset())
    assert {(finding.code, finding.pointer) for finding in found} >= {
        ("exceeds-total", "/tech_amount"),
        ("not-in-force", "/valid_from"),
        ("not-of-type", "/contract_subtype"),
        ("unknown-value", "/field"),
        ("unknown-value", "/buyer/enterprise_size"),
        ("form-field-missing", "/plan_source"),
        ("form-field-missing", "/buyer/nature"),
        ("royalty-formula-missing", "/royalty_formula"),
        ("bad-character", "/buyer/name"),
        ("document-missing", "/attachments"),
        ("disputed", "/disputed"),
        ("foreign", ""),
    }
    assert [finding.severity for finding in found] == sorted(
        (finding.severity for finding in found), key=["error", "warning", "flag"].index
    )
    for finding in found:
        assert re.search("[\u4e00-\u9fff]", finding.zh)
        assert finding.en
        assert finding.source, finding
        assert finding.rule


def market_codes() -> set[str]:
    """Every code that the rules of contracts, parties and territory may answer."""
    found = set()
    for path in ("contracts/rules.py", "organisations/parties.py", "examination/territory.py", "examination/review.py"):
        for node in ast.walk(ast.parse((MARKET / path).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "FieldError":
                code = node.args[1]
                if isinstance(code, ast.Constant):
                    found.add(code.value)
    return found


def test_every_refusal_of_the_register_has_its_chinese_words() -> None:
    assert len(market_codes()) > 15
    assert market_codes() <= messages().keys()


def test_a_refusal_without_words_is_still_said(world: World) -> None:
    with world.database.snapshot(PUBLIC) as unit:
        wrong = [FieldError("/x", "new-code", "Something new.")]
        found = findings(unit, {}, {}, attachments=None, on=today(), wrong=wrong)
    assert {(finding.pointer, finding.en) for finding in found} >= {("/x", "Something new.")}


def test_rule_1_there_are_five_types_and_a_licence_is_no_transfer(world: World) -> None:
    assert examine(world, form(world, contract_type="LICENSE", contract_subtype="LICENSE_PATENT_SOLE")) == []
    found = examine(world, form(world, contract_type="TRANSFER", contract_subtype="LICENSE_PATENT_SOLE"))
    assert codes(found)["not-of-type"] == "/contract_subtype"
    assert "unknown-value" in codes(examine(world, form(world, contract_type="LICENSE_PATENT_SOLE")))


def test_rule_2_the_seller_applies_and_for_an_import_the_domestic_buyer(world: World) -> None:
    university, enterprise = world.ids["university"], world.ids["enterprise"]
    assert examine(world, form(world), applicant=university) == []
    assert codes(examine(world, form(world), applicant=enterprise)) == {"wrong-applicant": "/seller"}
    abroad = plain("Example GmbH", country="DE", place=None, nature="foreign_party")
    papers = PAPERS | {"import_data_sheet", "import_certificate", "chinese_copy", "consistency_pledge"}
    imported = form(world, seller=abroad)
    assert codes(examine(world, imported, applicant=enterprise, attachments=papers)) == {"foreign": ""}
    assert "wrong-applicant-import" in codes(examine(world, imported, applicant=university, attachments=papers))


def test_rule_3_the_same_contract_is_found_at_any_office(world: World) -> None:
    deal = form(world, contract_no="SYN-3")
    [known] = enter(world, deal)
    for actor, told in (("office", True), ("university", True), ("office2", False), ("administrator", False)):
        [finding] = examine(world, deal, actor=actor)
        assert (finding.code, finding.severity, finding.rule) == ("duplicate-contract", "error", "contract.once")
        assert (known["number"] in finding.zh) == (known["number"] in finding.en) == told
    assert examine(world, deal, case={"contract_id": known["id"]}) == []


def test_what_two_parties_registered_is_not_told_to_others(world: World) -> None:
    enter(world, form(world, contract_no="SYN-3"))
    assert examine(world, form(world, contract_no="SYN-3"), actor="enterprise2") == []


def test_rule_4_no_contract_without_its_text_nor_outside_its_validity(world: World) -> None:
    assert codes(examine(world, form(world), attachments=frozenset({"pledge", "ip_proof"}))) == {
        "document-missing": "/attachments"
    }
    expired = form(world, signed_on=date(2024, 1, 1), valid_from=date(2024, 1, 1), valid_to=today() - timedelta(days=1))
    assert codes(examine(world, expired)) == {"expired": "/valid_to"}
    early = form(world, valid_from=today() + timedelta(days=1))
    assert codes(examine(world, early)) == {"not-in-force": "/valid_from"}
    last = form(world, valid_to=today())
    assert codes(examine(world, last)) == {"may-expire": "/valid_to"}


EQUIPMENT = {"kind": "equipment", "name": "示例窑炉", "quantity": 1, "amount": 300_000_00, "reasonable_quantity": False}


def test_rule_5_equipment_is_no_technology_except_a_reasonable_quantity(world: World) -> None:
    kept = {**EQUIPMENT, "reasonable_quantity": True, "quantity": 2}
    assert examine(world, form(world, exclusions=[EQUIPMENT], tech_amount=900_000_00)) == []
    found = examine(world, form(world, exclusions=[EQUIPMENT], tech_amount=900_000_01))
    assert codes(found) == {"tech-includes-equipment": "/tech_amount"}
    assert "900000.00" in found[0].zh
    assert examine(world, form(world, exclusions=[kept], tech_amount=1_100_000_00)) == []
    many = {**kept, "quantity": 3}
    assert codes(examine(world, form(world, exclusions=[many]))) == {
        "quantity-not-reasonable": "/exclusions/0/quantity"
    }
    more = {**EQUIPMENT, "amount": 1_200_000_01}
    assert codes(examine(world, form(world, exclusions=[more]))) == {"exclusions-exceed-total": "/exclusions"}
    for tech in (0, 1_200_000_01):
        assert "exceeds-total" in codes(examine(world, form(world, tech_amount=tech)))


def test_the_whole_amount_as_technology_with_equipment_listed_is_doubtful(world: World) -> None:
    kept = {**EQUIPMENT, "reasonable_quantity": True}
    [finding] = examine(world, form(world, exclusions=[kept], tech_amount=1_200_000_00))
    assert (finding.code, finding.severity) == ("tech-equals-total", "warning")
    assert blocking([finding]) == []


def test_rule_10_large_is_at_or_above_the_line_on_the_technology_amount(world: World) -> None:
    def large(total: int, tech: int, **more: Any) -> list[Finding]:
        return examine(world, form(world, total_amount=total, tech_amount=tech), **more)

    assert large(9_000_000_00, 4_999_999_99) == []
    [finding] = large(5_000_000_00, 5_000_000_00)
    assert (finding.code, finding.severity, finding.route) == ("large", "flag", "expert")
    assert routes([finding]) == {"expert"}
    assert needs_second_person([finding])
    assert codes(examine(world, form(world, disputed=True))) == {"disputed": "/disputed"}
    assert routes(examine(world, form(world, disputed=True))) == {"expert"}
    before = large(5_000_000_00, 5_000_000_00, on=date(2026, 1, 22), attachments=None)
    assert "large" not in codes(before)


def test_the_line_moves_with_the_rule(world: World) -> None:
    header = "code,kind,value,unit,name_zh,name_en,valid_from,valid_to,source,reference,status,note\n"
    row = "review.large_amount,threshold,600000,yuan,大额,Large,2026-02-01,,示例,,official,\n"
    world.database.write(SYSTEM, lambda unit: load_rules(unit, [header, row]))
    assert codes(examine(world, form(world))) == {"large": "/tech_amount"}


def test_a_flag_asks_for_what_its_rule_says(world: World) -> None:
    marked = form(world, is_related_party=True, tax_related=True)
    found = examine(world, marked)
    assert codes(found) == {"related-party": "/is_related_party", "tax-related": "/tax_related"}
    assert routes(found) == {"second_person"}
    header = "code,kind,value,unit,name_zh,name_en,valid_from,valid_to,source,reference,status,note\n"
    rows = [
        f"flag.{name},flag,mark,route,标记,Mark,2026-02-01,,示例,,proposed,\n"
        for name in ("related_party", "tax_related")
    ]
    world.database.write(SYSTEM, lambda unit: load_rules(unit, [header, *rows]))
    assert codes(examine(world, marked)) == codes(found)
    assert not needs_second_person(examine(world, marked))


@pytest.mark.parametrize(
    ("facts", "flagged"),
    [
        ({"country": "DE", "place": None}, True),
        ({"place": "810000"}, True),
        ({"place": "110000", "credit_code": credit_code(702)}, False),
    ],
)
def test_a_party_outside_the_mainland_is_flagged(world: World, facts: dict[str, Any], flagged: bool) -> None:
    given = form(world, buyer=plain("示例买方02", nature="170", **facts))
    assert ("foreign" in codes(examine(world, given))) == flagged


def test_rule_15_a_foreign_party_needs_neither_place_nor_credit_code(world: World) -> None:
    abroad = form(world, buyer=plain("Example Inc", country="US", place=None, nature="foreign_party"))
    assert "form-field-missing" not in codes(examine(world, abroad))
    at_home = form(world, buyer=plain("示例买方02", place=None, nature="170"))
    missing = {finding.pointer for finding in examine(world, at_home) if finding.code == "form-field-missing"}
    assert missing == {"/buyer/place", "/buyer/credit_code"}
    person = form(world, buyer=plain("示例自然人", nature="natural_person"))
    assert "form-field-missing" not in codes(examine(world, person))


def test_rule_18_the_credit_code_says_who_a_party_is(world: World) -> None:
    seller = plain("另一名称", place="150102", credit_code=credit_code(2), nature="170")
    assert "name-mismatch" in codes(examine(world, form(world, seller=seller)))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("示例科技有限公司", ""),
        ("示例（包头）科技公司ABC", ""),
        ("α-淀粉酶与γ射线检测ΔT", ""),
        ("ООО Ромашка".replace(" ", ""), ""),
        ("トヨタ自動車株式会社", ""),
        ("ТOYОТА科技", "ТОА"),
        ("АBC科技", "А"),
        ("ΑΒC", "ΑΒ"),
        ("内蒙古エ业大学", "エ"),
        ("⼈民大学", "⼈"),
        ("𝐀BC", "𝐀"),
    ],
)
def test_look_alike_letters_are_found(name: str, wrong: str) -> None:
    assert look_alikes(name) == list(wrong)


def test_names_with_look_alike_or_invisible_letters_are_refused(world: World) -> None:
    given = form(
        world,
        project_name="示例\u2060项目",
        seller=plain("示例АB公司", place="150102", credit_code=credit_code(703), nature="170"),
    )
    found = examine(world, given)
    assert codes(found) == {"bad-character": "/project_name", "look-alike-character": "/seller/name"}
    assert "U+0410" in found[-1].zh
    assert len(blocking(found)) == 2


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({}, {"知识产权权属证明", "合同文本（含电子合同）", "真实性承诺书"}),
        ({"ip_type": "NONE"}, {"合同文本（含电子合同）", "真实性承诺书"}),
        (
            {"ip_type": "SECRET", "plan_source": "NATIONAL"},
            {"合同文本（含电子合同）", "真实性承诺书", "计划项目主管部门意见"},
        ),
    ],
)
def test_the_papers_follow_from_the_contract(world: World, changes: dict[str, Any], needed: set[str]) -> None:
    found = examine(world, form(world, **changes), attachments=frozenset())
    assert {re.split("[：。]", finding.zh)[1] for finding in found} == needed
    assert {finding.source for finding in found} >= {"天津市南开区 guide (tjnk.gov.cn, before 2026)"}


def test_a_branch_needs_a_letter_of_authorisation(world: World) -> None:
    seller = plain("示例大学某系", place="150102", credit_code=credit_code(704), nature="0222")
    [finding] = examine(world, form(world, seller=seller))
    assert (finding.code, finding.rule) == ("document-missing", "document.authorisation")


def test_at_the_counter_only_the_contract_is_judged(world: World) -> None:
    assert examine(world, content(world), attachments=None) == []
    assert len(examine(world, content(world), attachments=frozenset())) > 5


def test_a_transfer_should_name_what_it_brings_and_what_right_it_is(world: World) -> None:
    transfer = form(world, contract_type="TRANSFER", contract_subtype="TRANSFER_SECRET", ip_type="NONE")
    found = examine(world, transfer)
    assert {finding.severity for finding in found} == {"warning"}
    assert {finding.pointer for finding in found} == {"/ip_type", "/expected_investment", "/expected_output"}


def test_royalties_need_their_formula_and_only_they_are_estimated(world: World) -> None:
    royalty = form(world, payment_mode="ROYALTY", amount_is_estimated=True)
    assert "royalty-formula-missing" in codes(examine(world, royalty))
    [finding] = examine(world, {**royalty, "royalty_formula": "年销售额的3%"})
    assert (finding.code, finding.severity) == ("estimated-amount", "warning")
    assert codes(examine(world, form(world, amount_is_estimated=True))) == {
        "estimate-not-royalty": "/amount_is_estimated"
    }


def money(**changes: Any) -> dict[str, Any]:
    return {"code": "EUR", "original_amount": "150000.00", "rate": "8.000033", "rate_date": today(), **changes}


@pytest.mark.parametrize(
    ("currency", "found"),
    [
        (money(), {}),
        (money(rate="8.0"), {"currency-total-mismatch": "/total_amount"}),
        (money(rate="8.000007", original_amount="150000"), {}),
        (money(code="CNY"), {"bad-currency": "/currency/code"}),
        (money(code="ZZZ"), {"bad-currency": "/currency/code"}),
        (money(rate="1e400"), {"bad-rate": "/currency/rate"}),
        (money(rate="0"), {"bad-rate": "/currency/rate"}),
        (money(rate_date=today() + timedelta(days=1)), {"rate-in-future": "/currency/rate_date"}),
        (money(rate_date=today() - timedelta(days=31)), {"rate-far-from-signing": "/currency/rate_date"}),
    ],
)
def test_a_foreign_amount_times_its_rate_is_the_total(
    world: World, currency: dict[str, Any], found: dict[str, str]
) -> None:
    """150,000 × 8.000033 = 1,200,004.95, rounded half-up to the fen, within one yuan."""
    total = 1_200_005_00 if currency["rate"] == "8.000033" else 1_200_002_00
    given = form(world, currency=currency, total_amount=total)
    assert codes(examine(world, given)) == found


def test_a_contract_of_nearly_the_same_name_amount_and_date_is_flagged(world: World) -> None:
    first = form(world, project_name="示例：高温稀土永磁电机关键技术的开发", **firms())
    [known] = enter(world, first)

    def again(**changes: Any) -> list[Finding]:
        return examine(world, {**first, "contract_no": "B", "project_name": "高温稀土永磁电机关键技术开发", **changes})

    [finding] = again()
    assert (finding.code, finding.severity, finding.route) == ("near-duplicate", "flag", "second_person")
    assert known["number"] in finding.zh
    assert codes(again(total_amount=1_205_000_00)) == {"near-duplicate": ""}
    assert again(total_amount=1_300_000_00) == []
    assert again(project_name="示例：草业种质资源数据库") == []
    long_ago = {"signed_on": today() - timedelta(days=31), "valid_from": today() - timedelta(days=31)}
    assert again(**long_ago) == []
    assert again(buyer=plain("示例买方09", credit_code=credit_code(709), nature="170")) == []


def test_the_same_parties_are_known_by_code_or_by_name(world: World) -> None:
    enter(world, form(world, **firms()))
    renamed = firms(seller=plain("示例新名称", place="150102", credit_code=credit_code(701), nature="170"))
    assert codes(examine(world, form(world, contract_no="B", **renamed))) == {"near-duplicate": ""}
    named = firms(seller=plain("示例卖方(北方)01", place="150102"), buyer=plain("示例买方01"))
    assert "near-duplicate" in codes(examine(world, form(world, contract_no="B", **named)))


def test_a_deal_split_below_the_line_is_flagged(world: World) -> None:
    def part(tech: int, name: str, **changes: Any) -> dict[str, Any]:
        return form(world, project_name=name, total_amount=tech, tech_amount=tech, **{**firms(), **changes})

    enter(world, part(2_600_000_00, "示例一期"), part(400_000_00, "示例小额"))
    [finding] = examine(world, part(2_400_000_00, "另一题目"))
    assert (finding.code, finding.route) == ("split", "second_person")
    assert "1份" in finding.zh
    assert examine(world, part(2_399_999_99, "另一题目")) == []
    assert codes(examine(world, part(5_000_000_00, "另一题目"))) == {"large": "/tech_amount"}
    assert examine(world, part(450_000_00, "另一题目")) == []
    last_year = date(today().year - 1, 6, 1)
    assert examine(world, part(2_400_000_00, "另一题目", signed_on=last_year, valid_from=last_year)) == []


def test_ended_contracts_are_neither_duplicates_nor_parts(world: World) -> None:
    from sqlalchemy import update

    from market.contracts.model import Contract

    enter(world, form(world, total_amount=4_000_000_00, tech_amount=4_000_000_00, **firms()))
    given = form(world, project_name="另一题目", total_amount=4_000_000_00, tech_amount=4_000_000_00, **firms())
    assert codes(examine(world, given)) == {"split": "/tech_amount"}
    ended = update(Contract).values(state="revoked", live_fingerprint=None)
    world.database.write(SYSTEM, lambda unit: unit.execute(ended))
    assert examine(world, given) == []


def test_rule_19_training_inside_another_contract_is_doubtful_brokerage_is_not(world: World) -> None:
    enter(world, form(world, project_name="示例主合同", **firms()))
    small = {"total_amount": 10_000_00, "tech_amount": 10_000_00, "ip_type": "NONE", **firms()}
    training = form(world, contract_type="SERVICE", contract_subtype="SVC_TRAINING", **small)
    assert codes(examine(world, training)) == {"training-of-main-contract": "/contract_subtype"}
    assert examine(world, {**training, "contract_subtype": "SVC_BROKERAGE"}) == []


def test_rule_21_an_unknown_code_is_an_error_not_silently_other(world: World) -> None:
    given = form(world, field="contract:99", ip_type="LIKE_PATENT", payment_mode="BARTER")
    found = examine(world, given)
    assert {finding.pointer for finding in blocking(found)} == {"/field", "/ip_type", "/payment_mode"}


def test_the_register_is_asked_once_by_index(world: World, statements: Callable[..., Any]) -> None:
    examine(world, form(world))
    with world.database.snapshot(world.actor("office")) as unit:
        given = form(world, **firms())
        facts, wrong = facts_of({**dict.fromkeys(COLUMNS), **given}, gather(unit, [given]))
        with statements(world.database) as counted:
            findings(unit, given, facts, attachments=PAPERS, on=today(), wrong=wrong)
        assert counted.n == 1
        if unit.connection.dialect.name == "sqlite":
            plan = "\n".join(
                str(row)
                for row in unit.connection.exec_driver_sql(
                    "EXPLAIN QUERY PLAN " + counted.texts[0], tuple("x" for _ in range(counted.texts[0].count("?")))
                )
            )
            for index in ("ix_contract_pair_code", "ix_contract_pair_name", "ix_registration_case_pair"):
                assert index in plan or "autoindex" in plan, plan
            assert "SCAN contract" not in plan
            assert "SCAN registration_case" not in plan


def test_names_are_looked_up_in_the_spellings_they_may_have() -> None:
    assert spellings("示例(包头)公司") == ["示例(包头)公司", "示例（包头）公司"]
    assert "ABC公司" in spellings("ＡＢＣ公司")


def test_every_finding_of_the_checks_has_words_and_a_rule(world: World) -> None:
    """Each code that `checks` adds stands in the messages, and each message is one that can be added."""
    source = (MARKET / "examination" / "checks.py").read_text()
    added = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|split|large|disputed|foreign)"', source))
    own = messages().keys() - market_codes() - {"other", "in-future"}
    assert own <= added
    with world.database.snapshot(PUBLIC) as unit:
        flags = {each.code for each in rules(unit).of_kind("flag", today())}
    assert flags == {f"flag.{code.replace('-', '_')}" for code, row in messages().items() if row["severity"] == "flag"}


def test_parts_that_are_missing_are_said_not_stumbled_over(world: World) -> None:
    found = examine(world, dict.fromkeys(SIDES), attachments=frozenset(), applicant=world.ids["university"])
    assert {finding.pointer for finding in blocking(found)} >= {"/project_name", "/seller/name", "/total_amount"}
