"""Sentences in every language: the tables hold exactly those that the code shows."""

import argparse
import ast
import re
from pathlib import Path

import pytest

import chainrule as cr
from chainrule import cli
from chainrule.core.errors import ValueProblem
from chainrule.draw import locale as words
from chainrule.ops.record import registry

SOURCE = Path(cr.__file__).parent
# a `LazyMessage`, and what an operation's record says, are looked up where they are made
LOOKED_UP_ELSEWHERE = {"self.message", "diagnostic.message", "report.verdict", "r.formula", "line.formula", "how.what"}
LOOKED_UP_ELSEWHERE |= {"text", "heading", "action.help"}  # of a parser
LOOKED_UP_ELSEWHERE |= {"rule"}  # an operation's gradient note
LOOKED_UP_ELSEWHERE |= {"role", "edge.role", "problem", "hint", "p", "h", "value"}


def shown_sentences():
    """Every sentence that is shown in the reader's language, read off the code."""
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        constants = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _literal(node.value)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "translate",
                "LazyMessage",
            ):
                first = node.args[0]
                for message in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if isinstance(message, ast.Constant):
                        yield message.value
                    elif isinstance(message, ast.Name) and message.id in constants:
                        yield constants[message.id]
                    elif isinstance(message, ast.Call):  # of `LazyMessage`, which this walk comes to
                        assert message.func.id == "LazyMessage"
                    else:
                        assert ast.unparse(message) in LOOKED_UP_ELSEWHERE, (
                            f"{path.name}: {ast.unparse(message)} cannot be looked up"
                        )


def help_sentences(parser):
    """Every sentence of the commands' help, their own and those of `argparse`."""
    yield from ("usage: ", "options", "positional arguments", parser.description)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from help_sentences(command)
        elif action.help:
            yield action.help


def _literal(node):
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


@pytest.mark.parametrize("language", [name for name in words.LANGUAGES if name != "en"])
def test_every_sentence_is_in_every_language(language):
    expected = {*shown_sentences(), *help_sentences(cli.parser())}
    expected |= {record.gradient_note for record in registry.values()}
    own = words.translator(language).sentences
    assert set(own) == expected
    for english, other in own.items():
        assert sorted(re.findall(r"\{[^}]*\}", english)) == sorted(re.findall(r"\{[^}]*\}", other)), english
        assert other
        assert other != english


def test_an_unknown_language_is_named():
    with pytest.raises(ValueProblem, match="one of en, ko"):
        words.translator("xx")
    with pytest.raises(ValueProblem, match="'xx'"):
        cr.explain(cr.Variable(2.0) * 3.0).to_html("xx")
