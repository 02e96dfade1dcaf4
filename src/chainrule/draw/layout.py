"""Where the boxes of a graph stand: rows by depth, few crossings, each box near those it is joined to.

The layered drawing of Sugiyama, Tagawa and Toda (1981): rows by longest path, order within rows by the middle of the
neighbours, and places that are nearest to that middle without touching (by pooling neighbours that collide).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

GAP, LANE, SWEEPS = 26.0, 16.0, 6  # between boxes; the room of an edge that passes a row of them

Point = tuple[float, float]
Item = tuple[int, ...]  # (box,), or (edge, row) where an edge passes a row


class Layout(NamedTuple):
    """The upper left corner of each box, the points of each edge, and the size of it all."""

    corners: list[Point]
    paths: list[list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]], across: bool = False, gap: float = GAP
) -> Layout:
    """Boxes of these widths and heights, from top to bottom (or from left to right); each edge from a box to a later
    one. An edge past other boxes has a lane of its own in their rows.

    >>> found = layered([(40, 20), (40, 20), (60, 20)], [(0, 2), (1, 2)])
    >>> found.corners[2][1] > found.corners[0][1]
    True
    """
    if across:
        turned = layered([(h, w) for w, h in sizes], edges, False, gap)
        return Layout(
            [(y, x) for x, y in turned.corners],
            [[(y, x) for x, y in path] for path in turned.paths],
            turned.height,
            turned.width,
        )
    depth = _depths(len(sizes), edges)
    rows: list[list[Item]] = [[] for _ in range(max(depth, default=-1) + 1)]
    for i, d in enumerate(depth):
        rows[d].append((i,))
    chains: list[list[Item]] = []
    for k, (a, b) in enumerate(edges):
        lanes: list[Item] = [(k, d) for d in range(depth[a] + 1, depth[b])]
        for lane in lanes:
            rows[lane[1]].append(lane)
        chains.append([(a,), *lanes, (b,)])
    above, below = _neighbours(chains)
    _order(rows, above, below)
    wide = {item: sizes[item[0]][0] if len(item) == 1 else LANE for row in rows for item in row}
    middle = _middles(rows, above, below, wide, gap)
    left = min((middle[i] - wide[i] / 2 for i in middle), default=0.0) - gap
    width = max((middle[i] + wide[i] / 2 for i in middle), default=0.0) - left + gap
    top, tops, heights = gap, [], []
    for row in rows:
        heights.append(max((sizes[i[0]][1] for i in row if len(i) == 1), default=0.0))
        tops.append(top)
        top += heights[-1] + gap * 1.6
    corners = [
        (middle[i,] - left - w / 2, tops[depth[i]] + (heights[depth[i]] - h) / 2) for i, (w, h) in enumerate(sizes)
    ]
    paths = []
    for chain, (a, b) in zip(chains, edges, strict=True):
        path = [(middle[a,] - left, corners[a][1] + sizes[a][1])]
        for lane in chain[1:-1]:
            path += [(middle[lane] - left, tops[lane[1]]), (middle[lane] - left, tops[lane[1]] + heights[lane[1]])]
        paths.append([*path, (middle[b,] - left, corners[b][1])])
    return Layout(corners, paths, width, max(top - gap * 0.6, gap))


def _depths(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Rows by longest path; what nothing feeds stands right before what reads it."""
    depth = [0] * count
    feeds: list[list[int]] = [[] for _ in range(count)]
    read: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        feeds[b].append(a)
        read[a].append(b)
    for i in range(count):  # boxes come in an order in which each is after those that feed it
        depth[i] = max((depth[j] + 1 for j in feeds[i]), default=0)
    for i in range(count):
        if not feeds[i] and read[i]:
            depth[i] = min(depth[j] for j in read[i]) - 1
    return depth


def _neighbours(chains: Sequence[Sequence[Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    above: dict[Item, list[Item]] = {}
    below: dict[Item, list[Item]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            above.setdefault(b, []).append(a)
            below.setdefault(a, []).append(b)
    return above, below


def _order(rows: list[list[Item]], above: dict[Item, list[Item]], below: dict[Item, list[Item]]) -> None:
    """Each row by the middle of the neighbours' places, downwards and upwards in turn; the best found is kept."""
    best, fewest = [list(row) for row in rows], _crossings(rows, above)
    for sweep in range(SWEEPS if fewest else 0):
        down = sweep % 2 == 0
        near = above if down else below
        for row in rows if down else rows[::-1]:
            place = {item: k / max(len(other), 1) for other in rows for k, item in enumerate(other)}
            row.sort(key=lambda i: sum(place[n] for n in near[i]) / len(near[i]) if i in near else place[i])
        found = _crossings(rows, above)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    for row, kept in zip(rows, best, strict=True):
        row[:] = kept


def _crossings(rows: Sequence[Sequence[Item]], above: dict[Item, list[Item]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {item: k for k, item in enumerate(upper)}
        ends = [place[a] for item in lower for a in sorted(above.get(item, ()), key=lambda a: place[a])]
        count += sum(ends[j] > ends[k] for k in range(len(ends)) for j in range(max(0, k - 200), k))
    return count


def _middles(
    rows: Sequence[Sequence[Item]],
    above: dict[Item, list[Item]],
    below: dict[Item, list[Item]],
    wide: dict[Item, float],
    gap: float,
) -> dict[Item, float]:
    """The middle of every item: as near to the middle of its neighbours as the others in its row allow."""
    middle: dict[Item, float] = {}
    for row in rows:
        x = 0.0
        for item in row:
            middle[item] = x + wide[item] / 2
            x += wide[item] + gap
        for item in row:
            middle[item] -= x / 2
    # what nothing feeds stands beside the path that it joins, and does not bend it
    weight = {item: 1.0 if item in above else 0.02 for row in rows for item in row}
    for sweep in range(8 * SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = []
            for item in row:
                near = [*above.get(item, ()), *below.get(item, ())]
                whole = sum(weight[n] for n in near)
                wanted.append(sum(weight[n] * middle[n] for n in near) / whole if near else middle[item])
            heavy = [weight[i] for i in row]
            middle.update(zip(row, _apart(wanted, [wide[i] for i in row], heavy, gap), strict=True))
    return middle


def _apart(wanted: Sequence[float], wide: Sequence[float], heavy: Sequence[float], gap: float) -> list[float]:
    """The places nearest to those wanted (by weighted squares) at which no two touch: pooled where they would."""
    offsets = [0.0]
    for a, b in pairwise(wide):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    pools: list[tuple[float, float, int]] = []  # the mean of a pool, its weight, and how many are in it
    for want, offset, weight in zip(wanted, offsets, heavy, strict=True):
        pools.append((want - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (b, v, m), (a, w, n) = pools.pop(), pools.pop()
            pools.append(((a * w + b * v) / (w + v), w + v, n + m))
    starts = [mean for mean, _, n in pools for _ in range(n)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


__all__ = ["Layout", "layered"]
