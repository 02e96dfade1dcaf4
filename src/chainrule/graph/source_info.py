"""Where a node was made: its nested scope and the user's line, stored as code and offset until the line is needed."""

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

    Attributes:
        scope: its scopes, outermost first, joined by ``/``.
        code: the code object of the user's line, with `offset`, the index of the instruction in it.
        forward_serial: the serial of the forward node that a backward node belongs to, else ``None``.
    """

    scope: str
    code: CodeType | None
    offset: int
    forward_serial: int | None = None


class RematCall:
    """One call of a rematerialized region: the backward pass computes its values again instead of keeping them.

    Attributes:
        saved_operations: names of the operations whose values are kept nevertheless.
        enabled: whether values are computed again; may be set until the gradient is built, once the output's size is
            known.
    """

    __slots__ = ("enabled", "saved_operations")

    def __init__(self, saved_operations: frozenset[str] = frozenset()) -> None:
        self.saved_operations, self.enabled = saved_operations, True


class RematRegion(str):
    """A scope inside a rematerialized call. A string, so that other nodes need no further field."""

    call: RematCall


def _region(path: str, call: RematCall) -> RematRegion:
    """Return the scope `path` as one inside `call`."""
    result = RematRegion(path)
    result.call = call
    return result


_new = tuple.__new__  # takes a quarter of the time of SourceInfo(...), and is called for every node


class _State(threading.local):
    scope: str = ""
    one_example: bool = False  # while `vectorize` traces a function of one example
    source_info: SourceInfo | None = None  # set while a transformation builds nodes for another node


state = _State()


class scope:
    """A context in which new nodes get the scope `name`, joined to the scopes around it by ``/``.

    Args:
        name: the name of one level, e.g. ``"dense_1"``; a slash makes two levels.

    >>> import chainrule as cr
    >>> with cr.scope("block"), cr.scope("conv"):
    ...     y = cr.Variable(2.0) * 3.0
    >>> y.scope
    'block/conv'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise ValueProblem(f"the scope name {name!r}", "a string that is not empty", 'write e.g. scope("conv")')
        self.name = name
        self._outer: list[str] = []

    def __enter__(self) -> str:
        outer = state.scope
        self._outer.append(outer)
        path = f"{outer}/{self.name}" if outer else self.name
        state.scope = _region(path, outer.call) if isinstance(outer, RematRegion) else path
        return state.scope

    def __exit__(self, *error: object) -> None:
        state.scope = self._outer.pop()


@contextmanager
def remat_scope(call: RematCall | None) -> Iterator[None]:
    """Let new nodes belong to `call`, unless an outer call has begun already; ``None`` changes nothing."""
    before = state.scope
    if call is not None and not isinstance(before, RematRegion):
        state.scope = _region(before, call)
    try:
        yield
    finally:
        state.scope = before


@contextmanager
def source_info_scope(source_info: SourceInfo) -> Iterator[None]:
    """Let new nodes have this `source_info`: that of the node for which a transformation builds them."""
    before = state.source_info
    state.source_info = source_info
    try:
        yield
    finally:
        state.source_info = before


_is_library: dict[str, bool] = {}  # by file name


def current_source_info(depth: int = 2) -> SourceInfo:
    """Return the current scope and the nearest line outside the library, `depth` frames up or more."""
    source_info = state.source_info
    if source_info is not None:
        return source_info
    frame = sys._getframe(depth)
    while True:
        code = frame.f_code
        name = code.co_filename
        is_library = _is_library.get(name)
        if is_library is None:
            # Python's own start-up code and the script `chainrule` are not the user's lines either
            is_library = name.startswith((_ROOT, "<frozen ")) or os.path.basename(name) == "chainrule"
            _is_library[name] = is_library
        if not is_library:
            return _new(SourceInfo, (state.scope, code, frame.f_lasti, None))
        back = frame.f_back
        if back is None:
            return SourceInfo(state.scope, None, 0)
        frame = back


def line_of(source_info: SourceInfo | None) -> str:
    """Return ``file.py:12: the line's text``, or an empty string where the line is not known."""
    if source_info is None or source_info.code is None:
        return ""
    number = source_info.code.co_firstlineno
    for i, (line, _, _, _) in enumerate(source_info.code.co_positions()):
        if 2 * i >= source_info.offset:
            number = line or number
            break
    name = source_info.code.co_filename
    text = linecache.getline(name, number).strip()
    short = os.path.basename(name) if os.sep in name else name
    return f"{short}:{number}: {text}" if text else f"{short}:{number}"
