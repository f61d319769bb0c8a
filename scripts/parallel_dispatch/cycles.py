"""The cycles in a dependency graph, found in linear time and without recursion."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def cycles(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """One cycle for each knot of nodes that all reach each other, in the graph's order.

    `graph` names for each node those that it needs, all of them nodes. A cycle begins at its knot's first node and
    is a shortest one through it; the way back to its first node is not repeated. Edges of a node to itself are ignored.
    """
    order = {node: index for index, node in enumerate(graph)}
    found = []
    for knot in _knots(graph):
        members = set(knot)
        found.append(_shortest(graph, members, min(knot, key=order.__getitem__)))
    return sorted(found, key=lambda cycle: order[cycle[0]])


def _knots(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The strongly connected components of more than one node (Kosaraju: forth by the edges, back against them)."""
    back: dict[str, list[str]] = {node: [] for node in graph}
    for node, needs in graph.items():
        for needed in needs:
            back[needed].append(node)
    seen: set[str] = set()
    knots = []
    for root in reversed(_finished(graph)):
        if root in seen:
            continue
        seen.add(root)
        knot = [root]
        for node in knot:  # grows while it is walked
            fresh = [needing for needing in dict.fromkeys(back[node]) if needing not in seen]
            seen.update(fresh)
            knot += fresh
        if len(knot) > 1:
            knots.append(knot)
    return knots


def _finished(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """All nodes, each after those that it reaches first: the order in which a depth-first search leaves them."""
    seen: set[str] = set()
    finished = []
    for root in graph:
        if root in seen:
            continue
        seen.add(root)
        work = [(root, iter(graph[root]))]
        while work:
            node, edges = work[-1]
            needed = next((n for n in edges if n not in seen), None)
            if needed is None:
                work.pop()
                finished.append(node)
            else:
                seen.add(needed)
                work.append((needed, iter(graph[needed])))
    return finished


def _shortest(graph: Mapping[str, Sequence[str]], members: set[str], start: str) -> list[str]:
    """The shortest way from a node back to itself inside its knot; of equals, the first by the order of edges."""
    before: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for needed in graph[node]:
            if needed == start and node != start:
                path = [node]
                while path[-1] != start:
                    path.append(before[path[-1]])
                return path[::-1]
            if needed in members and needed != start and needed not in before:
                before[needed] = node
                queue.append(needed)
    raise ValueError(f"{start!r} is on no cycle")
