"""What achievements and demands have in common beyond posting: renewal, copies, versions, files, checks and reviews.

Each route is declared once here and stands twice in the URL map, under `/v1/achievements/<id>` and `/v1/demands/<id>`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import current_app

from api.gate import allow, public
from api.listings.schemas import (
    AttachQuery,
    DifferenceOut,
    DifferenceQuery,
    ListingCheckOut,
    QueueQuery,
    RenewIn,
    ReviewIn,
    ReviewOut,
    VersionOut,
    WaitingOut,
)
from api.representations import AchievementOut, AttachmentOfListingOut, DemandOut
from api.routes import Accepted, Created, File, Routes
from market.access import Permission
from market.files.actions import MAX_BYTES
from market.files.media import saved_as
from market.listings import actions, queries, review, versions
from market.store.paging import Page
from market.store.session import Unit

Row = dict[str, Any]
_KINDS = (
    ("achievement", Permission.LIST_ACHIEVEMENT, AchievementOut),
    ("demand", Permission.POST_DEMAND, DemandOut),
)


def review_mode() -> str:
    """Who reads listings before or after everybody does (`MARKET_REVIEW`)."""
    mode: str = current_app.extensions["settings"].review
    return mode


def published(unit: Unit, kind: str, id: str, expected: int | None) -> Row | Accepted:
    """Publish a listing; Accepted while a reviewer must read it first."""
    actions.publish(unit, kind, id, expected, review_mode())
    row = queries.find(unit, kind, id)
    return Accepted(row) if row["state"] == "in_review" else row


def add_to(routes: Routes) -> None:
    """Declare all of it."""
    for kind, permission, out in _KINDS:
        _declare(routes, kind, f"/v1/{kind}s/<id>", permission, out)

    @routes.list("/v1/review-queue", item=WaitingOut, query=QueueQuery)
    @allow(Permission.REVIEW_LISTINGS)
    def list_review_queue(unit: Unit, query: Row) -> Page:
        """Listings that wait for a review, longest first

        Without what is one's own organisation's.
        """
        return review.queue(unit, **query)


def _of(kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name a view after its kind."""

    def name(view: Callable[..., Any]) -> Callable[..., Any]:
        view.__name__ = f"{view.__name__}_{kind}"
        return view

    return name


def _declare(routes: Routes, kind: str, path: str, permission: Permission, out: Any) -> None:
    @routes.change(f"{path}/renew", body=RenewIn, reply=out)
    @allow(permission)
    @_of(kind)
    def renew(unit: Unit, id: str, body: Row, expected: int | None) -> Row:
        """Let one's own listing be shown for longer

        Published or expired; its place in lists and its freshness stay. Once done, it may be repeated.
        """
        actions.renew(unit, kind, id, body["valid_until"], expected)
        return queries.find(unit, kind, id)

    @routes.create(f"{path}/copy", reply=out)
    @allow(permission)
    @_of(kind)
    def copy(unit: Unit, id: str) -> Created:
        """Copy one's own listing into a new draft

        Without its files and days that are over; published, it is as fresh as the first one.
        """
        row = actions.copy(unit, kind, id)
        return Created(row, f"/v1/{kind}s/{row['id']}")

    @routes.ask(f"{path}/check", reply=ListingCheckOut)
    @allow(Permission.IDENTIFY)
    @_of(kind)
    def check(unit: Unit, id: str) -> Row:
        """What a listing lacks, why that matters, and what it may repeat

        For its owner and reviewers; nothing is written. Only what `blocks` keeps it from being published.
        """
        return review.check_listing(unit, kind, id)

    @routes.list(f"{path}/versions", item=VersionOut)
    @public
    @_of(kind)
    def list_versions_of(unit: Unit, id: str, query: Row) -> Page:
        """The versions of a listing, oldest first

        Others than its owner read those that everybody saw. A page may hold fewer than its limit.
        """
        return versions.page_of_versions(unit, kind, id, **query)

    @routes.get(f"{path}/versions/<version>", reply=out)
    @public
    @_of(kind)
    def show_version_of(unit: Unit, id: str, version: str) -> Row:
        """A listing as it stood in one version"""
        return versions.version_of(unit, kind, id, version)

    @routes.get(f"{path}/diff", reply=DifferenceOut, query=DifferenceQuery)
    @public
    @_of(kind)
    def compare_versions_of(unit: Unit, id: str, query: Row) -> Row:
        """What differs between two versions, field by field"""
        return versions.difference(unit, kind, id, **query)

    @routes.upload(f"{path}/attachments", query=AttachQuery, reply=AttachmentOfListingOut, most=MAX_BYTES)
    @allow(permission)
    @_of(kind)
    def attach_to(unit: Unit, id: str, query: Row, content: bytes) -> Created:
        """Add a file to one's own listing: the file is the body

        PDF, OFD, PNG or JPEG, told by its content. It makes a new version; the same file under the same name does not.
        """
        confidential = query["confidential"] == "true"
        row = actions.attach(
            unit, kind, id, name=query["name"], content=content, confidential=confidential, review=review_mode()
        )
        return Created(row, f"/v1/{kind}s/{id}/attachments/{row['id']}")

    @routes.file(f"{path}/attachments/<file>", media="application/octet-stream")
    @public
    @_of(kind)
    def get_attachment_of(unit: Unit, id: str, file: str) -> File:
        """A file of a listing, always to be saved and never to be shown in place

        Its owner may read what was removed later too.
        """
        row = versions.file_of(unit, kind, id, file)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(saved_as(row['name'], row['media']), safe='')}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-cache",
        }
        return File(row["content"], f'"{row["sha256"]}"', headers)

    @routes.change(f"{path}/review", body=ReviewIn, reply=out)
    @allow(Permission.REVIEW_LISTINGS)
    @_of(kind)
    def review_one(unit: Unit, id: str, body: Row, expected: int | None) -> Row:
        """Review a listing that waits

        The verdict follows from the scores: a share of the full score, and no zero. Nobody reviews what is their own
        organisation's. Refused, it is its owner's to mend and publish again.
        """
        return review.judge_listing(unit, kind, id, **body, expected=expected)

    @routes.list(f"{path}/reviews", item=ReviewOut)
    @allow(Permission.IDENTIFY)
    @_of(kind)
    def list_reviews_of(unit: Unit, id: str, query: Row) -> Page:
        """What reviewers said of a listing; for its owner and reviewers"""
        return review.page_of_reviews(unit, kind, id, **query)
