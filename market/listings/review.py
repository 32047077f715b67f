"""Reviewing listings (审核) where the market wants it: the queue, the verdict by a rubric, what was said, and likely duplicates.

A listing waits while `submitted_at` is set. Criteria (`listing_review_criterion`, 0 to 5 each) and the share of the full score
that passes (`listing.review_pass`) are data; a zero refuses whatever the rest. Nobody reviews what is their own organisation's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import select

from market.access import Permission
from market.errors import Conflict, FieldError, Forbidden, check, check_version
from market.fields.queries import code_lists
from market.journal.model import JournalEntry
from market.listings.actions import lock, published_now, write
from market.listings.completeness import missing
from market.listings.finding import text_of
from market.listings.model import Listing
from market.listings.queries import bindings, by_ids, one, sees_all_of, shown, viewer, visible_to
from market.places.queries import tree
from market.rules.queries import rule
from market.search.terms import normal, terms_of
from market.store.paging import Page, Sort, fetch_page
from market.store.session import Unit
from market.store.types import now, today

CRITERIA = "listing_review_criterion"
FULL_SCORE = 5
_LOOKED_AT = 20
"""So many listings with like words are compared whole."""
_WAITING = Sort((Listing.submitted_at, Listing.id), ("submitted_at", "id"))
_HISTORY = Sort((JournalEntry.seq,), ("seq",))
_VERDICTS = {"listing.approved": "approved", "listing.refused": "refused"}


def judge_listing(
    unit: Unit,
    kind: str,
    listing_id: str,
    *,
    scores: Sequence[Mapping[str, Any]],
    comment: str | None,
    expected: int | None,
) -> dict[str, Any]:
    """Score a listing that waits; approved everybody sees it, refused its owner only, who may mend and publish it again.

    `scores`: one for each criterion, `criterion`, `score` and perhaps a `comment`. Answers it as the reviewer left it.
    """
    row = lock(unit, kind, listing_id)
    if row["owner"] == unit.actor.organisation:
        raise Forbidden("Nobody reviews what is their own organisation's.", code="own-listing")
    check_version(row["version"], expected)
    if row["submitted_at"] is None:
        raise Conflict("It does not wait for a review.", code="not-waiting")
    check(_wrong_scores(unit, scores))
    points = [each["score"] for each in scores]
    passed = all(points) and 100 * sum(points) >= rule(unit, "listing.review_pass", today()).number * FULL_SCORE * len(
        points
    )
    if not passed:
        facts = {"submitted_at": None, "refused_at": now(), "published_at": None}
    elif row["published_at"] is not None:
        facts = {"submitted_at": None}
    else:
        again = row["first_published_at"] is not None
        facts = {"submitted_at": None, **published_now(unit, row)}
        facts |= {"published_at": row["ordered_at"], "ordered_at": row["ordered_at"]} if again else {}
    said = {"scores": [dict(each) for each in scores], "comment": comment}
    after = write(unit, row, facts, "listing.approved" if passed else "listing.refused", review=said)
    return shown(after, unit.actor, tree(unit), today())


def _wrong_scores(unit: Unit, scores: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    known = [item.code for item in code_lists(unit).items(CRITERIA)]
    given = [each["criterion"] for each in scores]
    errors = [
        FieldError(f"/scores/{index}/criterion", "unknown-value", f"Not a code of the list {CRITERIA}.")
        for index, criterion in enumerate(given)
        if criterion not in known
    ]
    if not errors and sorted(given) != sorted(known):
        errors.append(FieldError("/scores", "incomplete", f"Each of {', '.join(known)}, once."))
    return errors


def queue(unit: Unit, *, kind: str | None, cursor: str | None, limit: int) -> Page:
    """What waits for a review, longest first, but for one's own organisation's."""
    given = {**bindings(unit.actor), "me": unit.actor.organisation}
    statement = visible_to(viewer(unit.actor)).where(
        Listing.submitted_at.is_not(None), Listing.owner != unit.actor.organisation
    )
    if kind is not None:
        statement = statement.where(Listing.kind == kind)
    page = fetch_page(unit, statement, _WAITING, ["review-queue", kind], cursor, limit, given)
    places, day = tree(unit), today()
    return Page([_waiting(shown(row._mapping, unit.actor, places, day)) for row in page.rows], page.next)


def _waiting(row: dict[str, Any]) -> dict[str, Any]:
    of_kind = {kind: row if kind == row["kind"] else None for kind in ("achievement", "demand")}
    return {"kind": row["kind"], "waiting_since": row["submitted_at"], **of_kind}


def page_of_reviews(unit: Unit, kind: str, listing_id: str, *, cursor: str | None, limit: int) -> Page:
    """What reviewers said of a listing, oldest first; for its owner and reviewers."""
    _concerned(unit, one(unit, kind, listing_id))
    statement = select(
        JournalEntry.seq,
        JournalEntry.kind,
        JournalEntry.subject_version,
        JournalEntry.recorded_at,
        JournalEntry.payload,
    ).where(JournalEntry.subject == listing_id, JournalEntry.kind.in_(_VERDICTS))
    page = fetch_page(unit, statement, _HISTORY, ["listing-reviews", listing_id], cursor, limit)
    return Page(
        [
            {
                "version": row.subject_version,
                "verdict": _VERDICTS[row.kind],
                "recorded_at": row.recorded_at,
                **orjson.loads(row.payload)["review"],
            }
            for row in page.rows
        ],
        page.next,
    )


def check_listing(unit: Unit, kind: str, listing_id: str) -> dict[str, Any]:
    """What a listing lacks and why that matters, and which published ones it may repeat; for its owner and reviewers."""
    row = one(unit, kind, listing_id)
    _concerned(unit, row)
    lacks = missing(kind, row)
    return {
        "publishable": not any(each.blocks for each in lacks),
        "complete": not lacks,
        "missing": [each.told() for each in lacks],
        "duplicates": _duplicates(unit, row),
    }


def _concerned(unit: Unit, row: Mapping[Any, Any]) -> None:
    if not (sees_all_of(unit.actor, row) or unit.actor.may(Permission.REVIEW_LISTINGS)):
        raise Forbidden("For its owner and reviewers only.", code="not-owner")


def _duplicates(unit: Unit, row: Mapping[Any, Any]) -> list[dict[str, Any]]:
    """Published listings of the same kind with nearly the same title or text, the likest first."""
    import numpy as np

    from market.search.queries import Index, Ranking

    index = Index(unit, [row["kind"]])
    near: set[str] = set()
    for text in (row["title"], text_of(row)):
        shares = index.shares(terms_of(normal(text)))
        scores = [(section, index.text_scores(section, shares) * section.live) for section in index.sections]
        ranking = Ranking(index, [(section, (ids := np.flatnonzero(found)), found[ids]) for section, found in scores])
        near |= {hit.listing_id for hit in ranking.take(_LOOKED_AT + 1)}
    rows = by_ids(unit, sorted(near - {row["id"]})).values()
    least = rule(unit, "listing.duplicate_from", today()).number
    found = [
        {"id": other["id"], "title": other["title"], "likeness": likeness}
        for other in rows
        if (likeness := _likeness(row, other)) >= least
    ]
    return sorted(found, key=lambda each: (-each["likeness"], each["id"]))


def _likeness(one_row: Mapping[Any, Any], other: Mapping[Any, Any]) -> int:
    """How much of their words two listings share, in hundredths: of the titles or of all that is written."""
    pairs = ((one_row["title"], other["title"]), (text_of(one_row), text_of(other)))
    return max(_shared(terms_of(normal(left)), terms_of(normal(right))) for left, right in pairs)


def _shared(left: Counter[str], right: Counter[str]) -> int:
    together = left.total() + right.total()
    return 200 * (left & right).total() // together if together else 0
