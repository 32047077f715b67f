"""What a registration means for the listings it names: a demand is answered, an achievement may be used up.

A demand is closed by any live contract that names it, an achievement only by one that leaves nothing for others: a transfer, an
exclusive or a sole licence. Ended or changed, the contract gives them back unless another one answers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select

from market.contracts.model import Contract
from market.listings.actions import mark_closed
from market.store.session import Unit

_COLUMNS = (Contract.achievement_id, Contract.demand_id)
_USES_UP = or_(
    Contract.contract_type == "TRANSFER",
    Contract.contract_subtype.in_(("LICENSE_PATENT_EXCLUSIVE", "LICENSE_PATENT_SOLE")),
)


def settle(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Close or reopen the listings that these versions of contracts name, as the register now stands."""
    named = {row[column.name]: column for row in rows for column in _COLUMNS if row[column.name] is not None}
    for listing_id, column in sorted(named.items(), key=lambda item: item[0]):
        answering = select(Contract.id, Contract.registered_on).where(
            column == listing_id, Contract.state == "registered"
        )
        if column is Contract.achievement_id:
            answering = answering.where(_USES_UP)
        first = unit.execute(answering.order_by(Contract.registered_on, Contract.id).limit(1)).first()
        mark_closed(unit, listing_id, first and first.registered_on, first and first.id)
