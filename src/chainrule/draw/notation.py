"""Formulas as mathematics: one written expression, read once, set as MathML or as LaTeX.

The expressions are those that explanations print: Python's signs, names, numbers and calls. A name that is no Python
word stands in as ``{0}``, ``{1}`` and is given beside the text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from .text import escape

_BINDS = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 9, ast.MatMult: 2, ast.Mod: 2, ast.FloorDiv: 2, ast.Pow: 4}
_SIGNS = {ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Mod: "mod", ast.FloorDiv: "//", ast.MatMult: "·"}
_BITS = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "⊕", ast.LShift: "≪", ast.RShift: "≫"}
_COMPARES = {
    ast.Gt: ">", ast.Lt: "<", ast.GtE: "≥", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip
_BETWEEN = {"conv": "∗"}  # calls that mathematics writes with a sign between
_LETTERS = {"sigmoid": "σ"}
_BIG = {"sum": "∑", "prod": "∏"}
_TEX = {
    "−": "-", "×": r"\times", "·": r"\,", "∗": r"*", "mod": r"\bmod", "//": r"\mathbin{//}", ">": ">", "<": "<",
    "≥": r"\ge", "≤": r"\le", "=": "=", "≠": r"\ne", "+": "+", "σ": r"\sigma", "∑": r"\sum", "∏": r"\prod",
    "¬": r"\neg", "&": r"\mathbin{\&}", "|": r"\mid", "∧": r"\wedge", "∨": r"\vee",
    "⊕": r"\oplus", "≪": r"\ll", "≫": r"\gg",
}  # fmt: skip
_TEX_WORDS = {
    "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min", "arcsin", "arccos", "arctan",
}  # fmt: skip


def mathml(text: str, names: Sequence[str] = ()) -> str:
    """The expression as MathML, which browsers and screen readers know.

    >>> mathml("1 / {0}", ["x"])
    '<math><mfrac><mn>1</mn><mi>x</mi></mfrac></math>'
    """
    return f"<math>{_set(text, names, _MathML())}</math>"


def latex(text: str, names: Sequence[str] = ()) -> str:
    r"""The expression as LaTeX.

    >>> print(latex("exp(-{0}) ** 2 + 3 * (-2.5)", ["h1"]))
    \left(e^{-h_{1}}\right)^{2} + 3 \times \left(-2.5\right)
    """
    return _set(text, names, _LaTeX())


def _set(text: str, names: Sequence[str], into: Any) -> str:
    filled = re.sub(r"\{(\d+)\}", r"_\1_", text)
    try:
        tree = ast.parse(filled.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        held = lambda match: names[int(match[1])] if int(match[1]) < len(names) else match[0]
        return str(into.words(re.sub(r"\{(\d+)\}", held, text)))
    return _Setter(filled.strip(), names, into).node(tree)


class _Setter:
    """Walks an expression; brackets are set where the signs' own order needs them."""

    def __init__(self, text: str, names: Sequence[str], into: Any) -> None:
        self.text, self.names, self.into = text, names, into

    def node(self, node: ast.AST, outside: int = 0, right: bool = False) -> str:
        into = self.into
        if isinstance(node, ast.BinOp):
            return self.binary(node, outside)
        if isinstance(node, ast.UnaryOp):
            sign = "−" if isinstance(node.op, ast.USub) else "¬" if isinstance(node.op, ast.Invert | ast.Not) else "+"
            made = into.row(into.sign(sign), self.node(node.operand, 3))
            return str(into.bracket(made) if outside > 1 or right else made)
        if isinstance(node, ast.Constant):
            return str(into.number(ast.get_source_segment(self.text, node) or repr(node.value)))
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(self.shown(node.func.id), node.args, outside)
        if isinstance(node, ast.Subscript):
            inside = ast.get_source_segment(self.text, node.slice) or ""
            return str(into.below(self.node(node.value, 5), into.words(inside.strip("()").replace("...", "…"))))
        if isinstance(node, ast.BoolOp):
            sign = into.sign("∧" if isinstance(node.op, ast.And) else "∨")
            return str(into.row(sign.join(self.node(value, 1) for value in node.values)))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            sign = _COMPARES.get(type(node.ops[0]), "=")
            return str(into.row(self.node(node.left, 1), into.sign(sign), self.node(node.comparators[0], 1)))
        return str(into.words(ast.get_source_segment(self.text, node) or ""))

    def binary(self, node: ast.BinOp, outside: int) -> str:
        into, kind = self.into, type(node.op)
        if kind is ast.Div:
            made = into.over(self.node(node.left), self.node(node.right))
            return str(into.bracket(made) if outside >= 4 else made)
        if kind is ast.Pow:
            return str(into.above(self.node(node.left, 5), self.node(node.right)))
        binds = _BINDS.get(kind, 1)
        sign = into.sign(_SIGNS.get(kind, _BITS.get(kind, "?")))
        made = into.row(self.node(node.left, binds), sign, self.node(node.right, binds + 1, right=True))
        return str(into.bracket(made) if binds < outside else made)

    def shown(self, word: str) -> str:
        """The name that stands behind a place."""
        held = re.fullmatch(r"_(\d+)_", word)
        return self.names[int(held[1])] if held and int(held[1]) < len(self.names) else word

    def name(self, word: str) -> str:
        shown = self.shown(word)
        if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", shown):
            return str(self.into.number(shown))
        parts = re.fullmatch(r"([A-Za-z])_?(\d+)", shown)
        return str(self.into.below(self.into.word(parts[1]), self.into.number(parts[2])) if parts else
                   self.into.word(shown))  # fmt: skip

    def call(self, name: str, args: Sequence[ast.AST], outside: int) -> str:
        into = self.into
        if name == "exp" and len(args) == 1:
            made = into.above(into.word("e"), self.node(args[0]))
            return str(into.bracket(made) if outside >= 5 else made)
        if name == "sqrt" and len(args) == 1:
            return str(into.root(self.node(args[0])))
        if name in ("abs", "absolute") and len(args) == 1:
            return str(into.bars(self.node(args[0])))
        if name in _BETWEEN and len(args) == 2:
            made = into.row(self.node(args[0], 3), into.sign(_BETWEEN[name]), self.node(args[1], 3))
            return str(into.bracket(made) if outside > 1 else made)
        if name in _BIG and len(args) == 1:
            made = into.row(into.sign(_BIG[name]), self.node(args[0], 2))
            return str(into.bracket(made) if outside > 1 else made)
        listed = into.sign(",").join(self.node(a) for a in args)
        return str(into.row(into.function(_LETTERS.get(name, name)), into.bracket(listed)))


class _MathML:
    def row(self, *parts: str) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def number(self, text: str) -> str:
        return f"<mn>{escape(text.replace('-', '−'))}</mn>"

    def word(self, text: str) -> str:
        return f"<mi>{escape(text)}</mi>"

    function = word

    def words(self, text: str) -> str:
        return f"<mtext>{escape(text)}</mtext>"

    def sign(self, text: str) -> str:
        return f"<mo>{escape(text)}</mo>"

    def bracket(self, made: str) -> str:
        return f"<mrow><mo>(</mo>{made}<mo>)</mo></mrow>"

    def bars(self, made: str) -> str:
        return f"<mrow><mo>|</mo>{made}<mo>|</mo></mrow>"

    def over(self, a: str, b: str) -> str:
        return f"<mfrac>{a}{b}</mfrac>"

    def above(self, a: str, b: str) -> str:
        return f"<msup>{a}{b}</msup>"

    def below(self, a: str, b: str) -> str:
        return f"<msub>{a}{b}</msub>"

    def root(self, a: str) -> str:
        return f"<msqrt>{a}</msqrt>"


class _LaTeX:
    def row(self, *parts: str) -> str:
        joined = " ".join(parts)
        return re.sub(r"^- ", "-", joined)

    def number(self, text: str) -> str:
        mantissa, _, exponent = text.lower().partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent.lstrip("+-").isdigit() else text

    def word(self, text: str) -> str:
        return _tex(text) if len(text) == 1 else rf"\mathrm{{{_tex(text)}}}"

    def function(self, text: str) -> str:
        return _TEX[text] if text in _TEX else f"\\{text}" if text in _TEX_WORDS else rf"\operatorname{{{_tex(text)}}}"

    def words(self, text: str) -> str:
        return rf"\text{{{_tex(text)}}}"

    def sign(self, text: str) -> str:
        return f"{text} " if text == "," else _TEX.get(text, text)

    def bracket(self, made: str) -> str:
        return rf"\left({made}\right)"

    def bars(self, made: str) -> str:
        return rf"\left|{made}\right|"

    def over(self, a: str, b: str) -> str:
        return rf"\frac{{{a}}}{{{b}}}"

    def above(self, a: str, b: str) -> str:
        return rf"{self._single(a)}^{{{b}}}"

    def below(self, a: str, b: str) -> str:
        return rf"{self._single(a)}_{{{b}}}"

    def _single(self, a: str) -> str:
        return f"{{{a}}}" if any(c in a for c in "^_ ") and not a.startswith(r"\left") else a

    def root(self, a: str) -> str:
        return rf"\sqrt{{{a}}}"


def _tex(text: str) -> str:
    special = {"\\": r"\backslash{}", "^": r"\^{}", "~": r"\~{}", "…": r"\ldots"}
    return "".join(special.get(c, f"\\{c}" if c in "&%$#_{}" else c) for c in text)


__all__ = ["latex", "mathml"]
