"""Expressions typed on the command line, parsed by `ast` with a whitelist; they are never evaluated as Python."""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import operator
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .. import ops
from ..core.errors import ChainruleError, ValueProblem
from ..graph import SourceInfo, source_info_scope
from ..tensors.tensor import Tensor
from ..tensors.variable import Variable

# fmt: off
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.Mod: operator.mod, ast.FloorDiv: operator.floordiv, ast.MatMult: operator.matmul,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}
_ALLOWED = (
    ast.BinOp, ast.UnaryOp, ast.Compare, ast.Constant, ast.Name, ast.Call, ast.Subscript, ast.Tuple,
    ast.operator, ast.unaryop, ast.cmpop, ast.expr_context,
)
# fmt: on
_CONSTANTS = {"pi": math.pi, "e": math.e}
_MAX_CHARACTERS = 2000

_NAMES = (
    "abs absolute arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil clip cos cosh dot elu erf exp "
    "expm1 exp2 floor gelu hard_sigmoid hypot leaky_relu log log10 log1p log2 log_sigmoid logaddexp logsumexp max "
    "maximum mean min minimum norm power prod reciprocal relu relu6 round rsqrt selu sigmoid sign silu sin sinh "
    "softmax softplus softsign sqrt square std stop_gradient sum tan tanh trunc var where"
).split()
FUNCTIONS: dict[str, Any] = {name: getattr(ops, name) for name in _NAMES}
_OF_TWO_ARGUMENTS = {"max": ops.maximum, "min": ops.minimum}


def parse_value(text: str) -> tuple[str, np.ndarray[Any, Any]]:
    """Return the name and the float64 numbers of ``a=5`` or ``x=1,2,3``."""
    name, equals, numbers = text.partition("=")
    name = unicodedata.normalize("NFKC", name.strip())  # as Python's parser does with names
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        expected = "NAME=NUMBER, such as a=5, or NAME=1,2,3 for a vector"
        raise ValueProblem(f"{text!r}", expected, "put a name and a number on either side of =")
    passed = f"the value {numbers!r} for {name}"
    try:
        values = [float(n) for n in numbers.split(",")]
    except ValueError:
        raise ValueProblem(passed, "a number, or several separated by commas", f"write e.g. {name}=1.5") from None
    if not all(map(math.isfinite, values)):
        raise ValueProblem(passed, "a finite number", "nan and inf cannot be differentiated; pass a number")
    return name, np.array(values) if len(values) > 1 else np.array(values[0])


def parse_values(texts: list[str]) -> dict[str, Variable]:
    """Return a float64 variable for each ``NAME=VALUE``, by name."""
    variables: dict[str, Variable] = {}
    for text in texts:
        name, value = parse_value(text)
        if name in variables:
            raise ValueProblem(f"{name} twice", "one value for each name", "remove one of them")
        with source_info_scope(SourceInfo("", None, 0)):
            variables[name] = Variable(value, name=name)
    return variables


class Expression:
    """A parsed expression: `names` are its variables, and `__call__` computes it."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.shown = self.text if len(self.text) <= 80 else f"{self.text[:60]} ..."
        if not self.text:
            raise ValueProblem("an empty expression", "arithmetic such as 3*(a+b*c)", "write one, in quotes")
        if len(self.text) > _MAX_CHARACTERS:
            passed = f"an expression of {len(self.text)} characters"
            raise ValueProblem(passed, f"{_MAX_CHARACTERS} at most", "shorten it")
        try:
            self.tree = ast.parse(self.text, "expression", mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else "it cannot be parsed"
            passed = f"the expression {self.shown!r} ({reason})"
            raise ValueProblem(passed, "arithmetic such as 3*(a+b*c)", "check brackets and operators") from None
        for node in ast.walk(self.tree):
            if not isinstance(node, _ALLOWED):
                self._refuse(node)
        called = {id(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        # pi and e too: a value passed for one of them replaces the constant
        names = [n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name) and id(n) not in called]
        self.names = list(dict.fromkeys(names))

    def __call__(self, values: dict[str, Any]) -> Tensor:
        """Compute the result from a tensor for each name.

        Raises:
            ValueProblem: for a missing or unused value, or an operation that is not allowed.
        """
        if missing := [n for n in self.names if n not in values and n not in _CONSTANTS]:
            self._raise_missing(missing)
        if extra := [n for n in values if n not in self.names]:
            passed = f"a value for {', '.join(extra)}, which {self.shown!r} does not use"
            expected = f"values for {', '.join(self.names) or 'no name'}"
            raise ValueProblem(passed, expected, "remove it, or use it in the expression")
        try:
            with source_info_scope(SourceInfo("", None, 0)):  # the nodes have no source line
                result = self._visit(self.tree, values)
        except RecursionError:
            passed = f"an expression nested too deeply ({len(self.text)} characters)"
            raise ValueProblem(passed, "one with less nesting", "split it") from None
        except ChainruleError as error:
            error.where = f"the expression {self.shown}"
            raise
        return result if isinstance(result, Tensor) else ops.convert_to_tensor(np.float64(result))

    def _raise_missing(self, missing: list[str]) -> NoReturn:
        functions = [n for n in missing if n in FUNCTIONS]
        mend = f"call it: {functions[0]}(...)" if functions else "add " + " ".join(f"{n}=1" for n in missing)
        raise ValueProblem(f"no value for {', '.join(missing)} in {self.shown!r}", "a value for every name", mend)

    def _visit(self, node: ast.AST, values: dict[str, Any]) -> Any:
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            result = _BINARY[type(node.op)](_tensor(self._visit(node.left, values)), self._visit(node.right, values))
            if not result.tracked and result.size == 1 and not math.isfinite(float(result)):
                passed = f"{ast.unparse(node)[:60]}, which is {float(result)}"
                raise ValueProblem(passed, "a finite constant", "write a smaller one")
            return result
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return _UNARY[type(node.op)](self._visit(node.operand, values))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return self._number(node.value)
        if isinstance(node, ast.Name):
            return _CONSTANTS[node.id] if node.id in _CONSTANTS and node.id not in values else values[node.id]
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARE:
            left, right = (self._visit(side, values) for side in (node.left, node.comparators[0]))
            return _COMPARE[type(node.ops[0])](_tensor(left), right)
        if isinstance(node, ast.Subscript):
            return _tensor(self._visit(node.value, values))[self._index(node.slice)]
        if isinstance(node, ast.Call):
            return self._call(node, values)
        self._refuse(node)

    def _refuse(self, node: ast.AST) -> NoReturn:
        try:
            shown = ast.unparse(node)[:60] if isinstance(node, ast.expr) else type(node).__name__
        except RecursionError:
            shown = type(node).__name__
        allowed = "numbers, names, + - * / ** % // @, comparisons, indices and the library's functions"
        raise ValueProblem(f"{shown!r} in {self.shown!r}, which is not arithmetic", allowed, "leave it out")

    def _number(self, value: int | float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueProblem("a number too large for float64", "a number below 1e308", "write a smaller one")
        return number

    def _static_argument(self, node: ast.expr) -> Any:
        """Return a literal number that is not a tensor, such as an axis."""
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float):
            return -inner.value if negative else inner.value
        raise ValueProblem(f"the argument {ast.unparse(node)}", "a literal number", "write the number itself")

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple):
            return tuple(self._index(n) for n in node.elts)
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        sign = -1 if negative else 1
        signed = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd)
        inner = node.operand if isinstance(node, ast.UnaryOp) and signed else node
        if isinstance(inner, ast.Constant) and type(inner.value) is int:
            return sign * inner.value
        raise ValueProblem(f"the index {ast.unparse(node)}", "a whole number", "index one entry, e.g. x[0]")

    def _call(self, node: ast.Call, values: dict[str, Any]) -> Any:
        if not isinstance(node.func, ast.Name) or node.keywords:
            mend = "name one of the library's functions, with positional arguments"
            raise ValueProblem(f"the call {ast.unparse(node)}", "a call such as log(a)", mend)
        name = node.func.id
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, FUNCTIONS, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "use one of: " + ", ".join(sorted(FUNCTIONS))
            raise ValueProblem(f"an unknown function {name!r}", "a function of the library", hint.rstrip("?"))
        function = _OF_TWO_ARGUMENTS[name] if name in _OF_TWO_ARGUMENTS and len(node.args) == 2 else FUNCTIONS[name]
        arity = _arity(function)
        arguments = [_tensor(self._visit(a, values)) for a in node.args[:arity]]
        arguments += [self._static_argument(a) for a in node.args[arity:]]
        try:
            return function(*arguments)
        except TypeError as error:
            if isinstance(error, ChainruleError):
                raise
            passed = f"{name} with {len(arguments)} arguments"
            raise ValueProblem(passed, "its own arguments", f"see help(chainrule.ops.{name})") from None


def _arity(function: Any) -> int:
    """Return how many of its arguments are tensors; the others are literal numbers."""
    counts = {ops.where: 3, ops.dot: 2}
    return int(getattr(function, "arity", None) or counts.get(function, 1))


def _tensor(x: Any) -> Any:
    """Convert a Python number to a float64 tensor, so that nothing is computed in Python."""
    return ops.convert_to_tensor(np.float64(x)) if isinstance(x, float) else x
