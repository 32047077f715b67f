"""The shipped reference data: complete, consistent in itself, and every row with its source."""

from __future__ import annotations

import csv
import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from market.statistics.targets import COMPARISONS, COMPUTABLE

DATA = Path(__file__).parents[3] / "market" / "reference" / "data"
CSV_FILES = sorted(path.name for path in DATA.glob("*.csv"))
STATUSES = {"official", "draft", "copy", "unverified", "proposed"}
KEYS = {
    "places.csv": ("code", "first_year"),
    "schemes.csv": ("scheme",),
    "fields.csv": ("scheme", "code"),
    "field_aliases.csv": ("scheme", "alias"),
    "crosswalks.csv": ("from_tag", "to_tag"),
    "code_lists.csv": ("list", "code"),
    "industries.csv": ("code",),
    "policy_targets.csv": ("code",),
    "rules.csv": ("code", "valid_from"),
    "published_figures.csv": ("region", "period", "basis", "measure"),
}


def rows(name: str) -> list[dict[str, str]]:
    """One CSV file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def achievements() -> list[dict[str, Any]]:
    """The sample texts."""
    return [json.loads(line) for line in (DATA / "achievements_zh.jsonl").read_text("utf-8").splitlines()]


def tags() -> set[str]:
    """Every tag there is."""
    return {f"{row['scheme']}:{row['code']}" for row in rows("fields.csv")}


@pytest.mark.parametrize("name", CSV_FILES)
def test_every_row_is_whole(name: str) -> None:
    raw = (DATA / name).read_bytes()
    assert b"\r" not in raw
    assert b"\0" not in raw
    assert raw.endswith(b"\n")
    found = rows(name)
    for row in found:
        assert None not in row, "too many columns"
        assert None not in row.values(), row
        assert row["source"], row
        assert row.get("status", "official") in STATUSES, row
        assert all(value == value.strip() for value in row.values()), row
    keys = [tuple(row[column] for column in KEYS[name]) for row in found]
    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_places_are_counted() -> None:
    present = [row for row in rows("places.csv") if not row["last_year"]]
    assert Counter(row["level"] for row in present) == {"province": 34, "prefecture": 337, "county": 103}
    assert len({row["code"] for row in present}) == len(present)
    leagues = [row for row in present if row["parent"] == "150000"]
    assert Counter(row["kind"] for row in leagues) == {"地级市": 9, "盟": 3}
    banners = Counter(row["kind"] for row in present if row["level"] == "county")
    assert banners == {"旗": 49, "市辖区": 23, "县": 17, "县级市": 11, "自治旗": 3}
    assert {row["code"] for row in present if row["kind"] == "省直辖"} == {"419000", "429000", "469000", "659000"}
    assert all(row["name_en"] for row in present if row["level"] == "province" or row["code"].startswith("15"))


def test_every_prefecture_of_today_has_an_english_name_of_its_rank() -> None:
    found = [row for row in rows("places.csv") if not row["last_year"] and row["level"] == "prefecture"]
    for row in found:
        assert row["name_en"], row
        assert row["name_zh"].endswith("自治州") == row["name_en"].endswith(" Autonomous Prefecture"), row
    in_english = {row["code"]: row["name_en"] for row in found}
    assert [in_english[code] for code in ("610100", "650100", "320500")] == ["Xi'an", "Urumqi", "Suzhou"]


def test_places_hang_together() -> None:
    found = rows("places.csv")
    codes = {row["code"] for row in found}
    depth = {"province": 0, "prefecture": 1, "county": 2}
    for row in found:
        code, parent = row["code"], row["parent"]
        assert len(code) == 6
        assert code.isdecimal()
        expected = {"province": "", "prefecture": f"{code[:2]}0000", "county": f"{code[:4]}00"}[row["level"]]
        assert parent == expected, row
        assert not parent or parent in codes
        above = [other for other in found if other["code"] == parent]
        assert all(depth[other["level"]] == depth[row["level"]] - 1 for other in above)
        if parent and row["first_year"]:  # some row of the parent is valid when the place begins
            assert any(
                int(other["first_year"]) <= int(row["first_year"]) <= int(other["last_year"] or 9999) for other in above
            ), row


def test_places_of_one_code_follow_each_other() -> None:
    found = rows("places.csv")
    for code, count in Counter(row["code"] for row in found).items():
        if count == 1:
            continue
        times = [(int(row["first_year"]), int(row["last_year"] or 9999)) for row in found if row["code"] == code]
        assert all(first <= last for first, last in times)
        assert all(before[1] < after[0] for before, after in pairwise(times)), code


def test_past_places_have_a_successor_that_was_there_next() -> None:
    found = rows("places.csv")
    for row in found:
        if not row["last_year"]:
            assert not row["successor"]
            continue
        following = int(row["last_year"]) + 1
        assert any(
            other["code"] == row["successor"]
            and int(other["first_year"]) <= following <= int(other["last_year"] or 9999)
            and other["level"] == row["level"]
            for other in found
        ), row


def test_renamed_leagues() -> None:
    names = {(row["name_zh"], row["code"]): row["successor"] for row in rows("places.csv")}
    assert names["哲里木盟", "152300"] == "150500"
    assert names["伊克昭盟", "152700"] == "150600"
    assert names["巴彦淖尔盟", "152800"] == "150800"
    assert names["乌兰察布盟", "152600"] == "150900"


def test_fields_are_counted() -> None:
    found = rows("fields.csv")
    assert {row["scheme"] for row in found} == {row["scheme"] for row in rows("schemes.csv")}
    assert [row["code"] for row in found if row["scheme"] == "contract"] == [f"{n:02d}" for n in range(1, 12)]
    hightech = {row["code"]: row["parent"] for row in found if row["scheme"] == "hightech"}
    levels = Counter(0 if not parent else 1 if not hightech[parent] else 2 for parent in hightech.values())
    assert levels == {0: 8, 1: 52, 2: 254}
    region = {row["name_zh"] for row in found if row["scheme"] == "region"}
    assert region >= {
        "稀土",
        "氢能",
        "储能与新型电力系统",
        "特色乳业",
        "人工智能+",
        "低空经济",
        "生物技术",
        "大科学装置",
    }
    assert region >= {
        "大规模储能",
        "石墨烯",
        "碳捕集封存",
        "新能源",
        "煤基新材料",
        "生物制药",
        "生物育种",
        "草业",
        "冶金",
    }
    assert region >= {"装备制造", "绿色农畜产品加工"}


def test_field_parents_exist_without_circles() -> None:
    parents = {(row["scheme"], row["code"]): row["parent"] for row in rows("fields.csv")}
    for scheme, code in parents:
        seen = [code]
        while parent := parents[scheme, seen[-1]]:
            assert parent not in seen
            seen.append(parent)
    assert all(row["name_zh"] and row["name_en"] for row in rows("fields.csv"))


def test_aliases_lead_to_fields_and_hide_none() -> None:
    known = tags()
    for row in rows("field_aliases.csv"):
        assert f"{row['scheme']}:{row['code']}" in known, row
        assert f"{row['scheme']}:{row['alias']}" not in known, row
    names = {(row["scheme"], row["alias"]): row["code"] for row in rows("field_aliases.csv")}
    assert names["contract", "电子信息"] == "01"
    for row in rows("fields.csv"):
        if row["scheme"] != "hightech":
            assert names[row["scheme"], row["name_zh"]] == row["code"]


def test_crosswalks_join_known_fields_of_two_schemes() -> None:
    known, pairs = tags(), set()
    found = rows("crosswalks.csv")
    for row in found:
        ends = (row["from_tag"], row["to_tag"])
        assert known.issuperset(ends), row
        assert len({end.split(":")[0] for end in ends}) == 2, row
        assert row["relation"] in {"exact", "close", "broader", "narrower", "related"}
        assert row["status"] == "proposed"
        assert frozenset(ends) not in pairs, row
        pairs.add(frozenset(ends))
    linked = {end for pair in pairs for end in pair}
    assert {tag for tag in known if not tag.startswith("hightech:")} <= linked


def test_code_lists() -> None:
    found = rows("code_lists.csv")
    lists = {row["list"] for row in found}
    assert lists == {
        *("contract_type", "party_nature", "ip_type", "plan_source", "payment_mode", "socio_economic_objective"),
        *("cooperation_mode", "maturity", "change_reason", "cancellation_reason", "revocation_reason"),
        *(
            "development_zone",
            "refusal_reason",
            "rejection_reason",
            "return_reason",
            "attachment_kind",
            "enterprise_size",
        ),
        *("mismatch_reason", "interest_question", "pass_reason", "broker_level"),
        *("ip_ownership", "achievement_stage", "listing_review_criterion"),
    }
    known = {(row["list"], row["code"]) for row in found}
    for row in found:
        assert not row["parent"] or (row["list"], row["parent"]) in known, row
        assert row["name_zh"]
        assert row["name_en"]
    levels = {row["code"]: row["parent"] for row in found if row["list"] == "maturity"}
    assert levels == {str(n): "9" if n > 9 else "" for n in range(1, 14)}
    types = [row["code"] for row in found if row["list"] == "contract_type" and not row["parent"]]
    assert types == ["DEV", "TRANSFER", "LICENSE", "CONSULT", "SERVICE"]


def test_industries_are_counted() -> None:
    found = rows("industries.csv")
    assert Counter(row["level"] for row in found) == {"1": 20, "2": 97, "3": 473, "4": 1381}
    assert all(bool(row["name_en"]) == (row["level"] == "1") for row in found)
    levels = {row["code"]: int(row["level"]) for row in found}
    assert all(int(row["level"]) == (levels[row["parent"]] + 1 if row["parent"] else 1) for row in found)


def test_published_figures_are_exact() -> None:
    figures = {}
    places = {row["code"] for row in rows("places.csv")}
    for row in rows("published_figures.csv"):
        assert row["region"] in places or row["region"] == "CN"
        assert row["basis"] in {"output", "absorbed", "involved", "registered"}
        if row["measure"] == "deals":
            assert int(row["value"]) > 0
        else:
            assert row["measure"] in {"total_amount", "tech_amount"}
            assert Decimal(row["value"]).as_tuple().exponent == -2
        figures[row["region"], row["period"], row["basis"], row["measure"]] = row["value"]
    assert figures["150000", "2018", "involved", "deals"] == "6277"
    assert figures["150000", "2018", "involved", "total_amount"] == "23600000000.00"
    assert figures["150000", "2018", "output", "total_amount"] == "1983983056.48"
    assert figures["150000", "2018", "absorbed", "total_amount"] == "22687411200.00"
    assert figures["150000", "2017", "output", "deals"] == "678"
    assert figures["150000", "2017", "absorbed", "total_amount"] == "15745978431.76"
    assert figures["CN", "2023", "output", "deals"] == "945946"
    assert figures["340200", "2022H1", "absorbed", "total_amount"] == "1520000000.00"


def test_policy_targets_can_be_read_and_computed_or_not() -> None:
    found = {row["code"]: row for row in rows("policy_targets.csv")}
    assert {code: (row["comparison"], row["value"], row["unit"]) for code, row in found.items()} == {
        "turnover": ("above", "10000000000.00", "yuan"),
        "rd_spending_growth": ("above", "12.00", "percent"),
        "rd_intensity": ("reach", "1.50", "percent"),
        "rd_investment": ("reach", "37500000000.00", "yuan"),
        "industrial_firms_with_rd": ("above", "35.00", "percent"),
    }
    for row in found.values():
        assert (row["period"], row["source_date"]) == ("2025", "2023-08-05")
        assert row["name_zh"]
        assert row["name_en"]
        assert bool(row["bases"]) == (row["measure"] in COMPUTABLE)
        assert row["comparison"] in COMPARISONS
    assert found["turnover"]["bases"].split() == ["output", "registered"]


def test_provinces_never_count_more_deals_than_the_nation() -> None:
    """What is missing lies in 港澳台 and abroad."""
    deals: Counter[tuple[str, str, bool]] = Counter()
    for row in rows("published_figures.csv"):
        if row["source"].startswith("中国科技统计年鉴") and row["measure"] == "deals":
            deals[row["period"], row["basis"], row["region"] == "CN"] += int(row["value"])
    nation = {key: value for key, value in deals.items() if key[2]}
    assert len(nation) == 30
    for (period, basis, _), value in nation.items():
        assert 0 <= value - deals[period, basis, False] < value // 20, (period, basis)
    assert nation["2023", "output", True] - deals["2023", "output", False] == 5316


def test_sample_texts_carry_known_fields() -> None:
    known, found = tags(), achievements()
    assert len({row["id"] for row in found}) == len(found) == 315
    for row in found:
        assert row["source"]
        assert 0 < len(row["title"]) <= 200
        assert 0 < len(row["summary"]) <= 10_000
        assert len(row["keywords"]) <= 10
        assert 1 <= len(row["fields"]) <= 3
        assert known.issuperset(row["fields"]), row["id"]
        assert len(set(row["fields"])) == len(row["fields"])


def test_the_readme_names_every_file() -> None:
    text = (DATA.parent / "README.md").read_text("utf-8")
    for path in DATA.iterdir():
        assert path.name in text
