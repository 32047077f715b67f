"""Cells of years, and of a past point as they stood when its month was closed; the ledger's index has its numbers first"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

DIMENSIONS = [
    *("seller_place", "seller_league", "seller_province", "buyer_place", "buyer_league", "buyer_province"),
    *("contract_type", "contract_subtype", "field", "ip_type", "plan_source", "served_industry"),
    *("socio_economic_objective", "payment_mode", "seller_nature", "buyer_nature", "office"),
    *("office_place", "linked_demand", "linked_achievement"),
]
SUMS = ["sign", "total", "tech", "income"]
NUMBERS = range(13, 28)
BEFORE = (1, 2, 3, 4, 5, 7, -2, -3, -5, -7, -8, -9, -10, -12)


def upgrade() -> None:
    _begin_with(NUMBERS)
    _index(*SUMS, *DIMENSIONS)


def downgrade() -> None:
    _begin_with(BEFORE)
    _index(*DIMENSIONS, *SUMS)


def _begin_with(numbers: range | tuple[int, ...]) -> None:
    """Over an empty ledger every cuboid is whole; over another one `market migrate` builds them afterwards, from nothing."""
    op.execute("DELETE FROM deal_cell")
    op.execute("DELETE FROM cuboid")
    for number in numbers:
        op.execute(f"INSERT INTO cuboid (number, ready) SELECT {number}, TRUE WHERE NOT EXISTS (SELECT 1 FROM ledger)")


def _index(*behind: str) -> None:
    """Make the index that answers questions anew, with these columns in this order."""
    op.drop_index("ix_ledger_question", "ledger")
    op.create_index("ix_ledger_question", "ledger", ["stat_month", "seq", "flow", *behind])
