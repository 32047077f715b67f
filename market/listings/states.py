"""The state of a listing: never stored, always what its dated facts say, here in Python and as the same in SQL.

draft → in_review → published → matched → closed | withdrawn | expired | refused. Ask `state_of` of a row, `IN_STATE` in a
statement, `is_listed` for what stands in entries and index (those that expired are passed over there by their day).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_

from market.listings.model import Listing
from market.store.types import CivilDate

STATES = ("draft", "in_review", "published", "matched", "closed", "withdrawn", "expired", "refused")
LIVE = ("published", "matched")
"""What everybody sees."""
TODAY = bindparam("today", type_=CivilDate)


def state_of(row: Mapping[Any, Any], day: date) -> str:
    """The state that follows from a listing's facts on a day."""
    if row["closed_on"] is not None:
        return "closed"
    if row["withdrawn_at"] is not None:
        return "withdrawn"
    if row["refused_at"] is not None:
        return "refused"
    if row["published_at"] is None:
        return "draft" if row["submitted_at"] is None else "in_review"
    if row["valid_until"] is not None and row["valid_until"] < day:
        return "expired"
    return "published" if row["matched_on"] is None else "matched"


def is_listed(row: Mapping[Any, Any]) -> bool:
    """Is it live, or was it until it expired?"""
    ends = (row["closed_on"], row["withdrawn_at"], row["refused_at"])
    return row["published_at"] is not None and ends == (None, None, None)


_OPEN = and_(Listing.closed_on.is_(None), Listing.withdrawn_at.is_(None), Listing.refused_at.is_(None))
_UNPUBLISHED = and_(_OPEN, Listing.published_at.is_(None))
IS_LIVE = and_(
    _OPEN, Listing.published_at.is_not(None), or_(Listing.valid_until.is_(None), Listing.valid_until >= TODAY)
)
"""Published or matched. Takes `today`."""
IN_STATE: dict[str, ColumnElement[bool]] = {
    "draft": and_(_UNPUBLISHED, Listing.submitted_at.is_(None)),
    "in_review": and_(_UNPUBLISHED, Listing.submitted_at.is_not(None)),
    "published": and_(IS_LIVE, Listing.matched_on.is_(None)),
    "matched": and_(IS_LIVE, Listing.matched_on.is_not(None)),
    "closed": Listing.closed_on.is_not(None),
    "withdrawn": and_(Listing.closed_on.is_(None), Listing.withdrawn_at.is_not(None)),
    "expired": and_(_OPEN, Listing.published_at.is_not(None), Listing.valid_until < TODAY),
    "refused": and_(Listing.closed_on.is_(None), Listing.withdrawn_at.is_(None), Listing.refused_at.is_not(None)),
}
"""The same as `state_of`. Takes `today`."""
