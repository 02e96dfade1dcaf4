"""An attribute with an underscore is used only in the package of a class that defines it."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import chainrule as cr

ROOT = Path(cr.__file__).parent
TREES = {path: ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
# public in spite of their names: of named tuples, and Keras's mark of a metric of which more, or less, is better
PUBLIC = {"_asdict", "_fields", "_replace", "_direction"}
PUBLIC |= {"_exit", "_getframe"}  # Python's own


def package_of(path):
    return path.relative_to(ROOT).parts[0]


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def is_own(value):
    """Whether an expression is `self`, `cls` or ``super()``."""
    if isinstance(value, ast.Call):
        value = value.func
    return isinstance(value, ast.Name) and value.id in ("self", "cls", "super")


def names_bound_by(statement):
    """The names that a statement of a class's body defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)]


def attributes_of(cls):
    """The attributes that a class defines: in its body, or by assignment to `self` or `cls`."""
    yield from (name for statement in cls.body for name in names_bound_by(statement))
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            yield node.attr


def packages_by_attribute():
    packages = defaultdict(set)
    for path, tree in TREES.items():
        for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            for name in attributes_of(cls):
                packages[name].add(package_of(path))
    return packages


DEFINED_IN = packages_by_attribute()


def uses_from_outside(tree, package):
    """Yield each private attribute of anything but `self`, `cls` and ``super()`` that no class of the package defines,
    with its line."""
    for node in ast.walk(tree):
        value, name = None, ""
        if isinstance(node, ast.Attribute):
            value, name = node.value, node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr", "delattr"):
            value, name = node.args[0], node.args[1].value if isinstance(node.args[1], ast.Constant) else ""
        if is_private(name) and not is_own(value) and package not in DEFINED_IN[name] and name not in PUBLIC:
            yield name, node.lineno


PACKAGES = sorted({package_of(path) for path in TREES})


@pytest.mark.parametrize("package", PACKAGES)
def test_private_attributes_stay_in_their_package(package):
    uses = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path, tree in TREES.items()
        if package_of(path) == package
        for name, line in uses_from_outside(tree, package)
    ]
    assert not uses


def test_the_rule_sees_what_it_should():
    text = "model._loss; self._loss; super()._loss; model.__dict__; row._replace(a=1); getattr(model, '_loss', None)"
    assert [name for name, _ in uses_from_outside(ast.parse(text), "figures")] == ["_loss", "_loss"]
    text = "getattr(self, '_loss'); hasattr(model, name)"
    assert not list(uses_from_outside(ast.parse(text), "figures"))
