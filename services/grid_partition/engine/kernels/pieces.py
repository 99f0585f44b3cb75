"""Connected groups of atoms taken as one piece each, and what sets of such pieces cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.jit import inlined, kernel, lean
from services.grid_partition.engine.kernels.plan import Prices

__all__ = ["Pieces", "column_costs", "common_pieces", "pieces_of"]


class Pieces(NamedTuple):
    """Compressed rows of neighbours, open border, households and labels of each piece.

    Arrays of rows may be longer than the last of their pointers says.

    `length`: metres to the neighbour in `indices`; `border`: to all of them.  `label`: the blocks
    (by number) and estates (`blocks` + number) a piece lies in, each once.  `old`, `flow`: the old
    grids its households come from, and how many.
    """

    indptr: IntArray
    indices: IntArray
    length: FloatArray
    border: FloatArray
    weight: IntArray
    label_ptr: IntArray
    label: IntArray
    old_ptr: IntArray
    old: IntArray
    flow: IntArray
    blocks: int
    labels: int
    olds: int


@kernel
def common_pieces(graph: AtomGraph, first: IntArray, second: IntArray) -> tuple[IntArray, int]:
    """Piece of each atom, and their number: connected atoms that share a part in both plans."""
    piece, queue = np.full(len(first), -1, np.int64), np.empty(len(first), np.int64)
    return piece, _flood(graph, first, second, piece, queue)


@lean
def _flood(
    graph: AtomGraph, first: IntArray, second: IntArray, piece: IntArray, queue: IntArray
) -> int:
    count = 0
    for begin in range(len(piece)):
        if piece[begin] >= 0:
            continue
        piece[begin], queue[0] = count, begin
        done, end = 0, 1
        while done < end:
            atom = queue[done]
            done += 1
            for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
                other = graph.indices[edge]
                together = first[other] == first[atom] and second[other] == second[atom]
                if together and piece[other] < 0:
                    piece[other] = count
                    queue[end] = other
                    end += 1
        count += 1
    return count


@lean
def _sort_atoms(piece: IntArray, begin: IntArray, atoms: IntArray) -> None:
    """Atoms of piece p into atoms[begin[p]:begin[p + 1]]."""
    for atom in range(len(piece)):
        begin[piece[atom] + 2] += 1
    for p in range(2, len(begin)):
        begin[p] += begin[p - 1]
    for atom in range(len(piece)):
        atoms[begin[piece[atom] + 1]] = atom
        begin[piece[atom] + 1] += 1


@lean
def _contract(
    graph: AtomGraph,
    piece: IntArray,
    rows: tuple[IntArray, IntArray],
    marks: tuple[IntArray, IntArray, IntArray],
    out: Pieces,
) -> None:
    """Fill `out`, whose arrays are long enough; the ends of its pointers tell how long they are."""
    begin, atoms = rows
    slot, marked, old_slot = marks
    edges, labels, olds = 0, 0, 0
    for p in range(len(out.weight)):
        for place in range(begin[p], begin[p + 1]):
            atom = atoms[place]
            out.weight[p] += graph.weight[atom]
            for edge in range(graph.indptr[atom], graph.indptr[atom + 1]):
                q = piece[graph.indices[edge]]
                if q != p:
                    if slot[q] < out.indptr[p]:
                        slot[q] = edges
                        out.indices[edges], out.length[edges] = q, 0.0
                        edges += 1
                    out.length[slot[q]] += graph.length[edge]
                    out.border[p] += graph.length[edge]
            for held in range(graph.block_ptr[atom], graph.block_ptr[atom + 1]):
                if marked[graph.block[held]] < p:
                    marked[graph.block[held]] = p
                    out.label[labels] = graph.block[held]
                    labels += 1
            estate = graph.blocks + graph.estate[atom]
            if graph.estate[atom] >= 0 and marked[estate] < p:
                marked[estate] = p
                out.label[labels] = estate
                labels += 1
            came = graph.old[atom]
            if came >= 0:
                if old_slot[came] < out.old_ptr[p]:
                    old_slot[came] = olds
                    out.old[olds], out.flow[olds] = came, 0
                    olds += 1
                out.flow[old_slot[came]] += graph.weight[atom]
        out.indptr[p + 1], out.label_ptr[p + 1], out.old_ptr[p + 1] = edges, labels, olds


@kernel
def pieces_of(graph: AtomGraph, piece: IntArray, count: int) -> Pieces:
    """Contract every piece 0..count - 1 to one.  O(m)."""
    marks = (
        np.full(count, -1, np.int64),
        np.full(graph.blocks + graph.estates, -1, np.int64),
        np.full(graph.olds, -1, np.int64),
    )
    out = Pieces(
        np.zeros(count + 1, np.int64),
        np.empty(len(graph.indices), np.int64),
        np.empty(len(graph.indices), np.float64),
        np.zeros(count, np.float64),
        np.zeros(count, np.int64),
        np.zeros(count + 1, np.int64),
        np.empty(len(graph.block) + len(piece), np.int64),
        np.zeros(count + 1, np.int64),
        np.empty(len(piece), np.int64),
        np.empty(len(piece), np.int64),
        graph.blocks,
        graph.blocks + graph.estates,
        graph.olds,
    )
    begin, atoms = np.zeros(count + 2, np.int64), np.empty(len(piece), np.int64)
    _sort_atoms(piece, begin, atoms)
    _contract(graph, piece, (begin, atoms), marks, out)
    return out


@inlined
def _border(pieces: Pieces, piece: int, column: int, held: IntArray) -> float:
    """Open border of a piece towards what is not in the column."""
    border: float = pieces.border[piece]
    for edge in range(pieces.indptr[piece], pieces.indptr[piece + 1]):
        if held[pieces.indices[edge]] == column:
            border -= pieces.length[edge]
    return border


@inlined
def _labels(pieces: Pieces, prices: Prices, piece: int, column: int, seen: IntArray) -> float:
    """Price of the blocks and estates that no piece of the column before this one was in."""
    price = 0.0
    for place in range(pieces.label_ptr[piece], pieces.label_ptr[piece + 1]):
        label = pieces.label[place]
        if seen[label] != column:
            seen[label] = column
            price += prices.block if label < pieces.blocks else prices.estate
    return price


@kernel
def column_costs(
    pieces: Pieces, prices: Prices, pointer: IntArray, members: IntArray
) -> FloatArray:
    """J of each set of pieces members[pointer[c]:pointer[c + 1]] on its own.

    Half its border, its size, blocks, estates, moved households.  Summed over a cover, less one
    estate price for every estate of the graph, this is J.
    """
    cost = np.empty(len(pointer) - 1, np.float64)
    held = np.full(len(pieces.weight), -1, np.int64)
    seen = np.full(pieces.labels, -1, np.int64)
    came = np.zeros(pieces.olds, np.int64)
    _price_columns(pieces, prices, (pointer, members), (held, seen, came), cost)
    return cost


@lean
def _price_columns(
    pieces: Pieces,
    prices: Prices,
    columns: tuple[IntArray, IntArray],
    room: tuple[IntArray, IntArray, IntArray],
    cost: FloatArray,
) -> None:
    pointer, members = columns
    held, seen, came = room
    for column in range(len(cost)):
        weight, price = 0, -prices.block
        for place in range(pointer[column], pointer[column + 1]):
            held[members[place]] = column
            weight += pieces.weight[members[place]]
        total, most = 0, 0
        for place in range(pointer[column], pointer[column + 1]):
            piece = members[place]
            price += 0.5 * _border(pieces, piece, column, held)
            price += _labels(pieces, prices, piece, column, seen)
            for slot in range(pieces.old_ptr[piece], pieces.old_ptr[piece + 1]):
                came[pieces.old[slot]] += pieces.flow[slot]
                total += pieces.flow[slot]
                most = max(most, came[pieces.old[slot]])
        for place in range(pointer[column], pointer[column + 1]):
            for slot in range(pieces.old_ptr[members[place]], pieces.old_ptr[members[place] + 1]):
                came[pieces.old[slot]] = 0
        off = weight - prices.target
        cost[column] = price + prices.size * off * off + prices.move * (total - most)
