"""What a registration means for the listings it names: a demand is answered, an achievement may be used up.

A demand is closed by any live contract that names it, an achievement only by one that leaves nothing for others: a transfer, an
exclusive or a sole licence. Ended or changed, the contract gives them back unless another one answers them.

Strangers cannot answer a listing by naming it: its owner must be a party, or a party have agreed on it in talks, as when the
owner is a broker. Naming it is not refused, since that would tell who the owner is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import exists, or_, select

from market.contracts.model import Contract
from market.dealings.model import Dealing
from market.listings.actions import mark_closed
from market.listings.model import Listing
from market.organisations.model import Organisation
from market.store.session import Unit

_COLUMNS = (Contract.achievement_id, Contract.demand_id)
_USES_UP = or_(
    Contract.contract_type == "TRANSFER",
    Contract.contract_subtype.in_(("LICENSE_PATENT_EXCLUSIVE", "LICENSE_PATENT_SOLE")),
)
_PARTIES = (Contract.seller_organisation, Contract.buyer_organisation)
_BY_ITS_OWNER = or_(
    Listing.owner.in_(_PARTIES),
    exists().where(
        Organisation.id == Listing.owner, Organisation.credit_code.in_((Contract.seller_code, Contract.buyer_code))
    ),
    exists().where(
        or_(Dealing.listing_id == Listing.id, Dealing.from_listing == Listing.id),
        Dealing.agreed_at.is_not(None),
        or_(Dealing.owner.in_(_PARTIES), Dealing.seeker.in_(_PARTIES)),
    ),
)


def settle(unit: Unit, rows: Iterable[Mapping[str, Any]]) -> None:
    """Close or reopen the listings that these versions of contracts name, as the register now stands."""
    named = {row[column.name]: column for row in rows for column in _COLUMNS if row[column.name] is not None}
    for listing_id, column in sorted(named.items(), key=lambda item: item[0]):
        answering = select(Contract.id, Contract.registered_on).join(Listing, Listing.id == column)
        answering = answering.where(column == listing_id, Contract.state == "registered", _BY_ITS_OWNER)
        if column is Contract.achievement_id:
            answering = answering.where(_USES_UP)
        first = unit.execute(answering.order_by(Contract.registered_on, Contract.id).limit(1)).first()
        mark_closed(unit, listing_id, first and first.registered_on, first and first.id)
