"""The same key and body get the same reply again; nothing acts twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from market.access import SYSTEM
from market.errors import Conflict, Invalid
from market.store.idempotency import KeptReply, claim, keep
from market.store.info import ReferenceState

REPLY = KeptReply(201, "/v1/things/1", '"v1-0"', b'{"id":"1"}')


def ask(database, body=b"body", scope="org POST /v1/things", store=True):
    """Answer whether the work ran, and the reply."""

    def work(unit):
        kept = claim(unit, scope, "key-1", body)
        if kept is not None:
            return False, kept
        unit.execute(update(ReferenceState).values(version=ReferenceState.version + 1))
        if store:
            keep(unit, scope, "key-1", REPLY)
        return True, REPLY

    return database.write(SYSTEM, work)


def times_run(database):
    with database.read(SYSTEM) as unit:
        return unit.execute(select(ReferenceState.version)).scalar_one()


def test_the_second_request_gets_the_first_reply(empty_database):
    assert ask(empty_database) == (True, REPLY)
    assert ask(empty_database) == (False, REPLY)
    assert times_run(empty_database) == 1


def test_another_body_is_refused(empty_database):
    ask(empty_database)
    with pytest.raises(Invalid) as refusal:
        ask(empty_database, body=b"other")
    assert refusal.value.code == "idempotency-key-reused"


def test_another_scope_is_another_key(empty_database):
    ask(empty_database)
    assert ask(empty_database, scope="other POST /v1/things") == (True, REPLY)


def test_a_secret_is_never_shown_again(empty_database):
    ask(empty_database, store=False)
    with pytest.raises(Conflict) as refusal:
        ask(empty_database, store=False)
    assert refusal.value.code == "secret-already-shown"


def test_a_failed_request_leaves_the_key_free(empty_database):
    def work(unit):
        claim(unit, "s", "key-1", b"body")
        raise KeyError

    with pytest.raises(KeyError):
        empty_database.write(SYSTEM, work)
    assert ask(empty_database, scope="s") == (True, REPLY)


def test_concurrent_requests_act_once_and_all_get_the_reply(empty_database):
    barrier = threading.Barrier(6, timeout=60)

    def run():
        barrier.wait()
        return ask(empty_database)

    with ThreadPoolExecutor(6) as pool:
        answers = [done.result() for done in [pool.submit(run) for _ in range(6)]]
    assert sorted(ran for ran, _ in answers) == [False] * 5 + [True]
    assert {reply for _, reply in answers} == {REPLY}
    assert times_run(empty_database) == 1
