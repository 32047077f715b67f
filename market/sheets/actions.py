"""Taking a sheet of applications in: it is read, every row is checked, and those wanted become drafts.

`hand_in` reads the file and keeps its cells. `go_on` then does a bounded number of rows in its unit of work, first checking all,
then taking those that are wanted, until nothing is left: cut short, it goes on where it stopped. A dry run is the same way, which
ends before taking. What is taken was checked before and is judged no more, so taking cannot stop half-way for a row's sake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from market.access import Role
from market.errors import Conflict, Invalid, NotFound, check_version
from market.examination import states, steps
from market.examination.checks import ERROR
from market.examination.content import loaded, stored
from market.examination.model import Case
from market.examination.review import claimed
from market.organisations.queries import by_ids
from market.sheets.form import Layout, Read, as_json, from_json, whole
from market.sheets.model import SheetBatch, SheetEntry, SheetRow
from market.sheets.table import Table
from market.sheets.values import Words
from market.store.dialect import insert_missing
from market.store.session import Unit
from market.store.types import canonical, new_id, now, today

Row = dict[str, Any]

NONE, GOOD, ALL = "none", "good", "all"
WANTED = (NONE, GOOD, ALL)
"""Which rows are to be taken: none (a dry run), the good ones, or all or nothing."""
CHECKING, CHECKED, REFUSED, TAKING, DONE = "checking", "checked", "refused", "taking", "done"
STATES = (CHECKING, CHECKED, REFUSED, TAKING, DONE)
UNDER_WAY = (CHECKING, TAKING)
WAITING, FINE, WRONG, STANDS, TAKEN = "waiting", "good", "bad", "standing", "taken"
OUTCOMES = (WAITING, FINE, WRONG, STANDS, TAKEN)

STEP = 200
"""Rows of one unit of work."""
KEPT = 20
"""Sheets kept of an organisation; older ones go when a new one comes."""
_CHUNK = 500
_OVER = (states.WITHDRAWN, states.REFUSED, states.CANCELLED, states.REVOKED)
"""States in which an application stands in nobody's way any more."""
_PAPERS = ("document-missing", "document-advised")
"""Findings that no sheet can mend: papers are added to each draft."""


def hand_in(unit: Unit, content: bytes, *, rows: str, office: str | None) -> Row:
    """Read a file and keep its cells, to be checked; the same one, while it is under way, is not taken twice."""
    me = unit.actor.organisation
    if office is not None and not _is_office(unit, office):
        raise Invalid.field("/office", "unknown-value", "The id of a registration office is needed.")
    digest = hashlib.sha256(content).hexdigest()
    same = (SheetBatch.organisation == me, SheetBatch.sha256 == digest, SheetBatch.wanted == rows)
    under_way = select(SheetBatch.__table__).where(
        *same, SheetBatch.office.is_not_distinct_from(office), SheetBatch.state.in_(UNDER_WAY)
    )
    if (found := unit.execute(under_way).mappings().first()) is not None:
        return dict(found)
    table = Table.of(content, with_office=office is None)
    moment = now()
    batch: Row = {
        "id": new_id("sht"),
        "organisation": me,
        "office": office,
        "sha256": digest,
        "wanted": rows,
        "state": CHECKING,
        "columns": [each and each.field for each in table.columns],
        **dict.fromkeys(("position", "lines", "checked", "good", "bad", "standing", "taken"), 0),
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }
    _forget_old(unit)
    unit.execute(insert(SheetBatch), batch)
    kept: list[Row] = []
    for line, values in table.lines:
        blank = dict.fromkeys(("content", "office", "digest", "case_id"))
        kept.append(
            {"batch_id": batch["id"], "line": line, "outcome": WAITING, "cells": as_json(values), **blank, "notes": []}
        )
        batch["lines"] += 1
        if len(kept) == _CHUNK:
            unit.execute(insert(SheetRow), kept)
            kept = []
    if kept:
        unit.execute(insert(SheetRow), kept)
    unit.execute(update(SheetBatch).where(SheetBatch.id == batch["id"]).values(lines=batch["lines"]))
    return batch


def _is_office(unit: Unit, organisation: str) -> bool:
    found = by_ids(unit, [organisation]).get(organisation)
    return found is not None and found["role"] == Role.OFFICE


def _forget_old(unit: Unit) -> None:
    mine = select(SheetBatch.id).where(SheetBatch.organisation == unit.actor.organisation)
    old = unit.execute(mine.order_by(SheetBatch.id.desc())).scalars().all()[KEPT - 1 :]
    if old:
        unit.execute(delete(SheetRow).where(SheetRow.batch_id.in_(old)))
        unit.execute(delete(SheetBatch).where(SheetBatch.id.in_(old)))


def go_on(unit: Unit, batch_id: str, expected: int | None) -> Row:
    """Do the next rows of a sheet; nothing when all is done."""
    batch = _lock(unit, batch_id, expected)
    if batch["state"] == CHECKING:
        return _check(unit, batch)
    if batch["state"] == TAKING:
        return _take(unit, batch)
    return batch


def take(unit: Unit, batch_id: str, expected: int | None, rows: str) -> Row:
    """Have rows of a checked sheet taken after all: after a dry run, or when all were wanted and some are bad."""
    batch = _lock(unit, batch_id, expected)
    if batch["state"] not in (CHECKED, REFUSED):
        raise Conflict(f"A sheet that is {batch['state']} is not waiting for this.", code="not-checked")
    if rows == ALL and batch["bad"]:
        raise Conflict(f"{batch['bad']} rows are bad; mend them and hand the sheet in again.", code="bad-rows")
    return _after(unit, batch, wanted=rows, state=TAKING, position=0)


def _lock(unit: Unit, batch_id: str, expected: int | None) -> Row:
    found = unit.execute(select(SheetBatch.__table__).where(mine(unit, batch_id)).with_for_update()).mappings().first()
    if found is None:
        raise NotFound("There is no such sheet.")
    check_version(found["version"], expected)
    return dict(found)


def mine(unit: Unit, batch_id: str) -> ColumnElement[bool]:
    """The sheet with this id, if the acting organisation handed it in."""
    return (SheetBatch.id == batch_id) & (SheetBatch.organisation == unit.actor.organisation)


def _after(unit: Unit, batch: Row, **changes: Any) -> Row:
    changes |= {"version": batch["version"] + 1, "updated_at": now()}
    unit.execute(update(SheetBatch).where(SheetBatch.id == batch["id"]).values(changes))
    return {**batch, **changes}


def _next_rows(unit: Unit, batch: Row, outcome: str) -> Sequence[Mapping[str, Any]]:
    this = (SheetRow.batch_id == batch["id"], SheetRow.outcome == outcome, SheetRow.line > batch["position"])
    statement = select(SheetRow.__table__).where(*this).order_by(SheetRow.line).limit(STEP)
    return [dict(row) for row in unit.execute(statement).mappings()]


def _check(unit: Unit, batch: Row) -> Row:
    rows = _next_rows(unit, batch, WAITING)
    done = _checked(unit, batch, rows)
    counts = {name: batch[name] + sum(row["outcome"] == name for row in done) for name in (FINE, WRONG, STANDS)}
    counts["checked"] = batch["checked"] + len(done)
    if len(rows) == STEP:
        return _after(unit, batch, position=rows[-1]["line"], **counts)
    state = CHECKED if batch["wanted"] == NONE else TAKING
    if batch["wanted"] == ALL and counts[WRONG]:
        state = REFUSED
    return _after(unit, batch, position=0, state=state, **counts)


def _checked(unit: Unit, batch: Row, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    layout, words = Layout(batch["columns"]), Words(unit)
    read = {row["line"]: layout.read(words, row["line"], from_json(row["cells"])) for row in rows}
    offices = {line: one.office or batch["office"] for line, one in read.items()}
    legible = {line: one for line, one in read.items() if not one.notes}
    digests = {line: _digest(one, offices[line]) for line, one in legible.items()}
    stands = _standing(unit, batch, layout, legible, offices, digests)
    done = []
    for line, one in read.items():
        notes, outcome, case_id = one.notes, FINE, None
        if line in stands:
            outcome, case_id, note = stands[line]
            notes = [note]
        elif not notes:
            notes = _findings(unit, layout, line, one, offices[line])
        if any(note["severity"] == ERROR for note in notes):
            outcome = WRONG
        fine = outcome == FINE
        content = stored(one.content) if fine else None
        done.append(
            {
                "of_line": line,
                "outcome": outcome,
                "cells": None,
                "content": content,
                "office": offices[line],
                "digest": digests.get(line),
                "case_id": case_id,
                "notes": notes,
            }
        )
    if done:
        _write_rows(unit, batch, done)
    return done


def _write_rows(unit: Unit, batch: Row, rows: list[Row]) -> None:
    values: dict[Any, Any] = {name: bindparam(name) for name in rows[0] if name != "of_line"}
    this = (SheetRow.batch_id == batch["id"], SheetRow.line == bindparam("of_line"))
    unit.execute(update(SheetRow).where(*this).values(values), rows)


def _digest(read: Read, office: str | None) -> str:
    return hashlib.sha256(canonical([office, stored(read.content)])).hexdigest()


def _standing(
    unit: Unit,
    batch: Row,
    layout: Layout,
    read: Mapping[int, Read],
    offices: Mapping[int, str | None],
    digests: Mapping[int, str],
) -> dict[int, tuple[str, str | None, Row]]:
    """What came of the lines that stand already: by the id they name, by their content, or further up in the sheet."""
    me = unit.actor.organisation
    ids = sorted({one.case_id for one in read.values() if one.case_id})
    own = select(Case.id, Case.content, Case.office).where(Case.id.in_(ids), Case.applicant == me)
    known = {row.id: row for row in unit.execute(own)} if ids else {}
    entries = {row.digest: row.case_id for row in _entries(unit, list(digests.values())) if row.state not in _OVER}
    above = select(SheetRow.digest, func.min(SheetRow.line).label("line")).where(
        SheetRow.batch_id == batch["id"], SheetRow.digest.in_(sorted(set(digests.values())))
    )
    first = {row.digest: row.line for row in unit.execute(above.group_by(SheetRow.digest))}
    found: dict[int, tuple[str, str | None, Row]] = {}
    for line, one in read.items():
        case = known.get(one.case_id or "")
        if case is not None and case.content is not None:
            same = case.office == offices[line] and whole(loaded(case.content)) == one.content
            outcome, severity = (STANDS, "note") if same else (WRONG, ERROR)
            text = "该申请已存在，内容相同，未重复建立" if same else _CHANGED
            found[line] = (outcome, case.id, layout.note(line, "id", "stands" if same else "changed", severity, text))
        elif digests[line] in entries:
            text = f"相同内容的申请已存在（{entries[digests[line]]}），未重复建立"
            found[line] = (STANDS, entries[digests[line]], layout.note(line, None, "stands", "note", text))
        elif first.setdefault(digests[line], line) < line:
            text = f"与第{first[digests[line]]}行内容完全相同，未重复建立"
            found[line] = (STANDS, None, layout.note(line, None, "repeated", "note", text))
    return found


_CHANGED = "该申请编号的申请内容与本行不同；要修改请在申请中修改，要另建申请请清空此列"


def _entries(unit: Unit, digests: Sequence[str]) -> Sequence[Any]:
    statement = select(SheetEntry.digest, SheetEntry.case_id, Case.state).join(Case, Case.id == SheetEntry.case_id)
    this = (SheetEntry.organisation == unit.actor.organisation, SheetEntry.digest.in_(sorted(set(digests))))
    return unit.execute(statement.where(*this)).all()


def _findings(unit: Unit, layout: Layout, line: int, read: Read, office: str | None) -> list[Row]:
    """What the checks of an application say of a row, but of its papers."""
    found = claimed(
        unit, read.content, office=office, applicant=unit.actor.organisation, attachments=frozenset(), on=today()
    )
    return [
        layout.note(line, layout.field_at(each.pointer), each.code, each.severity, each.zh)
        for each in found.findings
        if each.code not in _PAPERS
    ]


def _take(unit: Unit, batch: Row) -> Row:
    rows = _next_rows(unit, batch, FINE)
    done, cases = [], []
    entries = {row.digest: row for row in _entries(unit, [row["digest"] for row in rows])}
    layout = Layout(batch["columns"])
    for row in rows:
        outcome: Row = {
            "of_line": row["line"],
            "outcome": TAKEN,
            "content": None,
            "case_id": None,
            "notes": row["notes"],
        }
        entry = entries.get(row["digest"])
        if entry is not None and entry.state not in _OVER:
            text = f"相同内容的申请已存在（{entry.case_id}），未重复建立"
            note = layout.note(row["line"], None, "stands", "note", text)
            outcome |= {"outcome": STANDS, "case_id": entry.case_id, "notes": [*row["notes"], note]}
        else:
            case = steps.new_case("application", states.DRAFT, batch["organisation"], row["office"])
            case |= {"content": row["content"], "claimed_fen": row["content"]["tech_amount"]}
            cases.append((case, row["digest"]))
            outcome["case_id"] = case["id"]
        done.append(outcome)
    if cases:
        _draft(unit, cases, entries)
    if done:
        _write_rows(unit, batch, done)
    taken = batch["taken"] + len(cases)
    standing = batch["standing"] + len(done) - len(cases)
    position = rows[-1]["line"] if rows else 0
    state = TAKING if len(rows) == STEP else DONE
    return _after(unit, batch, taken=taken, standing=standing, position=position, state=state)


def _draft(unit: Unit, cases: Sequence[tuple[Row, str]], entries: Mapping[str, Any]) -> None:
    """Make the drafts, and say of their content that it stands."""
    unit.execute(insert(Case), [case for case, _ in cases])
    for case, digest in cases:
        entry = {"organisation": case["applicant"], "digest": digest, "case_id": case["id"]}
        if digest in entries:
            this = (SheetEntry.organisation == case["applicant"], SheetEntry.digest == digest)
            unit.execute(update(SheetEntry).where(*this).values(case_id=case["id"]))
        elif not insert_missing(unit.connection, SheetEntry, entry):
            raise Conflict("The same rows are being taken from another sheet; ask again.", code="busy")
        steps.tell(unit, "case.drafted", case, content=True)
