"""As of (截至): up to which entry of the journal a figure counts, asked for by seq, by instant or by day.

A seq says it exactly and for ever; an instant or a day only finds the seq. The public may name ends of months alone, because the
difference of two answers tells what was recorded between them, and between two neighbouring entries that is one contract.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from market.access import Permission
from market.errors import FieldError, Forbidden, Invalid
from market.journal.model import JournalEntry
from market.journal.read import head
from market.statistics.model import ClosedStretch, LedgerLine
from market.store.session import Unit
from market.store.types import SHANGHAI, civil_date, month_of, now

SETTLING = 60_000_000
"""Microseconds an instant must lie back if no entry follows it: one stamped before it may not be committed yet."""

_SEQ = re.compile(r"[0-9]{1,1000}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRESENT = 2**63 - 1
"""The stretch whose cells are those of the present."""
_FAR = 2**63
"""An instant beyond the calendar."""


@dataclass(frozen=True)
class Point:
    """A state of the journal: all entries up to `seq`, which was recorded at `instant` (None: there are none).

    `month` is the recorded month (None: the present, nothing follows), and the cells of `stretch` are the nearest. If they are
    from before the point, the lines `since` a seq are missing there; if from after it, those `until` a seq are too many (both
    None: no line is between). The stretch that is open has the cells of the present.
    """

    seq: int
    instant: int | None
    month: int | None = None
    stretch: int = 0
    since: int | None = None
    until: int | None = None
    over: int = field(default=0, compare=False)
    """The last month (yyyymm, 0: none) that was over: at the instant or day named, else when `seq` was recorded."""


def point_for_all(unit: Unit, asked: str | None, default: str) -> Point:
    """The point a question of anyone is asked of.

    Who sees small cells may name any; all others ends of months, and without one get the present, or the last month end if
    `default` is `month_end`.
    """
    if not unit.actor.may(Permission.SEE_SMALL_CELLS):
        if asked is None and default == "month_end":
            asked = _last_month_end()
        elif asked is not None and not _ends_month(asked):
            _parse(asked, "as_of")
            message = (
                "Without the right to see small cells as_of may only be the last day of a month, such as 2026-01-31."
            )
            raise Forbidden(message, code="month-ends-only", errors=[FieldError("/as_of", "month-ends-only", message)])
    return point(unit, asked)


def point(unit: Unit, asked: str | None, name: str = "as_of") -> Point:
    """The point that a parameter names: a seq, an RFC 3339 instant or a day (its end in Asia/Shanghai); None: the present."""
    last = head(unit)
    present = _at(Point(last.seq, last.recorded_at if last.seq else None))
    if asked is None:
        return present
    seq, instant = _parse(asked, name)
    if instant is not None:
        if instant > max(now(), last.recorded_at):
            raise Invalid.field(f"/{name}", "future-as-of", "This instant has not come yet.")
        if instant >= last.recorded_at:
            if instant > now() - SETTLING:
                message = (
                    f"An entry of before may still come: wait a minute, or name a seq; the last one is {last.seq}."
                )
                raise Invalid.field(f"/{name}", "unsettled-as-of", message)
            return _at(present, instant)
        return _at(_past(unit, _last_by(unit, instant)), instant)
    if seq > last.seq:
        raise Invalid.field(f"/{name}", "future-as-of", f"The journal ends at seq {last.seq}.")
    return present if seq == last.seq else _at(_past(unit, seq))


def _at(found: Point, instant: int | None = None) -> Point:
    """The point with the month that was over at this instant, or else at its own; the last microsecond of a month ends it."""
    instant = found.instant if instant is None else instant
    if instant is None:
        return found
    month = month_of(civil_date(max(instant, 0) + 1))
    return replace(found, over=month - 1 if month % 100 > 1 else month - 89)


def _parse(asked: str, name: str) -> tuple[int, int | None]:
    """A seq, or an instant."""
    try:
        if _SEQ.match(asked):
            return int(asked), None
        if _DAY.match(asked):
            return 0, _end_of(date.fromisoformat(asked))
        if _INSTANT.match(asked):
            return 0, _micros(datetime.fromisoformat(asked))
    except OverflowError:
        return 0, _FAR
    except ValueError:
        pass
    message = (
        "A journal seq (10740), a day (2026-01-31: its end in Asia/Shanghai) or an instant (2026-01-31T16:00:00Z)."
    )
    raise Invalid.field(f"/{name}", "bad-as-of", message)


def _end_of(day: date) -> int:
    following = day + timedelta(days=1)
    return _midnight(following) - 1


def _midnight(day: date) -> int:
    return _micros(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _ends_month(asked: str) -> bool:
    if not _DAY.match(asked):
        return False
    try:
        return (date.fromisoformat(asked) + timedelta(days=1)).day == 1
    except OverflowError:
        return True
    except ValueError:
        return False


def _last_month_end() -> str:
    """The last day of the last month that is over and settled."""
    return (civil_date(now() - SETTLING).replace(day=1) - timedelta(days=1)).isoformat()


def _last_by(unit: Unit, instant: int) -> int:
    latest_first = (
        select(JournalEntry.seq)
        .where(JournalEntry.recorded_at <= instant)
        .order_by(JournalEntry.recorded_at.desc(), JournalEntry.seq.desc())
    )
    return unit.execute(latest_first.limit(1)).scalar() or 0


def _past(unit: Unit, seq: int) -> Point:
    """The point of a seq that is followed by others."""
    if seq == 0:
        return Point(0, None, month=0)
    entry = select(JournalEntry.recorded_at, JournalEntry.rec_month).where(JournalEntry.seq == seq)
    this = unit.execute(entry).one()
    instant, month = this.recorded_at, this.rec_month
    stretches = select(ClosedStretch.since, ClosedStretch.until).where(ClosedStretch.since <= seq)
    begun = unit.execute(stretches.order_by(ClosedStretch.since.desc()).limit(1)).first()
    since, until = (begun.since, begun.until) if begun else (0, 0)
    if until <= seq:
        opened = unit.execute(select(func.min(LedgerLine.seq)).where(LedgerLine.seq > until)).scalar()
        if opened is None or opened > seq:
            return Point(seq, instant, month, since)
        last = unit.execute(select(func.max(LedgerLine.seq))).scalar_one()
        if seq - opened < last - seq:
            return Point(seq, instant, month, since, since=opened)
        return Point(seq, instant, month, PRESENT, until=last)
    if seq - since < until - seq:
        return Point(seq, instant, month, since - 1, since=since)
    return Point(seq, instant, month, since, until=until)
