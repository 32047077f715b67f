"""No combination of what may be shown is about too few contracts; the auditor does not know how the rule works."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from market.statistics.disclosure import Grain, Table
from tests.market.statistics.audit import told

LEAST = 3
COARSER = {"banner": ("league",), "month": ("quarter",)}
GRAINS = [
    Grain((), ("banner",)),
    Grain((), ("banner", "type")),
    Grain((), ("type", "league")),
    Grain(("type",), ("banner",)),
    Grain(("month",), ("league",)),
    Grain(("month",), ("type", "banner")),
    Grain(("month", "type"), ("banner",)),
    Grain(("banner", "type"), ()),
]


@st.composite
def tables(draw: Any) -> list[tuple[dict[str, str], int]]:
    values = st.tuples(st.sampled_from("aAbBcC"), st.sampled_from("xyz"), st.sampled_from("1234"))
    cells = draw(st.dictionaries(values, st.integers(1, 5), min_size=1, max_size=22))
    return [
        (
            {
                "banner": banner,
                "league": banner.lower(),
                "type": kind,
                "month": month,
                "quarter": "I" if month in "12" else "II",
            },
            deals,
        )
        for (banner, kind, month), deals in cells.items()
    ]


def sums(table: Table, grain: Grain, kept: set[Any]) -> list[dict[str, int]]:
    """What the shown cells of a grain count, contract by contract."""
    found: dict[Any, dict[str, int]] = {cell: {} for cell in kept}
    for number, (row, deals) in enumerate(table.rows):
        for cell in cells(row, grain):
            if cell in found:
                found[cell] |= {f"{number}.{deal}": 1 for deal in range(deals)}
    return list(found.values())


def cells(row: Any, grain: Grain) -> list[Any]:
    """The cells of a grain that a row stands in."""
    held, key = (tuple(row[name] for name in names) for names in (grain.conditions, grain.cuts))
    return [(held, key[:depth]) for depth in range(len(key) + 1)]


def shown(table: Table, grain: Grain) -> set[Any]:
    """The cells of a grain that the rule lets show."""
    nest = table.judged(grain)
    return {
        node
        for (row, _), chain in zip(table.rows, nest.chains, strict=True)
        for node, cell in zip(cells(row, grain), chain, strict=True)
        if cell in nest.shown
    }


def contracts(table: Table) -> list[str]:
    return [f"{number}.{deal}" for number, (_, deals) in enumerate(table.rows) for deal in range(deals)]


@settings(max_examples=150, deadline=None)
@given(rows=tables(), grain=st.sampled_from(GRAINS))
def test_two_related_questions_tell_nothing_of_too_few(rows, grain):
    table = Table(rows, LEAST, COARSER)
    own = sums(table, grain, shown(table, grain))
    assert not list(told(own, contracts(table), LEAST))
    for other in table.relatives(grain):
        both = own + sums(table, other, shown(table, other))
        assert not list(told(both, contracts(table), LEAST)), other


def primary(table: Table, grain: Grain) -> set[Any]:
    """The cells that are large enough by themselves."""
    deals: dict[Any, int] = {}
    for row, number in table.rows:
        for node in cells(row, grain):
            deals[node] = deals.get(node, 0) + number
    return {node for node, number in deals.items() if number >= LEAST}


def table_of(cells: dict[str, int]) -> Table:
    """Deals by banner and type, each of one letter."""
    return Table([({"banner": key[0], "type": key[1]}, deals) for key, deals in cells.items()], LEAST, {})


def test_the_rest_of_a_line_would_tell_its_small_cell():
    table, grain = table_of({"ax": 1, "bx": 9, "cx": 5}), Grain((), ("banner",))
    large = primary(table, grain)
    assert list(told(sums(table, grain, large), contracts(table), LEAST)) == [("0.0",)]
    assert large - shown(table, grain) == {((), ("c",))}


def test_two_questions_would_tell_what_each_alone_does_not():
    """All five of a are x; x has one more. So x less the total of a is that one."""
    table, grain = table_of({"ax": 5, "bx": 1, "by": 9}), Grain(("banner",), ("type",))
    [without, *_] = table.relatives(grain)
    assert without == Grain((), ("type",))
    assert ((), ("x",)) in shown(table, without)
    both = sums(table, without, shown(table, without))
    assert not list(told(both, contracts(table), LEAST))
    large = sums(table, grain, {(("a",), ())})
    assert list(told(both + large, contracts(table), LEAST)) == [("1.0",)]
    assert (("a",), ()) not in shown(table, grain)


def test_nothing_is_hidden_where_no_cell_is_small():
    table = table_of({"ax": 3, "ay": 4, "bx": 5, "by": 6})
    for grain in (Grain((), ("banner", "type")), Grain(("banner",), ("type",)), Grain(("banner", "type"), ())):
        assert shown(table, grain) == primary(table, grain)
