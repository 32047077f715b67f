"""The refusals of the market: stable codes and plain words, no HTTP.

Raise one of these wherever the business says no. `api/problems.py` maps each class to a status and a problem type; a test
keeps that map total.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One wrong field: JSON pointer into the request body, a stable code, and a sentence."""

    pointer: str
    code: str
    message: str


class MarketError(Exception):
    """Base of every refusal. `code` is stable and public; `detail` is a sentence for people."""

    code = "refused"
    record: Callable[[Any], None] | None = None
    """What is still stored, in a unit of its own, although the refused one is undone (a wrong try is counted)."""

    def __init__(self, detail: str, *, code: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = tuple(errors)


class Invalid(MarketError):
    """The request is well-formed, but its content breaks a rule; `errors` names every wrong field."""

    code = "invalid"

    @classmethod
    def field(cls, pointer: str, code: str, message: str) -> Invalid:
        """A refusal with one wrong field."""
        return cls(message, errors=[FieldError(pointer, code, message)])


class Unauthenticated(MarketError):
    """No valid key was presented."""

    code = "unauthenticated"


class Forbidden(MarketError):
    """The key is valid, but its role may not do this."""

    code = "forbidden"


class NotFound(MarketError):
    """There is no such thing, or the caller may not know of it."""

    code = "not-found"


class Conflict(MarketError):
    """The state of things does not allow it; `code` says which rule."""

    code = "conflict"


class Stale(MarketError):
    """The thing has changed since the caller read it."""

    code = "stale"


class Busy(MarketError):
    """Another request holds what this one needs, and the bounded wait has run out."""

    code = "busy"


class Unavailable(MarketError):
    """The store cannot be reached or will not answer; nothing was stored."""

    code = "unavailable"


class OutcomeUnknown(MarketError):
    """The connection was lost while committing: stored or not, the idempotency key resolves it."""

    code = "outcome-unknown"


def check(errors: Sequence[FieldError], detail: str = "The request breaks a rule.") -> None:
    """Raise `Invalid` with all of `errors`, if there are any."""
    if errors:
        raise Invalid(detail, errors=errors)


def check_version(actual: int, expected: int | None) -> None:
    """Refuse to change a version other than the one the caller read (None: any)."""
    if expected is not None and actual != expected:
        raise Stale("It has changed since you read it; read it again.")
