"""Formulas as MathML and LaTeX.

The expressions are those that explanations print: Python's operators, names, numbers and calls. A name that is not a
Python identifier is written ``{0}``, ``{1}`` and passed beside the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .text import escape

_PRECEDENCE = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 9, ast.MatMult: 2, ast.Mod: 2, ast.FloorDiv: 2, ast.Pow: 4}
_SIGNS = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Mod: "mod", ast.FloorDiv: "//", ast.MatMult: "·"}
_BITS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "⊕", ast.LShift: "≪", ast.RShift: "≫"}
_COMPARES = {
    ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip
_INFIX = {"conv": "∗"}  # calls that are written with a sign between their arguments
_LETTERS = {"sigmoid": "σ"}
_LARGE_OPERATORS = {"sum": "∑", "prod": "∏"}
_TEX = {
    "−": "-", "×": r"\times", "·": r"\,", "∗": r"*", "mod": r"\bmod", "//": r"\mathbin{//}", ">": ">", "<": "<",
    "≥": r"\ge", "≤": r"\le", "=": "=", "≠": r"\ne", "+": "+", "σ": r"\sigma", "∑": r"\sum", "∏": r"\prod",
    "¬": r"\neg", "&": r"\mathbin{\&}", "|": r"\mid", "∧": r"\wedge", "∨": r"\vee",
    "⊕": r"\oplus", "≪": r"\ll", "≫": r"\gg",
}  # fmt: skip
_TEX_FUNCTIONS = {
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "arcsin", "arccos", "arctan",
}  # fmt: skip


class Words(str):
    """Words in a formula, passed as one of its names."""


def mathml(text: str, names: Sequence[str] = ()) -> str:
    """Return an expression as MathML, for browsers and screen readers.

    >>> mathml("1 / {0}", ["x"])
    '<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>'
    """
    return f"<math>{_typeset(text, names, _MathML())}</math>"


def latex(text: str, names: Sequence[str] = ()) -> str:
    r"""Return an expression as LaTeX.

    >>> print(latex("exp(-{0}) ** 2 + 3 * (-2.5)", ["h1"]))
    \left(e^{-h_{1}}\right)^{2} + 3 \times \left(-2.5\right)
    """
    return _typeset(text, names, _LaTeX())


def _typeset(text: str, names: Sequence[str], notation: _MathML | _LaTeX) -> str:
    """Return an expression in a notation; what is not an expression as plain text."""
    expression = re.sub(r"\{(\d+)\}", r"_\1_", text)
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        name_of = lambda match: names[int(match[1])] if int(match[1]) < len(names) else match[0]
        return notation.text(re.sub(r"\{(\d+)\}", name_of, text))
    return _Typesetter(expression.strip(), names, notation).node(tree)


class _Typesetter:
    """Typesets an expression; brackets are set only where the precedence of operators needs them."""

    def __init__(self, text: str, names: Sequence[str], notation: _MathML | _LaTeX) -> None:
        self.text, self.names, self.notation = text, names, notation

    def node(self, node: ast.AST, outer: int = 0, right: bool = False) -> str:
        """Typeset a node; `outer`: the precedence of the operator around it; `right`: whether it is on its right."""
        to = self.notation
        if isinstance(node, ast.BinOp):
            return self.binary(node, outer)
        if isinstance(node, ast.UnaryOp):
            sign = "−" if isinstance(node.op, ast.USub) else "¬" if isinstance(node.op, ast.Invert | ast.Not) else "+"
            result = to.row(to.sign(sign), self.node(node.operand, 3))
            return to.bracket(result) if outer > 1 or right else result
        if isinstance(node, ast.Constant):
            return to.number(ast.get_source_segment(self.text, node) or repr(node.value))
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(self.full_name(node.func.id), node.args, outer)
        if isinstance(node, ast.Subscript):
            index = ast.get_source_segment(self.text, node.slice) or ""
            return to.subscript(self.node(node.value, 5), to.text(index.strip("()").replace("...", "…")))
        if isinstance(node, ast.BoolOp):
            sign = to.sign("∧" if isinstance(node.op, ast.And) else "∨")
            return to.row(sign.join(self.node(value, 1) for value in node.values))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sign = _COMPARES.get(type(node.ops[0]), "=")
            return to.row(self.node(node.left, 1), to.sign(sign), self.node(node.comparators[0], 1))
        return to.text(ast.get_source_segment(self.text, node) or "")

    def binary(self, node: ast.BinOp, outer: int) -> str:
        """Typeset a binary operator."""
        to, kind = self.notation, type(node.op)
        if kind is ast.Div:
            result = to.fraction(self.node(node.left), self.node(node.right))
            return to.bracket(result) if outer >= 4 else result
        if kind is ast.Pow:
            return to.superscript(self.node(node.left, 5), self.node(node.right))
        precedence = _PRECEDENCE.get(kind, 1)
        sign = to.sign(_SIGNS.get(kind, _BITS.get(kind, "?")))
        result = to.row(self.node(node.left, precedence), sign, self.node(node.right, precedence + 1, right=True))
        return to.bracket(result) if precedence < outer else result

    def full_name(self, name: str) -> str:
        """Return the name that ``{0}``, ``{1}`` stands for."""
        match = re.fullmatch(r"_(\d+)_", name)
        return self.names[int(match[1])] if match and int(match[1]) < len(self.names) else name

    def name(self, name: str) -> str:
        """Typeset a name: a letter and a number as a subscript."""
        to, name = self.notation, self.full_name(name)
        if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", name):
            return to.number(name)
        if isinstance(name, Words):
            return to.text(name)
        parts = re.fullmatch(r"([A-Za-z])_?(\d+)", name)
        return to.subscript(to.name(parts[1]), to.number(parts[2])) if parts else to.name(name)

    def call(self, name: str, args: Sequence[ast.AST], outer: int) -> str:
        """Typeset a function's call."""
        to = self.notation
        if name == "exp" and len(args) == 1:
            result = to.superscript(to.name("e"), self.node(args[0]))
            return to.bracket(result) if outer >= 5 else result
        if name == "sqrt" and len(args) == 1:
            return to.root(self.node(args[0]))
        if name in ("abs", "absolute") and len(args) == 1:
            return to.bars(self.node(args[0]))
        if name in _INFIX and len(args) == 2:
            result = to.row(self.node(args[0], 3), to.sign(_INFIX[name]), self.node(args[1], 3))
            return to.bracket(result) if outer > 1 else result
        if name in _LARGE_OPERATORS and len(args) == 1:
            result = to.row(to.sign(_LARGE_OPERATORS[name]), self.node(args[0], 2))
            return to.bracket(result) if outer > 1 else result
        arguments = to.sign(",").join(self.node(a) for a in args)
        return to.row(to.function(_LETTERS.get(name, name)), to.bracket(arguments))


class _MathML:
    """The elements of MathML."""

    bracket = "<mrow><mo>(</mo>{}<mo>)</mo></mrow>".format
    bars = "<mrow><mo>|</mo>{}<mo>|</mo></mrow>".format
    fraction = "<mfrac>{}{}</mfrac>".format
    superscript = "<msup>{}{}</msup>".format
    subscript = "<msub>{}{}</msub>".format
    root = "<msqrt>{}</msqrt>".format

    def row(self, *parts: str) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def number(self, text: str) -> str:
        return f"<mn>{escape(text.replace('-', '−'))}</mn>"

    def name(self, text: str) -> str:
        return f"<mi>{escape(text)}</mi>"

    function = name

    def text(self, text: str) -> str:
        return f"<mtext>{escape(text)}</mtext>"

    def sign(self, text: str) -> str:
        return f"<mo>{escape(text)}</mo>"


class _LaTeX:
    """The same elements in LaTeX."""

    bracket = r"\left({}\right)".format
    bars = r"\left|{}\right|".format
    fraction = r"\frac{{{}}}{{{}}}".format
    root = r"\sqrt{{{}}}".format

    def row(self, *parts: str) -> str:
        return re.sub(r"^- ", "-", " ".join(parts))

    def number(self, text: str) -> str:
        mantissa, _, exponent = text.lower().partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent.lstrip("+-").isdigit() else text

    def name(self, text: str) -> str:
        return _escape_tex(text) if len(text) == 1 else rf"\mathrm{{{_escape_tex(text)}}}"

    def function(self, text: str) -> str:
        if text in _TEX:
            return _TEX[text]
        return f"\\{text}" if text in _TEX_FUNCTIONS else rf"\operatorname{{{_escape_tex(text)}}}"

    def text(self, text: str) -> str:
        return rf"\text{{{_escape_tex(text)}}}"

    def sign(self, text: str) -> str:
        return f"{text} " if text == "," else _TEX.get(text, text)

    def superscript(self, a: str, b: str) -> str:
        return rf"{self._group(a)}^{{{b}}}"

    def subscript(self, a: str, b: str) -> str:
        return rf"{self._group(a)}_{{{b}}}"

    def _group(self, a: str) -> str:
        """Set braces around what is not a single symbol."""
        return f"{{{a}}}" if any(c in a for c in "^_ ") and not a.startswith(r"\left") else a


def _escape_tex(text: str) -> str:
    special = {"\\": r"\backslash{}", "^": r"\^{}", "~": r"\~{}", "…": r"\ldots"}
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)
