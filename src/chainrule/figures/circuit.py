"""The graph of an explanation as boxes and arrows: values forward, gradients backward, scopes folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..analysis.explain import Explanation, Step
from ..analysis.explain.scope_tree import Scope, visible
from ..draw.format import format_number, summarize, with_math_signs
from ..draw.graph import Box, svg
from ..draw.locale import Translator, translator

OPEN = 24  # so many boxes are shown at first
FEW = 12  # so few steps are all shown
LEAVES = 40  # in a picture of more boxes weights are left out
WEIGHTS = 6  # so many arrays that only one box reads have boxes of their own
FORMULA = 34  # letters of a formula in a box


def picture(e: Explanation, language: str | None = None, depth: int | None = None) -> str:
    """An SVG of its own. Scopes are folded at `depth`; ``None``: so that it can be taken in at a look."""
    shown = first_view(e) if depth is None else visible(e.scope_tree, depth)
    title = f"{e.result} = {summarize(e.value, e.digits)}"
    about = str(e) if len(e.steps) < 40 else ""
    return svg(Circuit(e, translator(language)).boxes(shown), title, None, about=about)


def first_view(e: Explanation) -> list[Scope | Step]:
    """What is unfolded at first: a few steps all; else scopes of scopes, from the outside in, while there is room."""
    if len(e.steps) <= FEW:
        return visible(e.scope_tree, None)
    shown: list[Scope | Step] = list(e.scope_tree.inside)
    at = 0
    while at < len(shown):
        here = shown[at]
        holds = isinstance(here, Scope) and any(isinstance(p, Scope) and p.kind == "scope" for p in here.inside)
        if isinstance(here, Scope) and (len(shown) == 1 or (holds and len(shown) + len(here.inside) <= OPEN + 1)):
            shown[at : at + 1] = here.inside
        else:
            at += 1
    return shown


class Circuit:
    """Makes boxes of an explanation's parts and steps. `ids`: where in a page a click on each leads."""

    def __init__(self, e: Explanation, translate: Translator, ids: dict[str, str] | None = None) -> None:
        self.e, self.translate, self.ids = e, translate, ids
        self.known = {s.name: s for s in (*e.leaves, *e.constants, *e.steps)}
        self.gradient: dict[str, Any] = {e.result: 1.0} if e.edges else {}
        self.back: dict[tuple[str, str], Any] = {}
        for edge in e.edges:
            self.gradient[edge.node] = edge.upstream
            before = self.back.get((edge.node, edge.input))
            self.back[edge.node, edge.input] = edge.downstream if before is None else before + edge.downstream
        self.gradient.update(e.gradients)
        self.joined = {join.name for join in e.joins}

    def boxes(self, shown: Sequence[Scope | Step]) -> list[Box]:
        """A box of each, and before it those of what it reads from elsewhere."""
        own = {s.name for here in shown for s in (here.steps if isinstance(here, Scope) else (here,))}
        readers = Counter(name for here in shown for name in set(here.inputs))
        boxes: list[Box] = []
        made_by: dict[str, int] = {}
        for here in shown:
            inputs = list(dict.fromkeys(here.inputs))
            alone = [name for name in inputs if name not in own and readers[name] == 1]
            many = alone if len(alone) > WEIGHTS else []
            feeds: list[int] = []
            labels: list[str] = []
            for name in inputs:
                if name in many or (name not in made_by and len(shown) > LEAVES):
                    continue
                if name not in made_by:
                    made_by[name] = len(boxes)
                    boxes.append(self._outside(name))
                feeds.append(made_by[name])
                labels.append(self._label(here, name))
            if many:
                feeds.append(len(boxes))
                boxes.append(self._together(many))
            for s in here.steps if isinstance(here, Scope) else (here,):
                made_by[s.name] = len(boxes)
            boxes.append(self._box(here, feeds, labels))
        return boxes

    def _box(self, here: Scope | Step, feeds: list[int], labels: list[str]) -> Box:
        last = here.last if isinstance(here, Scope) else here
        line = last.name if isinstance(here, Scope) else _formula(here)
        kind = here.path if isinstance(here, Scope) else here.operation
        return Box(here.name, [line, *self.lines(last)], kind, feeds, "", self._link(last.name), last.name, labels)

    def _outside(self, name: str) -> Box:
        found = self.known[name]
        kind = self.translate("from before") if found.format else found.operation
        return Box(name, self.lines(found), kind, [], "leaf", self._link(name), name)

    def _together(self, names: Sequence[str]) -> Box:
        """One box for the many arrays that a box alone reads: a whole model's weights."""
        count = sum(int(np.size(self.known[name].value)) for name in names)
        title = self.translate("{count} arrays", count=len(names))
        return Box(title, [self.translate("{count:,} numbers", count=count)], title, [], "leaf")

    def lines(self, step: Step) -> list[tuple[str, str]]:
        """The value, and the gradient that arrives there."""
        found = [(f"▸ {with_math_signs(summarize(step.value, self.e.digits or 5))}", "forward")]
        if step.name in self.gradient:
            found.append((f"◂ {with_math_signs(summarize(self.gradient[step.name], self.e.digits or 5))}", "backward"))
        return found

    def _label(self, here: Scope | Step, name: str) -> str:
        """What goes back along an arrow, where it is one number of several that are summed."""
        if name not in self.joined:
            return ""
        found = here.handed(name) if isinstance(here, Scope) else self.back.get((here.name, name))
        return (
            f"◂ {with_math_signs(format_number(found, self.e.digits or 5))}"
            if found is not None and np.ndim(found) == 0
            else ""
        )

    def _link(self, name: str) -> str:
        return f"#{self.ids[name]}" if self.ids else ""


def _formula(s: Step) -> str:
    text = with_math_signs(s.formula)
    return text if len(text) <= FORMULA else f"{s.operation}({len(s.operands)})"
