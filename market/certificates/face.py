"""What a certificate (技术合同认定登记证明) says: every value exactly as it stands on the paper.

`face` makes it from a version of a contract as the journal keeps it; its digest is signed with the QR code's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from market.fields.queries import CodeLists
from market.store.types import yuan

Face = dict[str, str]

LABELS = {
    "number": ("合同登记编号", "Registration number"),
    "project_name": ("项目名称", "Project"),
    "contract_type": ("合同类别", "Type of contract"),
    "seller": ("卖方", "Seller"),
    "buyer": ("买方", "Buyer"),
    "signed_on": ("签订日期", "Signed on"),
    "validity": ("有效期", "Valid"),
    "total": ("合同成交额", "Contract amount"),
    "total_words": ("大写", "In words"),
    "tech": ("技术交易额", "Technology amount"),
    "tech_words": ("大写", "In words"),
    "registered_on": ("登记日期", "Registered on"),
    "version": ("版本", "Version"),
    "office": ("登记机构", "Registration office"),
    "token": ("核验码", "Token"),
}
"""Chinese and English name of every value, in the order of the paper."""

ERASED = "(依法已删除)"
"""Stands for a person's name that was erased."""


def face(facts: Mapping[str, Any], event: Mapping[str, Any], office: str, token: str, lists: CodeLists) -> Face:
    """The values of a version: `facts` as in the journal, names of persons included; `event` tells how it came to be."""
    total, tech = yuan(facts["total_fen"]), yuan(facts["tech_fen"])
    values = {
        "number": facts["number"],
        "project_name": facts["project_name"],
        "contract_type": _type(facts, lists),
        "seller": facts["seller_name"] or ERASED,
        "buyer": facts["buyer_name"] or ERASED,
        "signed_on": day_text(facts["signed_on"]),
        "validity": f"{day_text(facts['valid_from'])} 至 {day_text(facts['valid_to'])}",
        "total": figures(total),
        "total_words": in_capitals(facts["total_fen"]),
        "tech": figures(tech),
        "tech_words": in_capitals(facts["tech_fen"]),
        "registered_on": day_text(facts["registered_on"]) + (" (补录 entered later)" if facts["late"] else ""),
        "version": _version(facts["version"], event, lists),
        "office": office,
        "token": token,
    }
    return {name: " ".join(value.split()) for name, value in values.items()}


def _type(facts: Mapping[str, Any], lists: CodeLists) -> str:
    codes = [facts["contract_type"], facts["contract_subtype"]]
    return " · ".join(lists.label("contract_type", code, "zh") for code in codes if code is not None)


def _version(version: int, event: Mapping[str, Any], lists: CodeLists) -> str:
    if event["kind"] != "contract.changed":
        return f"第 {version} 版 · 登记"
    reason = lists.label("change_reason", event["reason"], "zh") if event["reason"] else "变更"
    return f"第 {version} 版 · {day_text(event['occurred_on'].isoformat())}变更: {reason}"


def day_text(iso: str) -> str:
    """2026-01-05 as 2026年1月5日."""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def figures(amount: str) -> str:
    """1200000.00 as ¥1,200,000.00."""
    whole, _, part = amount.partition(".")
    return f"¥{int(whole):,}.{part}"


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_STEPS = ("", "拾", "佰", "仟")
_SECTIONS = ("", "万", "亿", "万亿")


def in_capitals(amount: int) -> str:
    """An amount in fen in Chinese capital numerals (大写): 人民币壹佰贰拾万元整."""
    whole, jiao, part = amount // 100, amount // 10 % 10, amount % 10
    words = f"{_whole(whole)}元" if whole else ""
    if not jiao and not part:
        return f"人民币{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif words:
        words += "零"
    return f"人民币{words}{_DIGITS[part] + '分' if part else '整'}"


def _whole(number: int) -> str:
    words, gap = "", False
    for place in reversed(range(len(_SECTIONS))):
        section = number // 10_000**place % 10_000
        if not section:
            gap = bool(words)
            continue
        name = _SECTIONS[place]
        if place == 3 and number // 10**8 % 10_000:
            name = "万"  # 亿 follows with the next section
        if words and (gap or section < 1000):
            words += "零"
        words += _section(section) + name
        gap = False
    return words


def _section(number: int) -> str:
    words, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[digit] + _STEPS[place]
        gap = False
    return words
