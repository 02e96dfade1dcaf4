"""Where a node was made: its nested scope and the user's line, kept as code and offset until asked for."""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import NamedTuple

from ..core.errors import ValueProblem

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class SourceInfo(NamedTuple):
    """Where and why a node was made.

    ``of`` is the serial of the forward node that a backward node belongs to, else ``None``.
    """

    scope: str
    code: CodeType | None
    offset: int
    of: int | None = None


class RematCall:
    """One call of a region that keeps no values for the backward pass, which computes them again.

    Attributes:
        keeps: names of operations whose values are kept all the same.
        on: may be set until the gradient is built, as when the output's size decides.
    """

    __slots__ = ("keeps", "on")

    def __init__(self, keeps: frozenset[str] = frozenset()) -> None:
        self.keeps, self.on = keeps, True


class RematRegion(str):
    """A scope inside a recomputed call. A kind of string: nodes made elsewhere must not pay for one field more."""

    call: RematCall


def region(path: str, call: RematCall) -> RematRegion:
    """The scope `path` as one inside `call`."""
    made = RematRegion(path)
    made.call = call
    return made


_new = tuple.__new__  # a quarter of the time of Made(...), and it is done for every node


class _State(threading.local):
    scope: str = ""
    one_example: bool = False  # while `vectorize` traces a function of one example
    source_info: SourceInfo | None = None  # set while a reading builds nodes for another node


state = _State()


class scope:
    """Nodes made inside carry `name`, joined to the scopes around it by ``/``.

    Args:
        name: one level's name, e.g. ``"dense_1"``; a slash makes two levels.

    >>> import chainrule as cr
    >>> with cr.scope("block"), cr.scope("conv"):
    ...     y = cr.Variable(2.0) * 3.0
    >>> y.scope
    'block/conv'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ValueProblem(f"the scope name {name!r}", "a word", 'write e.g. scope("conv")')
        self.name = name
        self._before: list[str] = []

    def __enter__(self) -> str:
        before = state.scope
        self._before.append(before)
        inside = f"{before}/{self.name}" if before else self.name
        state.scope = region(inside, before.call) if isinstance(before, RematRegion) else inside
        return state.scope

    def __exit__(self, *error: object) -> None:
        state.scope = self._before.pop()


@contextmanager
def remat_scope(call: RematCall | None) -> Iterator[None]:
    """Nodes made inside belong to `call`, unless they are inside another already; ``None`` changes nothing."""
    before = state.scope
    if call is not None and not isinstance(before, RematRegion):
        state.scope = region(before, call)
    try:
        yield
    finally:
        state.scope = before


@contextmanager
def source_info_scope(made: SourceInfo) -> Iterator[None]:
    """Nodes built inside carry `source_info`: a reading builds for the node it reads."""
    before = state.source_info
    state.source_info = made
    try:
        yield
    finally:
        state.source_info = before


_ours: dict[str, bool] = {}


def current_source_info(depth: int = 2) -> SourceInfo:
    """The current scope and the nearest line outside the library, `depth` frames up or more."""
    made = state.source_info
    if made is not None:
        return made
    frame = sys._getframe(depth)
    while True:
        code = frame.f_code
        name = code.co_filename
        ours = _ours.get(name)
        if ours is None:
            # Python's own starter, and the script that starts the command line, are nobody's line either
            ours = name.startswith((_ROOT, "<frozen ")) or os.path.basename(name) == "chainrule"
            _ours[name] = ours
        if not ours:
            return _new(SourceInfo, (state.scope, code, frame.f_lasti, None))
        back = frame.f_back
        if back is None:
            return SourceInfo(state.scope, None, 0)
        frame = back


def line_of(made: SourceInfo | None) -> str:
    """``file.py:12: the line's text``, or an empty string where there is none."""
    if made is None or made.code is None:
        return ""
    number = made.code.co_firstlineno
    for i, (line, _, _, _) in enumerate(made.code.co_positions()):
        if 2 * i >= made.offset:
            number = line or number
            break
    name = made.code.co_filename
    text = linecache.getline(name, number).strip()
    short = os.path.basename(name) if os.sep in name else name
    return f"{short}:{number}: {text}" if text else f"{short}:{number}"
