"""Disclosure control (保密处理): which amounts may be shown, so that nobody can subtract their way to those that may not.

The rule itself, on a plain table of deals; `weighing` makes the table of a question. Counts are no secret.

**The rule.** A *grain* is a kind of question: its conditions (period level, basis, region, filters) and its cuts in order. All
cells of a grain, whatever values its conditions have, are nested sets of contracts. A cell of 1 to k-1 contracts is hidden. Then
more cells are hidden until no linear combination of shown cells of this grain, or of this grain and one that has one condition
less or coarser or one cut coarser, involves 1 to k-1 contracts. So what can be worked out at all is about k contracts or more.

**Why it can be decided.** Two families of nested sets make a graph: each contract is an edge from the smallest shown cell of the
first family that it stands in to that of the second, and to the ground where it stands in none. A combination gives each cell a
potential, and involves the contracts whose two ends differ. So the least that can be told is the least cut of the graph, and
the rule says that no cut may have 1 to k-1 edges. Hiding a cell joins it to the one around it, which never makes a cut smaller:
cells may be hidden in any order, and every further one only adds to the protection.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

Key = tuple[str, ...]
Row = tuple[Mapping[str, str], int]
"""Values by column, and how many deals have them."""

GROUND = -1
"""In place of a cell: none around."""


@dataclass(frozen=True)
class Grain:
    """A kind of question: columns that are conditions, and those that are cuts."""

    conditions: tuple[str, ...]
    cuts: tuple[str, ...]


class Nest:
    """The cells of a grain as numbers: by row those it stands in (the widest first), by cell its deals and the next wider."""

    def __init__(self, rows: Sequence[Row], grain: Grain) -> None:
        self.keys: list[Key] = []
        self.deals: list[int] = []
        self.wider: list[int] = []
        self.narrower: list[list[int]] = []
        self.chains: list[list[int]] = []
        self.shown: set[int] = set()
        numbers: dict[tuple[Key, Key], int] = {}
        depths = range(len(grain.cuts) + 1)
        for row, deals in rows:
            held, key = tuple([row[name] for name in grain.conditions]), tuple([row[name] for name in grain.cuts])
            chain, wider = [], GROUND
            for depth in depths:
                number = numbers.setdefault((held, key[:depth]), len(numbers))
                if number == len(self.keys):
                    self.keys.append(key[:depth])
                    self.deals.append(0)
                    self.wider.append(wider)
                    self.narrower.append([])
                    if wider != GROUND:
                        self.narrower[wider].append(number)
                self.deals[number] += deals
                chain.append(number)
                wider = number
            self.chains.append(chain)

    def innermost(self) -> list[int]:
        """By row the smallest shown cell it stands in."""
        shown = self.shown
        return [next((cell for cell in reversed(chain) if cell in shown), GROUND) for chain in self.chains]

    def within(self, cell: int) -> Iterator[int]:
        """The largest shown cells that lie in this one."""
        for narrower in self.narrower[cell]:
            if narrower in self.shown:
                yield narrower
            else:
                yield from self.within(narrower)

    def around(self, cell: int) -> int:
        """The smallest shown cell that this one lies in."""
        cell = self.wider[cell]
        while cell != GROUND and cell not in self.shown:
            cell = self.wider[cell]
        return cell


@dataclass
class Table:
    """Deals by everything that a question and its coarser relatives are asked by; judges the cells of grains.

    `least` is k. `coarser` says by column which others its values roll up to; a condition in `kept` is never left out.
    """

    rows: Sequence[Row]
    least: int
    coarser: Mapping[str, tuple[str, ...]]
    kept: frozenset[str] = frozenset()
    _judged: dict[Grain, Nest] = field(default_factory=dict)

    def relatives(self, grain: Grain) -> Iterator[Grain]:
        """The grains with one condition less or coarser, or one cut coarser."""
        for number, name in enumerate(grain.conditions):
            before, after = grain.conditions[:number], grain.conditions[number + 1 :]
            for other in self.coarser.get(name, ()):
                yield replace(grain, conditions=(*before, other, *after))
            if name not in self.kept:
                yield replace(grain, conditions=before + after)
        for number, name in enumerate(grain.cuts):
            for other in self.coarser.get(name, ()):
                yield replace(grain, cuts=(*grain.cuts[:number], other, *grain.cuts[number + 1 :]))

    def work(self, grain: Grain) -> int:
        """How many rows have to be looked at to judge this grain: for each it rolls up to, those beside its relatives'."""
        grains, relatives = 1, 1
        for name in (*grain.conditions, *grain.cuts):
            more = len(self.coarser.get(name, ())) + (name in grain.conditions and name not in self.kept)
            grains *= 1 + more
            relatives += more
        return grains * relatives * len(self.rows)

    def judged(self, grain: Grain) -> Nest:
        """The cells of a grain, with those that may show their amounts."""
        if grain not in self._judged:
            nest = Nest(self.rows, grain)
            nest.shown = {cell for cell, deals in enumerate(nest.deals) if deals >= self.least}
            others: list[Nest | None] = [self.judged(other) for other in self.relatives(grain)]
            for other in others or [None]:
                self._protect(nest, other)
            self._judged[grain] = nest
        return self._judged[grain]

    def _protect(self, nest: Nest, other: Nest | None) -> None:
        """Hide cells until no combination of shown cells of the two involves too few contracts (`other` None: of the one)."""
        graph = Graph(self.least)
        facing = other.innermost() if other else [GROUND] * len(self.rows)
        for cell, beside, (_, deals) in zip(nest.innermost(), facing, self.rows, strict=True):
            graph.connect(cell, GROUND if beside == GROUND else GROUND - 1 - beside, deals)
        while weak := graph.weak():
            # The ground is not among them, so at least one of their cells lies directly in something that is not.
            inside = [cell for cell in weak if cell in nest.shown]
            over = [cell for cell in inside if nest.around(cell) not in weak]
            over += [cell for wide in inside for cell in nest.within(wide) if cell not in weak and cell in graph]
            hidden = min(over, key=lambda cell: (nest.deals[cell], nest.keys[cell], cell))
            nest.shown.remove(hidden)
            graph.join(hidden, nest.around(hidden))


class Graph:
    """A weighted graph in which every cut below `least` is found, to be mended by joining vertices.

    By the scanning lemma of Nagamochi and Ibaraki: when vertices are taken in the order of how strongly they are tied to those
    already taken, each is at least that strongly connected with the one taken before it. So neighbours in this order that are
    tied by `least` or more can be joined, and the last vertex's ties are a cut.
    """

    def __init__(self, least: int) -> None:
        self.least = least
        self._ties: dict[int, dict[int, int]] = {}
        self._into: dict[int, int] = {}
        self._members: dict[int, set[int]] = {}
        self._new: list[int] = []

    def connect(self, one: int, other: int, weight: int) -> None:
        """Tie two vertices by so much more. Only before the first `join`."""
        if one == other:
            return
        for a, b in ((one, other), (other, one)):
            ties = self._ties.setdefault(a, {})
            ties[b] = ties.get(b, 0) + weight
            if a not in self._members:
                self._members[a] = {a}
                self._new.append(a)

    def __contains__(self, vertex: int) -> bool:
        return vertex in self._ties or vertex in self._into

    def join(self, one: int, other: int) -> None:
        """Make one vertex of two."""
        kept, gone = self._vertex(one), self._vertex(other)
        if kept == gone:
            return
        if len(self._ties[kept]) < len(self._ties[gone]):
            kept, gone = gone, kept
        self._into[gone] = kept
        self._members[kept] |= self._members.pop(gone)
        ties = self._ties[kept]
        for vertex, weight in self._ties.pop(gone).items():
            back = self._ties[vertex]
            del back[gone]
            if vertex != kept:
                back[kept] = ties[vertex] = ties.get(vertex, 0) + weight
        self._new.append(kept)

    def weak(self) -> set[int]:
        """The vertices on that side of a cut of less than `least` where the ground isn't; none if there is no such cut."""
        while self._new:
            vertex = self._new.pop()
            ties = self._ties.get(vertex)
            if ties and GROUND not in self._members[vertex] and sum(ties.values()) < self.least:
                self._new.append(vertex)
                return set(self._members[vertex])
        for start in list(self._ties):
            while self._ties.get(start):
                order = self._scan(start)
                last, tie = order[-1]
                if tie < self.least:
                    side = [last] if GROUND not in self._members[last] else [vertex for vertex, _ in order[:-1]]
                    return set().union(*(self._members[vertex] for vertex in side))
                for (before, _), (vertex, tie) in pairwise(order):
                    if tie >= self.least:
                        self.join(before, vertex)
        return set()

    def _scan(self, start: int) -> list[tuple[int, int]]:
        """The vertices that hang together with one, each next the one most strongly tied to those before, with that tie."""
        ties: dict[int, int] = {start: 0}
        taken: set[int] = set()
        order: list[tuple[int, int]] = []
        heap = [(0, start)]
        while heap:
            tie, vertex = heapq.heappop(heap)
            if vertex not in taken:
                taken.add(vertex)
                order.append((vertex, -tie))
                for other, weight in self._ties[vertex].items():
                    if other not in taken:
                        ties[other] = ties.get(other, 0) + weight
                        heapq.heappush(heap, (-ties[other], other))
        return order

    def _vertex(self, one: int) -> int:
        while one in self._into:
            one = self._into[one]
        self._ties.setdefault(one, {})
        self._members.setdefault(one, {one})
        return one
