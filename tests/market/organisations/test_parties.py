"""Names, credit codes, countries, places and natures of parties."""

import pytest

from market.access import SYSTEM
from market.organisations.parties import check_name, check_party
from tests.world import credit_code

GOOD = {"name": "示例企业", "credit_code": credit_code(900), "country": "CN", "place": "150203", "nature": "170"}


@pytest.mark.parametrize(
    "name", ["示例企业(有限公司)", "Example Ltd. No. 7", "内蒙古　示例", "ᠮᠣᠩᠭᠣᠯ", "Übung AG", "𠮷田示例", "名" * 200]
)
def test_a_visible_name_is_taken(name):
    assert check_name(name) == []


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "名" * 201, " 名", "名 ", "名\n称", "名\t称", "名\0称", "名\u200b称", "名\u200d称", "名\ufeff称"),
        *(
            "名\u202e称",
            "名\u2066称",
            "名\u061c称",
            "名\u00ad称",
            "名\u00a0称",
            "名\u2028称",
            "名\u3164称",
            "名\ufe0f称",
        ),
        *("名\U000e0041称", "名\ue000称", "名\ud800称", "名\u2800称"),
    ],
)
def test_a_name_with_anything_unseen_is_refused(name):
    assert [error.pointer for error in check_name(name)] == ["/name"]


def checked(database, **changes):
    with database.read(SYSTEM) as unit:
        return check_party(unit, {**GOOD, **changes}, "/seller")


def test_facts_come_back_in_one_spelling(database):
    code = credit_code(901)
    for spelled in (code.lower(), f" {code[:8]} {code[8:]}", "\uff19\uff11" + code[2:]):
        facts = {"name": " 示例企业 ", "credit_code": spelled, "country": "cn"}
        assert checked(database, **facts) == ({**GOOD, "credit_code": code}, [])
    assert checked(database, name="U\u0308bung")[0]["name"] == "\u00dcbung"


WRONG = [
    ({"credit_code": credit_code(900)[:-1] + "0"}, "credit_code", "bad-credit-code"),
    ({"credit_code": "12345"}, "credit_code", "bad-credit-code"),
    ({"credit_code": "名" * 18}, "credit_code", "bad-credit-code"),
    ({"country": "XX"}, "country", "unknown-value"),
    ({"country": "HK", "credit_code": None, "place": None}, "country", "not-a-country-here"),
    ({"country": "DE", "place": None}, "credit_code", "not-domestic"),
    ({"country": "DE", "credit_code": None}, "place", "not-domestic"),
    ({"place": "159999"}, "place", "unknown-value"),
    ({"nature": "999"}, "nature", "unknown-value"),
    ({"name": "名\u200b"}, "name", "bad-character"),
]


def test_each_wrong_fact_is_named(database):
    for changes, field, code in WRONG:
        errors = checked(database, **changes)[1]
        assert [(error.pointer, error.code) for error in errors] == [(f"/seller/{field}", code)]


def test_all_wrong_facts_are_named_at_once(database):
    _, errors = checked(database, name="", credit_code="1", place="1", nature="1")
    assert [error.pointer for error in errors] == [
        "/seller/name",
        "/seller/credit_code",
        "/seller/place",
        "/seller/nature",
    ]


def test_what_a_party_may_leave_out(database):
    assert checked(database, place=None, credit_code=None, nature=None)[1] == []
    assert checked(database, country="DE", place=None, credit_code=None)[1] == []
    assert checked(database, place="810000", credit_code=None)[1] == []
