"""A register with a past, for measuring statistics: ten years of contracts with the changes and ends that came later.

Rows are made by the code of the service (`new_row`, `plus`, `tell`, the seals) and copied in bulk; the cube is then rebuilt from
the ledger, and the service's own check must find that everything agrees. The first 60 contracts of a month fill each cell of 12
leagues × 5 types once, on the seller's and on the buyer's side, and stay.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import cycle
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psycopg
from sqlalchemy import Select, select

from bench.data import TYPES, YEAR, Market, parsed
from market.access import SYSTEM, Role
from market.contracts.fingerprint import fingerprint
from market.contracts.rules import COLUMNS, SIDES
from market.journal import append
from market.journal.model import JournalHead
from market.organisations.actions import enrol
from market.organisations.queries import by_ids
from market.reference.loader import load_all
from market.registration.entries import Standing, new_row, tell
from market.statistics import ledger
from market.statistics.agreement import check
from market.statistics.model import LedgerLine
from market.statistics.rebuild import rebuild
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database, Unit

Row = dict[str, Any]

YEARS = 10
MONTHS = [year * 100 + month for year in range(YEAR - YEARS + 1, YEAR + 1) for month in range(1, 13)]
CELLS = 12 * len(TYPES)
SMALLEST = 10_000
"""From so many contracts on every size has the same groups."""
CHANGED, ENDED, OUTSIDE = 0.08, 0.02, 0.15
LATEST = 6
"""Months after which a change or an end is recorded at most."""


@dataclass
class History:
    """A loaded register: ids by member, and seconds of rebuilding the cube and of checking everything."""

    url: str
    size: int
    ids: dict[str, str]
    rebuild_seconds: float = 0.0
    check_seconds: float = 0.0


@dataclass
class Gathering(Unit):
    """A unit whose journal and ledger rows are gathered, not written."""

    head: Any = None
    gathered: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Answer for the journal's head; all else runs."""
        if isinstance(statement, Select) and statement.get_final_froms() == [JournalHead.__table__]:
            return SimpleNamespace(one=lambda: self.head)
        return super().execute(statement, parameters)

    def gather(self) -> None:
        """Take in what the seals wrote."""
        for how, model, rows in self.last:
            if how == "update":
                self.head = SimpleNamespace(**rows[0])
            else:
                self.gathered[model.__tablename__] += rows


def load(url: str, market: Market, size: int, tidy: Callable[[str], None]) -> History:
    """Make a register of `size` contracts, rebuild its cube, check it."""
    made = History(url, size, {})
    with Database(url) as database:
        upgrade(database)
        with _clock(MONTHS[0]):
            database.write(SYSTEM, lambda unit: _begin(unit, market, made.ids))
        with database.read(SYSTEM) as unit, _writer(url) as write:
            _copy(unit, market, made, write)
        tidy(url)
        started = time.perf_counter()
        rebuild(database)
        made.rebuild_seconds = time.perf_counter() - started
        tidy(url)
        started = time.perf_counter()
        with database.snapshot(SYSTEM) as unit:
            if wrong := check(unit):
                raise RuntimeError(f"the loaded register does not agree with itself: {wrong[:3]}")
        made.check_seconds = time.perf_counter() - started
    return made


def _begin(unit: Unit, market: Market, ids: dict[str, str]) -> None:
    set_up(unit.connection, "demo")
    load_all(unit)
    for member in market.members[1:]:
        ids[member.key] = enrol(unit, member.facts)["id"]
    for number, league in enumerate(market.leagues):
        facts = {"name": f"示例登记机构{number:02d}", "role": Role.OFFICE, "place": league, "country": "CN"}
        ids[f"office{number}"] = enrol(unit, {**facts, "number_prefix": f"9901{number:02d}"})["id"]


@contextlib.contextmanager
def _clock(month: int) -> Iterator[None]:
    """Let the journal record in the middle of a month of the past."""
    at = round(datetime(month // 100, month % 100, 15, tzinfo=UTC).timestamp()) * 1_000_000
    with mock.patch.object(append, "now", return_value=at):
        yield


def _add_lines(unit: Unit, rows: list[Row]) -> None:
    """The lines alone: the cells are summed up from them afterwards."""
    unit.last.append(("insert", LedgerLine, rows))


def _copy(unit: Unit, market: Market, made: History, write: Callable[[str, Sequence[Any]], None]) -> None:
    maker = _Maker(unit, market, made.ids)
    head = unit.execute(select(JournalHead.seq, JournalHead.recorded_at, JournalHead.hash)).one()
    later: dict[int, list[Any]] = defaultdict(list)
    entered = 0
    for turn in range(len(MONTHS) + LATEST):
        number = MONTHS[0] // 100 * 12 + turn
        month = number // 12 * 100 + number % 12 + 1
        gathering = Gathering(unit.connection, unit.database, SYSTEM, "import", version=unit.version, head=head)
        contracts = []
        due = made.size * min(turn + 1, len(MONTHS)) // len(MONTHS) - entered
        entered += due
        for place in range(due):
            row, line = maker.contract(month, place)
            tell(gathering, "recorded" if row["number"] is None else "registered", row, [line])
            chance = maker.random.random()
            if place >= CELLS and chance < CHANGED + ENDED:
                ends = chance < ENDED and row["number"] is not None
                row, told = maker.ended(row, line) if ends else maker.changed(row, line)
                later[turn + maker.random.randint(1, LATEST)].append(told)
            contracts.append(row)
        for kind, reason, row, lines in later.pop(turn, ()):
            tell(gathering, kind, row, lines, reason=reason)
        with _clock(month), mock.patch.object(ledger, "add_lines", _add_lines):
            for sealer in gathering.sealers:
                sealer(gathering)
        gathering.gather()
        head = gathering.head
        write("contract", contracts)
        for table, rows in gathering.gathered.items():
            write(table, rows)
    write("number_series", [{"office": who, "year": year, "last": last} for (who, year), last in maker.serials.items()])
    write("journal_head", [vars(head)])


class _Maker:
    """Makes contracts, and what becomes of them."""

    def __init__(self, unit: Unit, market: Market, ids: dict[str, str]) -> None:
        self.unit, self.market, self.random = unit, market, Random("history")
        rows = by_ids(unit, list(ids.values()))
        self.known = {key: rows[ids[key]] for key in ids}
        self.serials: dict[tuple[str, int], int] = defaultdict(int)
        self.count = 0
        outsiders = {party["place"]: party for party in (market.outsider(self.random) for _ in range(5000))}
        self.sellers, self.buyers = cycle(outsiders.values()), cycle(outsiders.values())  # each province in turn

    def contract(self, month: int, place: int) -> tuple[Row, Row]:
        """The contract in this place of a month, and its line."""
        random, leagues = self.random, self.market.leagues
        self.count += 1
        cell = place if place < CELLS else random.randrange(CELLS)
        seat = cell % 12
        day = date(month // 100, month % 100, place % 28 + 1)
        facts = parsed(self.market.contract(random, list(TYPES)[cell // 12], "", f"H{self.count:07d}", day))
        away = (seat + 1) % 12 if place < CELLS else random.randrange(12)
        sides: list[Any] = [self.known[random.choice(self.market.by_league[leagues[one]])] for one in (seat, away)]
        chance = random.random() if place >= CELLS else 1
        if chance < OUTSIDE:
            sides = [next(self.sellers), sides[0]]
        elif chance < 0.6:
            sides[1] = next(self.buyers)
        office, outside = self.known[f"office{seat}"], None
        if chance < OUTSIDE:
            outside = {"number": f"{10**15 + self.count}", "office": "示例外地登记处"}
        standing = Standing("outside" if outside else "registered", office, day, outside)
        row = new_row(_columns(facts, sides), standing)
        if not outside:
            self.serials[office["id"], day.year] += 1
            row["number"] = f"{day.year}{office['number_prefix']}{self.serials[office['id'], day.year]:06d}"
        return row, ledger.plus(self.unit, row)

    def changed(self, row: Row, line: Row) -> tuple[Row, tuple[str, str, Row, list[Row]]]:
        """The contract with other amounts, and what is told of it."""
        after = {**row, "version": 2, "total_fen": row["total_fen"] + 100_00}
        after["fingerprint"] = after["live_fingerprint"] = fingerprint(after)
        return after, ("changed", "CORRECTION", after, [_back(line), ledger.plus(self.unit, after)])

    def ended(self, row: Row, line: Row) -> tuple[Row, tuple[str, str, Row, list[Row]]]:
        """The contract cancelled, and what is told of it."""
        marks = {"live_fingerprint": None, "live_outside_number": None}
        after = {**row, "version": 2, "state": "cancelled", **marks}
        return after, ("cancelled", "RESCINDED", after, [_back(line)])


def _back(line: Row) -> Row:
    return {**line, "sign": -1, "total": -line["total"], "tech": -line["tech"]}  # none has income


def _columns(facts: Row, sides: Sequence[Any]) -> Row:
    """The columns of a content as `facts_of` makes them."""
    row = {column: facts[name] for name, column in COLUMNS.items()}
    for side, party in zip(SIDES, sides, strict=True):
        codes = {name: party[name] for name in ("name", "country", "place", "nature")}
        row |= {f"{side}_{name}": value for name, value in codes.items()}
        row |= {f"{side}_organisation": party.get("id"), f"{side}_code": party["credit_code"]}
    return row


@contextlib.contextmanager
def _writer(url: str) -> Iterator[Callable[[str, Sequence[Row]], None]]:
    """Writes rows into a table, by the quickest way the engine has."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
            yield lambda table, rows: _insert(lite, table, rows)
            lite.commit()
    else:
        with psycopg.connect(url) as connection:
            yield lambda table, rows: _stream(connection, table, rows)


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    if table == "journal_head":
        connection.execute("DELETE FROM journal_head")
        rows = [{"one": 1, **rows[0]}]
    names = list(rows[0])
    values = ([str(v) if isinstance(v, date) else v for v in row.values()] for row in rows)
    connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", values)
    connection.commit()


def _stream(connection: Any, table: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        if table == "journal_head":
            cursor.execute("DELETE FROM journal_head")
            rows = [{"one": 1, **rows[0]}]
        with cursor.copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
            for start in range(0, len(rows), 1000):
                copy.write("".join("\t".join(map(_text, row.values())) + "\n" for row in rows[start : start + 1000]))
    connection.commit()


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value)
