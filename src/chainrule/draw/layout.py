"""The positions of a graph's boxes: rows by depth, few crossings, each box near its neighbours.

The layered drawing of Sugiyama, Tagawa and Toda (1981): rows by longest path, order within rows by the mean position of
the neighbours, and positions that are nearest to that mean without overlap (by pooling neighbours that collide).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

GAP, LANE_WIDTH, SWEEPS = 26.0, 16.0, 6  # between boxes; of an edge that passes a row of boxes; over all rows

Point = tuple[float, float]
Item = tuple[int, ...]  # (box,), or (edge, row) where an edge passes a row
Neighbours = dict[Item, list[Item]]


class Layout(NamedTuple):
    """The upper left corner of each box, the points of each edge, and the width and height of the whole."""

    corners: list[Point]
    paths: list[list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]], across: bool = False, gap: float = GAP
) -> Layout:
    """Lay out boxes from top to bottom (or from left to right). An edge past other boxes has a lane in their rows.

    Args:
        sizes: (width, height) of each box. edges: (box, later box). across: whether from left to right.

    >>> layout = layered([(40, 20), (40, 20), (60, 20)], [(0, 2), (1, 2)])
    >>> layout.corners[2][1] > layout.corners[0][1]
    True
    """
    if across:
        transposed = layered([(h, w) for w, h in sizes], edges, False, gap)
        corners, *paths = ([(y, x) for x, y in points] for points in (transposed.corners, *transposed.paths))
        return Layout(corners, paths, transposed.height, transposed.width)
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
    widths = {item: sizes[item[0]][0] if len(item) == 1 else LANE_WIDTH for row in rows for item in row}
    middle = _middles(rows, above, below, widths, gap)
    left = min((middle[i] - widths[i] / 2 for i in middle), default=0.0) - gap
    width = max((middle[i] + widths[i] / 2 for i in middle), default=0.0) - left + gap
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
    """Return the row of each box, by longest path; a box without inputs is in the row before its first reader."""
    depth = [0] * count
    inputs: list[list[int]] = [[] for _ in range(count)]
    readers: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        inputs[b].append(a)
        readers[a].append(b)
    for i in range(count):  # boxes are in topological order
        depth[i] = max((depth[j] + 1 for j in inputs[i]), default=0)
    for i in range(count):
        if not inputs[i] and readers[i]:
            depth[i] = min(depth[j] for j in readers[i]) - 1
    return depth


def _neighbours(chains: Sequence[Sequence[Item]]) -> tuple[Neighbours, Neighbours]:
    """Return each item's neighbours in the row above, and in the row below."""
    above: Neighbours = {}
    below: Neighbours = {}
    for chain in chains:
        for a, b in pairwise(chain):
            above.setdefault(b, []).append(a)
            below.setdefault(a, []).append(b)
    return above, below


def _order(rows: list[list[Item]], above: Neighbours, below: Neighbours) -> None:
    """Sort each row by the mean position of its neighbours, downwards and upwards in turn; keep the best order."""
    best, fewest = [list(row) for row in rows], _crossings(rows, above)
    for sweep in range(SWEEPS if fewest else 0):
        down = sweep % 2 == 0
        neighbours = above if down else below
        for row in rows if down else rows[::-1]:
            position = {item: k / max(len(other), 1) for other in rows for k, item in enumerate(other)}
            row.sort(key=partial(_mean_position, position, neighbours))
        crossings = _crossings(rows, above)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    for row, best_row in zip(rows, best, strict=True):
        row[:] = best_row


def _mean_position(position: dict[Item, float], neighbours: Neighbours, item: Item) -> float:
    """Return the mean position of an item's neighbours; of an item without any, its own."""
    near = neighbours.get(item, [item])
    return sum(position[n] for n in near) / len(near)


def _crossings(rows: Sequence[Sequence[Item]], above: Neighbours) -> int:
    """Count the crossings of edges between neighbouring rows."""
    count = 0
    for upper, lower in pairwise(rows):
        position = {item: k for k, item in enumerate(upper)}
        ends = [position[a] for item in lower for a in sorted(above.get(item, ()), key=lambda a: position[a])]
        count += sum(ends[j] > ends[k] for k in range(len(ends)) for j in range(max(0, k - 200), k))
    return count


def _middles(
    rows: Sequence[Sequence[Item]], above: Neighbours, below: Neighbours, widths: dict[Item, float], gap: float
) -> dict[Item, float]:
    """Return the middle of every item: as near to the mean of its neighbours as the others in its row allow."""
    middle: dict[Item, float] = {}
    for row in rows:
        x = 0.0
        for item in row:
            middle[item] = x + widths[item] / 2
            x += widths[item] + gap
        for item in row:
            middle[item] -= x / 2
    # items without inputs are beside the path that they join, and should not bend it
    weight = {item: 1.0 if item in above else 0.02 for row in rows for item in row}
    for sweep in range(8 * SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            targets = []
            for item in row:
                near = [*above.get(item, ()), *below.get(item, ())]
                total = sum(weight[n] for n in near)
                targets.append(sum(weight[n] * middle[n] for n in near) / total if near else middle[item])
            positions = _separate(targets, [widths[i] for i in row], [weight[i] for i in row], gap)
            middle.update(zip(row, positions, strict=True))
    return middle


def _separate(targets: Sequence[float], widths: Sequence[float], weights: Sequence[float], gap: float) -> list[float]:
    """Return the positions nearest to the targets (by weighted squares) at which no two items overlap, by pooling those
    that would."""
    offsets = [0.0]
    for a, b in pairwise(widths):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    pools: list[tuple[float, float, int]] = []  # the mean of a pool, its weight, and how many are in it
    for target, offset, weight in zip(targets, offsets, weights, strict=True):
        pools.append((target - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (b, v, m), (a, w, n) = pools.pop(), pools.pop()
            pools.append(((a * w + b * v) / (w + v), w + v, n + m))
    starts = [mean for mean, _, n in pools for _ in range(n)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
