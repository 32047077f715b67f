"""Sheets as people make them, for the tests: plain workbooks and CSV files."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

from market.store.types import today
from tests.world import World


def xlsx(rows: Iterable[Sequence[Any]], *, merge: str | None = None, formats: dict[str, str] | None = None) -> bytes:
    """A workbook as a spreadsheet program saves it (texts apart from the sheet)."""
    book = openpyxl.Workbook()
    page = book.active
    for row in rows:
        page.append(list(row))
    if merge:
        page.merge_cells(merge)
    for cell, shape in (formats or {}).items():
        page[cell].number_format = shape
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def csv_of(rows: Iterable[Sequence[Any]], encoding: str = "utf-8-sig") -> bytes:
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def rezipped(content: bytes, change: dict[str, Any]) -> bytes:
    """The workbook with some parts put in another way: bytes, a function of the old bytes, or None to leave it out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {**dict.fromkeys(old.namelist()), **change}:
            wanted = change.get(name, lambda part: part)
            if wanted is not None:
                part = old.read(name) if name in old.namelist() else b""
                new.writestr(name, wanted(part) if callable(wanted) else wanted)
    return made.getvalue()


HEADERS = (
    "项目名称 合同类别 合同子类 合同编号 合同签订日期 合同有效期起 合同有效期止 卖方单位标识 买方单位标识 合同成交总额 "
    "技术交易额 技术领域 知识产权 计划来源 服务的国民经济行业 项目的社会经济目标 支付方式 是否关联交易"
).split()


def row(world: World, number: int, **changes: Any) -> list[Any]:
    """A good row under `HEADERS`, from the university to the enterprise."""
    day = today()
    values = {
        "项目名称": f"示例项目{number}号",
        "合同类别": "DEV",
        "合同子类": "委托开发",
        "合同编号": f"SYN-{number:06d}",
        "合同签订日期": day,
        "合同有效期起": day,
        "合同有效期止": day.replace(year=day.year + 2, day=1),
        "卖方单位标识": world.ids["university"],
        "买方单位标识": world.ids["enterprise"],
        "合同成交总额": 1_200_000,
        "技术交易额": "1,000.50",
        "技术领域": "新材料及其应用",
        "知识产权": "PATENT_INVENTION",
        "计划来源": "NONE",
        "服务的国民经济行业": "C",
        "项目的社会经济目标": "10",
        "支付方式": "LUMP_SUM",
        "是否关联交易": "否",
    }
    return [{**values, **changes}[name] for name in HEADERS]


def sheet(world: World, count: int, **changes: Any) -> list[list[Any]]:
    """Headers and good rows."""
    return [HEADERS, *(row(world, number, **changes) for number in range(1, count + 1))]
