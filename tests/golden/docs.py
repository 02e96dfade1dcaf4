"""The docstrings of all public names, their classes' methods, and their modules."""

from __future__ import annotations

import inspect

from chainrule import applications, datasets

from .common import Out
from .names import MODULES, inside, members, public


def record(out: Out) -> None:
    for title, module in {**MODULES, **inside(datasets, "datasets"), **inside(applications, "applications")}.items():
        with out.lines(f"{title}.txt") as put:
            put(module.__doc__, "\n")
            seen = set()  # inherited ones once
            for name, thing in public(module).items():
                put(f"== {name}\n{getattr(thing, '__doc__', None)}\n")
                if inspect.isclass(thing):
                    for method, member in members(thing).items():
                        if id(member) not in seen:
                            put(f"== {name}.{method}\n{getattr(member, '__doc__', None)}\n")
                        seen.add(id(member))
