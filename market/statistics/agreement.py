"""Do cube, ledger, register, members and journal agree? `check` for `market rebuild --check` and `market verify`: it reports, it
mends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, pairwise, zip_longest
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.orm import DeclarativeBase

from market.contracts.fingerprint import fingerprint
from market.contracts.model import Contract, NumberSeries
from market.contracts.queries import FACTS
from market.journal.model import JournalEntry, JournalPersonal
from market.journal.read import CHUNK, entries, payload
from market.organisations.model import Organisation
from market.statistics.cube import (
    CUBOIDS,
    KEYS,
    STRAY,
    SUMS,
    Stretch,
    closed,
    closed_stretches,
    of_closed,
    present,
    province_code,
    touched,
    usable,
)
from market.statistics.ledger import ELSEWHERE, UNSPECIFIED, taken_back
from market.statistics.model import DIMENSIONS, ClosedStretch, DealCell, LedgerLine
from market.store.session import Unit
from market.store.types import month_of

MOST = 20
"""Differences of one kind that are listed."""
_LINE = ("contract_id", "version", "sign", "stat_month", "flow", *DIMENSIONS, "total", "tech", "income")
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


def check(unit: Unit) -> list[str]:
    """Every difference between cube, ledger, register, members and journal, in words (empty: they agree).

    Run in a snapshot. Of one kind of difference at most `MOST` are told.
    """
    members = [name for name in Organisation.__table__.columns.keys() if name != "created_at"]  # noqa: SIM118
    return [
        *islice(_against_journal(unit, Contract, "contract", FACTS, _wrong_marks), MOST),
        *islice(_against_journal(unit, Organisation, "organisation", members), MOST),
        *islice(_wrong_series(unit), MOST),
        *islice(_cells_against_ledger(unit), MOST),
        *_broken_contracts(unit),
        *_contracts_against_ledger(unit),
        *_ledger_against_journal(unit),
    ]


def _against_journal(
    unit: Unit,
    model: type[DeclarativeBase],
    kind: str,
    names: Iterable[str],
    derived: Callable[[Mapping[Any, Any], bool], list[str]] = lambda _row, _erased: [],
) -> Iterator[str]:
    """Each row of the table is what the last event of its subject recorded, and each subject of such events has its row.

    `derived` names the columns that do not follow from the others as they must. A name that was personal data and is erased
    in the journal is not compared, nor what follows from it.
    """
    table: Any = model.__table__
    after = ""
    while (
        rows := unit.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(CHUNK)).mappings().all()
    ):
        after = rows[-1]["id"]
        recorded = {entry["subject"]: entry for entry in unit.execute(_last([row["id"] for row in rows])).mappings()}
        for row in rows:
            entry = recorded.get(row["id"])
            if entry is None:
                yield f"{row['id']}: there is a row, but no event"
                continue
            facts, erased = payload(entry), entry["personal_seq"] is not None and entry["personal"] is None
            if entry["personal"] is not None:
                facts |= orjson.loads(entry["personal"])
            open_names = {name for name in names if erased and facts.get(name) is None and not table.c[name].nullable}
            wrong = [name for name in names if name not in open_names and facts.get(name, ...) != _recorded(row[name])]
            wrong += derived(row, erased)
            if wrong or row["version"] != entry["subject_version"]:
                yield f"{row['id']}: the journal has another {', '.join(wrong or ['version'])}"
    subject = JournalEntry.subject
    known = select(table.c.id).where(table.c.id == subject).exists()
    lost = (
        select(subject)
        .where(JournalEntry.kind.startswith(f"{kind}.", autoescape=True), ~known)
        .distinct()
        .order_by(subject)
    )
    for (gone,) in unit.execute(lost.limit(MOST)):
        yield f"{gone}: there are events, but no row"


def _last(subjects: list[str]) -> Select[*tuple[Any, ...]]:
    """The last events of these subjects, with their personal part."""
    last = (
        select(func.max(JournalEntry.seq).label("seq"))
        .where(JournalEntry.subject.in_(subjects))
        .group_by(JournalEntry.subject)
        .subquery()
    )
    return (
        select(
            JournalEntry.subject,
            JournalEntry.subject_version,
            JournalEntry.payload,
            JournalPersonal.seq.label("personal_seq"),
            JournalPersonal.payload.label("personal"),
        )
        .join(last, last.c.seq == JournalEntry.seq)
        .outerjoin(JournalPersonal, JournalPersonal.seq == JournalEntry.seq)
    )


def _recorded(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _wrong_marks(contract: Mapping[Any, Any], erased: bool) -> list[str]:
    live = contract["state"] == "registered"
    mark = contract["fingerprint"] if erased else fingerprint(contract)
    right = {
        "fingerprint": mark,
        "live_fingerprint": mark if live else None,
        "live_outside_number": contract["outside_number"] if live else None,
    }
    return [name for name, value in right.items() if contract[name] != value]


def _wrong_series(unit: Unit) -> Iterator[str]:
    """The numbers an office gave in a year run from 1 to the last of its series, without a hole."""
    year, serial = func.substr(Contract.number, 1, 4), func.substr(Contract.number, 11)
    counted: list[Any] = [func.count().label("count"), func.min(serial).label("first"), func.max(serial).label("last")]
    used = (
        select(Contract.office, year.label("year"), *counted)
        .where(Contract.number.is_not(None))
        .group_by(Contract.office, year)
    )
    given = {
        (row["office"], row["year"]): (f"{row['count']:06d}", row["first"], row["last"])
        for row in unit.execute(used).mappings()
    }
    kept = {(row.office, f"{row.year:04d}"): f"{row.last:06d}" for row in unit.execute(select(NumberSeries.__table__))}
    for series in sorted(given.keys() | kept.keys()):
        count, first, last = given.get(series, ("000000", "000001", "000000"))
        name = f"number series of {series[0]} in {series[1]}"
        if kept.get(series) != last:
            yield f"{name}: the last number given is {last}, kept is {kept.get(series)}"
        if (first, last) != ("000001", count):
            yield f"{name}: the numbers from {first} to {last} are {count}, so there is a hole"


def _cells_against_ledger(unit: Unit) -> Iterator[str]:
    if not usable(unit):
        yield "some cuboids are not built yet: run market rebuild"
        return
    for (number,) in unit.execute(select(DealCell.cuboid).where(STRAY).distinct()):
        yield f"there are cells of a cuboid {number}, which is none"
    home = province_code(unit.database.home_region())
    stretches = closed_stretches(unit)
    yield from _wrong_stretches(unit, stretches)
    months = {stretch: touched(unit, stretch) for stretch in stretches}
    for cuboid in CUBOIDS:
        yield from _differences(unit, present(home, cuboid), [DealCell.cuboid == -cuboid.number])
        of_cuboid = DealCell.cuboid == cuboid.number
        for stretch in stretches:
            right = closed(home, cuboid).params(of_closed(cuboid, stretch, months[stretch]))
            yield from _differences(unit, right, [of_cuboid, DealCell.stretch == stretch.since])
        others = select(DealCell.stretch).where(of_cuboid, DealCell.stretch.not_in(select(ClosedStretch.since)))
        for (since,) in unit.execute(others.distinct()):
            yield f"cuboid {cuboid.number} has cells of the stretch from entry {since}, which is none or still open"


def _wrong_stretches(unit: Unit, stretches: Sequence[Stretch]) -> Iterator[str]:
    """Every line up to the last stretch lies in one of them, and none in two."""
    for one, following in pairwise([Stretch(0, 0), *stretches]):
        if not one.since <= one.until < following.since:
            yield f"the stretches from entries {one.since} and {following.since} overlap"
        lost = select(func.min(LedgerLine.seq)).where(LedgerLine.seq > one.until, LedgerLine.seq < following.since)
        if seq := unit.execute(lost).scalar():
            yield f"seq {seq}: the line lies in no stretch, though later ones do"


def _differences(unit: Unit, right: Select[Any], kept_where: list[ColumnElement[bool]]) -> Iterator[str]:
    kept = select(*(DealCell.__table__.c[name] for name in (*KEYS, *SUMS))).where(*kept_where)
    for words, missing in (
        ("the ledger has a cell the cube has not", right.except_(kept)),
        ("the cube has a cell the ledger has not", kept.except_(right)),
    ):
        for row in unit.execute(missing.limit(MOST)):
            yield f"{words}: {tuple(row)}"


def _broken_contracts(unit: Unit) -> Iterator[str]:
    """A contract is counted once or not at all, and its amounts come to nothing exactly when it is not counted."""
    count, total, tech = func.sum(LedgerLine.sign), func.sum(LedgerLine.total), func.sum(LedgerLine.tech)
    income = func.sum(LedgerLine.income)
    amiss = (count.not_in([0, 1]), (count == 0) != (total == 0), (count == 0) != (tech == 0), income < 0)
    broken = (
        select(LedgerLine.contract_id)
        .group_by(LedgerLine.contract_id)
        .having(or_(*amiss, and_(count == 0, income != 0)))
        .limit(MOST)
    )
    for (contract,) in unit.execute(broken):
        yield f"{contract}: its lines in the ledger do not come to nothing or one"
    known = select(Contract.id).where(Contract.id == LedgerLine.contract_id).exists()  # NOT IN takes hours at a million
    unknown = select(LedgerLine.contract_id).where(~known).distinct()
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
    return select(*(getattr(LedgerLine, name) for name in _LINE)).where(
        LedgerLine.contract_id.in_(contracts), LedgerLine.sign == 1, ~taken_back()
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
            line = {"income": 0, **line}  # older events have none
            yield (entry["seq"], number, entry["rec_month"], *(line.get(name) for name in _LINE))
