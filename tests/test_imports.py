"""Packages stand in one order, each importing only what stands before it; no files import each other in a circle."""

import ast
from pathlib import Path

import pytest

import chainrule as cr

ROOT = Path(cr.__file__).parent
# a package, or a public module beside them, imports only what stands before it here, in functions and for types too
ORDER = """
    core errors draw graph tensors ops transforms serialization
    activations constraints dtype_policies initializers regularizers config distribution
    analysis array_api numpy_functions engines layers backend losses optimizers metrics callbacks datasets utils
    training inspection models saving applications figures cli __main__
""".split()


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_of(path): path for path in ROOT.rglob("*.py")}


def imports_of(module, text=None):
    """The modules of the library that a file imports, with the line: inside functions and for types alone, too."""
    path = FILES[module]
    tree = ast.parse(path.read_text() if text is None else text)
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "chainrule":
                    yield alias.name.partition(".")[2], node.lineno
        elif isinstance(node, ast.ImportFrom):
            named = (node.module or "").split(".") if node.module else []
            if node.level:
                base = package[: len(package) - node.level + 1] + named
            elif named[0] == "chainrule":
                base = named[1:]
            else:
                continue
            for alias in node.names:
                inner = ".".join([*base, alias.name])
                yield (inner if inner in FILES else ".".join(base)), node.lineno


def test_every_package_has_its_place():
    assert {module.split(".")[0] for module in FILES} - {""} == set(ORDER)
    assert len(ORDER) == len(set(ORDER))


@pytest.mark.parametrize("module", sorted(module for module in FILES if module))
def test_imports_point_one_way(module):
    current = module.split(".")[0]
    for target, line in imports_of(module):
        other_side = target.split(".")[0]
        assert other_side, f"{module}:{line} imports the entry, which imports everything"
        assert other_side == current or ORDER.index(other_side) < ORDER.index(current), (
            f"{module}:{line} imports {target}"
        )


def circles(arrows):
    """The strongly connected sets of more than one module (Tarjan, 1972), written without recursion."""
    index, low, stack, result = {}, {}, [], []
    for start in arrows:
        if start in index:
            continue
        todo = [(start, iter(arrows[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while todo:
            current, rest = todo[-1]
            for other_side in rest:
                if other_side not in index:
                    index[other_side] = low[other_side] = len(index)
                    stack.append(other_side)
                    todo.append((other_side, iter(arrows[other_side])))
                    break
                if other_side in stack:
                    low[current] = min(low[current], index[other_side])
            else:
                todo.pop()
                if todo:
                    low[todo[-1][0]] = min(low[todo[-1][0]], low[current])
                if low[current] == index[current]:
                    cut = stack.index(current)
                    component, stack[cut:] = stack[cut:], []
                    if len(component) > 1:
                        result.append(sorted(component))
    return result


def test_no_files_import_each_other_in_a_circle():
    arrows = {module: {target for target, _ in imports_of(module)} - {module} for module in FILES}
    assert circles(arrows) == []


def test_the_search_for_circles_finds_them():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert sorted(circles(arrows)) == [["a", "b", "c"], ["d", "e"]]


def test_imports_inside_functions_are_seen():
    text = "def f():\n    from ..models import Model\n    from .. import ops\n    from .adapters import a\n"
    assert list(imports_of("training.loop", text)) == [("models", 2), ("ops", 3), ("training.adapters", 4)]
