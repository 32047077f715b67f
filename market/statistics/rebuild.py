"""The cube made anew from the ledger, and the check that cube, ledger, contracts and journal agree.

`rebuild` may be run at any time; incremental upkeep must give the same cells. `check` is for `market rebuild --check` and
`market verify`: it reports, it mends nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, delete, func, insert, literal, or_, select

from market.contracts.model import Contract
from market.journal.model import JournalHead
from market.journal.read import CHUNK, entries, payload
from market.statistics.cube import CUBOIDS, KEYS, SUMS, Cuboid, province_code
from market.statistics.ledger import ELSEWHERE, UNSPECIFIED
from market.statistics.model import DIMENSIONS, DealCell, LedgerLine
from market.statistics.queries import Source
from market.store.session import Unit
from market.store.types import month_of

MOST = 20
"""Differences of one kind that are listed."""

_LINE = ("contract_id", "version", "sign", "stat_month", "flow", *DIMENSIONS, "total", "tech")
_SAME_AS_CONTRACT = (
    "contract_type",
    "field",
    "ip_type",
    "plan_source",
    "served_industry",
    "socio_economic_objective",
    "payment_mode",
    "seller_nature",
    "buyer_nature",
)


def rebuild(unit: Unit) -> None:
    """Throw all cells away and sum them up from the ledger. Run in a writing unit: posting waits, reading goes on."""
    unit.execute(select(JournalHead.seq).with_for_update())
    unit.execute(delete(DealCell))
    for cuboid in CUBOIDS:
        unit.execute(insert(DealCell).from_select([*KEYS, *SUMS], _summed(unit, cuboid).order_by(*KEYS)))


def check(unit: Unit) -> list[str]:
    """Every difference between cube, ledger, contracts and journal, in words (empty: they agree). Run in a snapshot."""
    return [
        *_cells_against_ledger(unit),
        *_broken_contracts(unit),
        *_contracts_against_ledger(unit),
        *_ledger_against_journal(unit),
    ]


def _summed(unit: Unit, cuboid: Cuboid) -> Select[Any]:
    """The cells of a cuboid as the ledger has them, cells that come to nothing included."""
    source = Source(province_code(unit.database.home_region()), None)
    keys: list[ColumnElement[Any]] = [
        LedgerLine.stat_month.label("stat_month"),
        LedgerLine.rec_month.label("rec_month"),
        LedgerLine.flow.label("flow"),
        source[cuboid.a].label("a"),
        source[cuboid.b].label("b"),
    ]
    return select(literal(cuboid.number, Integer).label("cuboid"), *keys, *source.sums()).group_by(
        *(key.name for key in keys)
    )


def _cells_against_ledger(unit: Unit) -> Iterator[str]:
    cell = [DealCell.__table__.c[name] for name in (*KEYS, *SUMS)]
    for cuboid in CUBOIDS:
        kept = select(*cell).where(DealCell.cuboid == cuboid.number)
        summed = _summed(unit, cuboid)
        for words, missing in (
            ("the ledger has a cell the cube has not", summed.except_(kept)),
            ("the cube has a cell the ledger has not", kept.except_(summed)),
        ):
            for row in unit.execute(missing.limit(MOST)):
                yield f"{words}: {tuple(row)}"


def _broken_contracts(unit: Unit) -> Iterator[str]:
    """A contract is counted once or not at all, and its amounts come to nothing exactly when it is not counted."""
    count, total, tech = func.sum(LedgerLine.sign), func.sum(LedgerLine.total), func.sum(LedgerLine.tech)
    broken = (
        select(LedgerLine.contract_id)
        .group_by(LedgerLine.contract_id)
        .having(or_(count.not_in([0, 1]), (count == 0) != (total == 0), (count == 0) != (tech == 0)))
        .limit(MOST)
    )
    for (contract,) in unit.execute(broken):
        yield f"{contract}: its lines in the ledger do not come to nothing or one"
    unknown = select(LedgerLine.contract_id).where(LedgerLine.contract_id.not_in(select(Contract.id))).distinct()
    for (contract,) in unit.execute(unknown.limit(MOST)):
        yield f"{contract}: stands in the ledger, but there is no such contract"


def _contracts_against_ledger(unit: Unit) -> Iterator[str]:
    """Each live contract has one live line with its amounts, month and codes; an ended one has none."""
    after = ""
    columns = list(Contract.__table__.columns)
    while contracts := unit.execute(
        select(*columns).where(Contract.id > after).order_by(Contract.id).limit(CHUNK)
    ).all():
        ids = [contract.id for contract in contracts]
        lines = {line.contract_id: line for line in unit.execute(_live_lines(ids))}
        for contract in contracts:
            line = lines.get(contract.id)
            if contract.state != "registered":
                if line is not None:
                    yield f"{contract.id} is {contract.state}, but the ledger counts it"
            elif line is None:
                yield f"{contract.id} is live, but the ledger does not count it"
            elif wrong := [name for name, value in _posted(contract).items() if getattr(line, name) != value]:
                yield f"{contract.id}: the ledger has another {', '.join(wrong)}"
        after = ids[-1]


def _live_lines(contracts: list[str]) -> Select[Any]:
    """The +1 lines that no -1 line takes back."""
    taken_back = select(LedgerLine.contract_id, LedgerLine.version).where(
        LedgerLine.contract_id.in_(contracts), LedgerLine.sign == -1
    )
    undone = taken_back.subquery()
    return (
        select(*(getattr(LedgerLine, name) for name in _LINE))
        .outerjoin(
            undone,
            (undone.c.contract_id == LedgerLine.contract_id) & (undone.c.version == LedgerLine.version),
        )
        .where(LedgerLine.contract_id.in_(contracts), LedgerLine.sign == 1, undone.c.version.is_(None))
    )


def _posted(contract: Any) -> dict[str, Any]:
    """What a contract's line must hold whatever the places were when it was posted."""
    return {
        "version": contract.version,
        "stat_month": month_of(contract.registered_on),
        "total": contract.total_fen,
        "tech": contract.tech_fen,
        "contract_subtype": contract.contract_subtype or contract.contract_type,
        "office": contract.office or ELSEWHERE,
        "linked_demand": int(contract.demand_id is not None),
        "linked_achievement": int(contract.achievement_id is not None),
        **{name: getattr(contract, name) or UNSPECIFIED for name in _SAME_AS_CONTRACT},
    }


def _ledger_against_journal(unit: Unit) -> Iterator[str]:
    """The ledger is, line by line, what the events say they posted."""
    found = 0
    for written, posted in zip_longest(_written(unit), _posted_by_events(unit)):
        if written != posted:
            place = (posted or written)[:2]
            yield f"seq {place[0]}, line {place[1]}: the ledger is not what the event posted"
            found += 1
            if found == MOST:
                return


def _written(unit: Unit) -> Iterator[tuple[Any, ...]]:
    names = ("seq", "line", "rec_month", *_LINE)
    statement = select(*(getattr(LedgerLine, name) for name in names)).order_by(LedgerLine.seq, LedgerLine.line)
    after = 0
    while rows := unit.execute(statement.where(LedgerLine.seq > after).limit(CHUNK)).all():
        if len(rows) == CHUNK:  # the last event may not be whole
            rows = [row for row in rows if row.seq < rows[-1].seq] or rows
        yield from map(tuple, rows)
        after = rows[-1].seq


def _posted_by_events(unit: Unit) -> Iterator[tuple[Any, ...]]:
    for entry in entries(unit):
        for number, line in enumerate(payload(entry).get("ledger", ()), 1):
            yield (entry["seq"], number, entry["rec_month"], *(line.get(name) for name in _LINE))
