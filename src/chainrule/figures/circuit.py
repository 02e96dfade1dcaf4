"""The graph of an explanation as boxes and arrows: values forward, gradients backward, scopes folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..analysis.explain import Explanation, Step
from ..analysis.explain.scope_tree import Scope, visible
from ..draw.format import format_number, summarize, with_math_signs
from ..draw.graph import Box, svg
from ..draw.locale import Translator, translator

MAX_BOXES = 24  # shown at first
MAX_STEPS = 12  # of an explanation that is shown with no scope folded
MAX_BOXES_WITH_LEAVES = 40  # in a picture of more boxes weights are left out
MAX_LEAVES = 6  # read by one box alone and drawn as boxes of their own; more are one box
MAX_FORMULA = 34  # letters of a formula in a box


def picture(e: Explanation, language: str | None = None, depth: int | None = None) -> str:
    """Draw an explanation's graph as SVG.

    Args:
        depth: scopes deeper than this are folded; ``None`` folds as many as `first_view` does.
    """
    shown = first_view(e) if depth is None else visible(e.scope_tree, depth)
    title = f"{e.result} = {summarize(e.value, e.digits)}"
    about = str(e) if len(e.steps) < 40 else ""
    return svg(Circuit(e, translator(language)).boxes(shown), title, None, about=about)


def first_view(e: Explanation) -> list[Scope | Step]:
    """Return what is shown at first: all steps if they are few; else scopes that hold scopes are unfolded, the outer
    ones first, up to `MAX_BOXES` boxes."""
    if len(e.steps) <= MAX_STEPS:
        return visible(e.scope_tree, None)
    shown: list[Scope | Step] = list(e.scope_tree.children)
    i = 0
    while i < len(shown):
        item = shown[i]
        children = item.children if isinstance(item, Scope) else []
        nested = any(isinstance(child, Scope) and child.kind == "scope" for child in children)
        if children and (len(shown) == 1 or (nested and len(shown) + len(children) <= MAX_BOXES + 1)):
            shown[i : i + 1] = children
        else:
            i += 1
    return shown


class Circuit:
    """The boxes of an explanation's scopes and steps.

    Args:
        ids: the ids in a page, by name, that a click on a box leads to.
    """

    def __init__(self, e: Explanation, translate: Translator, ids: dict[str, str] | None = None) -> None:
        self.e, self.translate, self.ids = e, translate, ids
        self.step_of = {s.name: s for s in (*e.leaves, *e.constants, *e.steps)}
        self.upstreams = e.upstream_gradients()
        self.edge_gradients = e.edge_gradients()
        self.joined = {join.name for join in e.joins}

    def boxes(self, shown: Sequence[Scope | Step]) -> list[Box]:
        """Return a box for each, and before it those of what it reads that is not shown."""
        own = {s.name for item in shown for s in (item.steps if isinstance(item, Scope) else (item,))}
        readers = Counter(name for item in shown for name in set(item.inputs))
        boxes: list[Box] = []
        box_of: dict[str, int] = {}
        for item in shown:
            inputs = list(dict.fromkeys(item.inputs))
            unshared = [name for name in inputs if name not in own and readers[name] == 1]
            merged = unshared if len(unshared) > MAX_LEAVES else []
            feeds: list[int] = []
            labels: list[str] = []
            for name in inputs:
                if name in merged or (name not in box_of and len(shown) > MAX_BOXES_WITH_LEAVES):
                    continue
                if name not in box_of:
                    box_of[name] = len(boxes)
                    boxes.append(self._input_box(name))
                feeds.append(box_of[name])
                labels.append(self._label(item, name))
            if merged:
                feeds.append(len(boxes))
                boxes.append(self._merged_box(merged))
            for s in item.steps if isinstance(item, Scope) else (item,):
                box_of[s.name] = len(boxes)
            boxes.append(self._box(item, feeds, labels))
        return boxes

    def _box(self, item: Scope | Step, feeds: list[int], labels: list[str]) -> Box:
        last = item.last if isinstance(item, Scope) else item
        line = last.name if isinstance(item, Scope) else _formula(item)
        kind = item.path if isinstance(item, Scope) else item.operation
        return Box(item.name, [line, *self.lines(last)], kind, feeds, "", self._link(last.name), last.name, labels)

    def _input_box(self, name: str) -> Box:
        """Return the box of something read that is not among the boxes shown."""
        step = self.step_of[name]
        kind = self.translate("from before") if step.format else step.operation
        return Box(name, self.lines(step), kind, [], "leaf", self._link(name), name)

    def _merged_box(self, names: Sequence[str]) -> Box:
        """Return one box for many arrays that only one box reads, such as all weights of a model."""
        count = sum(int(np.size(self.step_of[name].value)) for name in names)
        title = self.translate("{count} arrays", count=len(names))
        return Box(title, [self.translate("{count:,} numbers", count=count)], title, [], "leaf")

    def lines(self, step: Step) -> list[tuple[str, str]]:
        """Return the value, and the gradient that arrives there, each with its CSS class."""
        lines = [(f"▸ {with_math_signs(summarize(step.value, self.e.digits or 5))}", "forward")]
        if step.name in self.upstreams:
            gradient = summarize(self.upstreams[step.name], self.e.digits or 5)
            lines.append((f"◂ {with_math_signs(gradient)}", "backward"))
        return lines

    def _label(self, item: Scope | Step, name: str) -> str:
        """Return the gradient along an arrow, where it is one number of several that are summed."""
        if name not in self.joined:
            return ""
        gradient = item.gradient_to(name) if isinstance(item, Scope) else self.edge_gradients.get((item.name, name))
        if gradient is None or np.ndim(gradient):
            return ""
        return f"◂ {with_math_signs(format_number(gradient, self.e.digits or 5))}"

    def _link(self, name: str) -> str:
        return f"#{self.ids[name]}" if self.ids else ""


def _formula(s: Step) -> str:
    """Return a step's formula; if it is too long, the operation and how many operands it has."""
    text = with_math_signs(s.formula)
    return text if len(text) <= MAX_FORMULA else f"{s.operation}({len(s.operands)})"
