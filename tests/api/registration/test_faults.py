"""A fault between any two statements of an act: contract, journal, ledger and cube agree, and asking again acts once.

Each act meets a fault at its first step, then at its second, and so on until none is left to fall on, so that statements added
later are covered by themselves. The commit is a step too, and so is the moment after it, when the reply is not yet sent.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event

from market.access import SYSTEM
from market.errors import Conflict, OutcomeUnknown, Unavailable
from market.journal import read as journal
from market.registration.actions import import_contracts
from market.statistics.agreement import check
from market.store.types import today
from tests.market.contracts.samples import content, outside, wire
from tests.market.examination.cases import put_case

DONE, DONE_BEFORE, FAILED = "done", "done before", "failed"
OUTCOMES = {200: DONE, 201: DONE, 412: DONE_BEFORE, 500: FAILED, 503: FAILED}
DEAD = 9

Ask = Callable[[], tuple[str, Any]]
"""Asks for an act; answers what came of it, and the reply."""


class Crash(Exception):
    """The service fails in the middle of its work."""


def fail(_connection: Any) -> None:
    raise Crash


def cut(connection: Any) -> None:
    """The line to the database breaks."""
    connection.connection.dbapi_connection.close()


def die(_connection: Any) -> None:
    """The process ends where it stands."""
    os._exit(DEAD)


@contextmanager
def faulty(engine: Any, step: int, fault: Callable[[Any], None]) -> Iterator[list[Any]]:
    """Let a fault fall on this step; the list has all steps that were reached."""
    seen: list[Any] = []

    def reach(connection: Any, *_: Any) -> None:
        seen.append(connection)
        if len(seen) == step:
            fault(connection)

    steps = ["before_cursor_execute", "commit"]
    if fault is die:
        steps.append("checkin")  # of the connection into the pool: the unit is over, the reply not yet sent
    for name in steps:
        event.listen(engine, name, reach)
    try:
        yield seen
    finally:
        for name in steps:
            event.remove(engine, name, reach)


def here(fault: Callable[[Any], None]) -> Callable[[Any, int, Ask], bool]:
    def run(database: Any, step: int, ask: Ask) -> bool:
        with faulty(database.engine, step, fault) as seen:
            outcome, _ = ask()
        assert outcome in (DONE, FAILED)
        return len(seen) >= step

    return run


def in_a_child(database: Any, step: int, ask: Ask) -> bool:
    database.close()  # a child must not share a connection
    child = os.fork()
    if child == 0:
        try:
            with faulty(database.engine, step, die):
                ask()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, DEAD)
    return status == DEAD


FAULTS = {"failure": here(fail), "lost connection": here(cut), "death": in_a_child}
"""Each asks with the fault at a step and answers whether there is such a step."""


def posted(api: Any, path: str, body: dict[str, Any], **rest: Any) -> tuple[str, Any]:
    reply = api.post(path, body, key="office", **rest)
    return OUTCOMES[reply.status_code], reply


def creating(path: str, body: Callable[..., dict[str, Any]]) -> Callable[[Any, int], Ask]:
    """A POST that creates, under an idempotency key: asked again it answers its first reply."""

    def prepare(api: Any, number: int) -> Ask:
        sent = wire(body(api.world, f"{number:016d}"))
        return lambda: posted(api, path, sent, idempotency_key=f"key-{number}")

    return prepare


def changing(verb: str, body: dict[str, Any], create: Callable[[Any, int], Ask]) -> Callable[[Any, int], Ask]:
    """An act on an entry, which If-Match lets through once."""

    def prepare(api: Any, number: int) -> Ask:
        made = create(api, number)()[1]
        return lambda: posted(api, f"{made.headers['Location']}/{verb}", body, if_match=made.headers["ETag"])

    return prepare


def importing(api: Any, number: int) -> Ask:
    """Three contracts, of two offices and from outside, in one unit; importing them again is refused."""
    baotou = {"organisation": api.world.ids["university2"]}
    batch = [
        {**body, "act": act, "office": office, "registered_on": today()}
        for body, act, office in (
            (content(api.world, contract_no=f"{number}a"), "registered", api.world.ids["office"]),
            (content(api.world, contract_no=f"{number}b", seller=baotou), "registered", api.world.ids["office2"]),
            (outside(api.world, f"{number:016d}", contract_no=f"{number}c"), "outside", None),
        )
    ]

    def ask() -> tuple[str, Any]:
        try:
            rows = api.world.database.write(SYSTEM, lambda unit: import_contracts(unit, batch), channel="import")
            return DONE, rows
        except Conflict:
            return DONE_BEFORE, None
        except (Crash, Unavailable, OutcomeUnknown):
            return FAILED, None

    return ask


def deciding(api: Any, number: int) -> Ask:
    """The registration of an examined application: number, contract and case are there together or not at all."""
    world = api.world
    parties = {"seller": {"organisation": world.ids["university"]}, "buyer": {"organisation": world.ids["enterprise"]}}
    case = put_case(world, "under_review", "office", world.ids["university"], f"SYN-{number}", parties)["case"]
    tag = api.get(f"/v1/applications/{case}", key="office").headers["ETag"]
    return lambda: posted(api, f"/v1/applications/{case}/register", {}, if_match=tag)


register = creating("/v1/contracts", lambda world, number: content(world, contract_no=number))
record = creating("/v1/outside-contracts", lambda world, number: outside(world, number, contract_no=number))
ACTS = {
    "register": (register, 2),
    "register a case": (deciding, 2),
    "record outside": (record, 1),
    "change": (changing("change", {"reason": "CORRECTION", "changes": {"field": "contract:01"}}, register), 2),
    "change outside": (changing("change", {"reason": "CORRECTION", "changes": {"tech_amount": "5.00"}}, record), 1),
    "cancel": (changing("cancel", {"reason": "RESCINDED", "asked_by": "both"}, register), 2),
    "revoke": (changing("revoke", {"reason": "FRAUD"}, record), 1),
    "import": (importing, 5),
}
"""Each act with the number of journal entries it makes: one of the contract, one of its case if it has one."""


def last_seq(database: Any) -> int:
    with database.read(SYSTEM) as unit:
        return journal.head(unit).seq


def agreed(database: Any) -> int:
    """The journal's last seq, once everything agrees."""
    with database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) + check(unit) == []
    return last_seq(database)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("act", ACTS)
def test_a_fault_at_any_step_leaves_all_or_nothing_and_asking_again_acts_once(api, act, fault):
    database = api.world.database
    prepare, entries = ACTS[act]
    prepare(api, 0)()  # so that reference data is kept and only the act's own statements are met
    for step in count(1):
        ask = prepare(api, step)
        before = last_seq(database)
        met = FAULTS[fault](database, step, ask)
        after = agreed(database)
        assert after in (before, before + entries)
        outcome, reply = ask()
        assert outcome == DONE or (outcome == DONE_BEFORE and after > before)
        assert agreed(database) == before + entries
        outcome, again = ask()
        assert outcome == DONE_BEFORE or (again.data, again.headers["ETag"]) == (reply.data, reply.headers["ETag"])
        assert last_seq(database) == before + entries
        if not met:
            break
    assert step > 6, "the fault met fewer statements than any act has"
