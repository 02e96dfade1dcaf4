"""Files that commands draw or write: looked at before the work, written after it, whole or not at all."""

from __future__ import annotations

import argparse
import os
from typing import Any


def check_place(path: str, option: str) -> None:
    """Say before the learning, not after it, that nothing can be written there."""
    from ..errors import ValueProblem

    folder = os.path.dirname(os.path.abspath(path))
    problem = ""
    if option == "--plot" and os.path.splitext(path)[1].lower() in (".png", ".jpg", ".jpeg", ".pdf", ".gif"):
        problem = "which is no name for SVG: let it end in .svg"
    elif not os.path.isdir(folder):
        problem = "in a folder that is not there"
    elif os.path.isdir(path):
        problem = "which is a folder"
    elif len(os.path.basename(path)) > 240:
        problem = "a name too long for a file"
    elif not os.access(folder, os.W_OK):
        problem = "in a folder that cannot be written"
    if problem:
        raise ValueProblem(f"{option} {path[:80]}, {problem}", "a file in an existing folder", "choose another place")


def page_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The options of a command that writes a page."""
    parser.add_argument("--html", metavar="FILE.html", default=default, help="write a page")
    parser.add_argument("--language", default="en", help="of the page: en or ko")


def check_page(args: argparse.Namespace) -> None:
    """Say before the work that the page has no place, or no language."""
    from ..figures.words import catalogue

    catalogue(args.language)
    if args.html:
        check_place(args.html, "--html")


def draw(path: str, panels: list[Any], title: str) -> None:
    """The panels as one SVG."""
    from ..draw.curves import svg

    write(path, svg([panel for panel in panels if panel.lines], title), "--plot")
    print(f"\ncurves drawn in {path}")


def write_page(path: str, html: str, quiet: bool = False) -> None:
    """A page, and a word on how to look at it, which would be in the way of `quiet` data."""
    write(path, html, "--html")
    if not quiet:
        print(f"\nwritten to {path}: open it in a browser")


def write(path: str, text: str, option: str) -> None:
    """A file, whole or not at all. A pipe or device is written into, never replaced; a link's target is written."""
    from ..errors import ValueProblem
    from ..saving import atomic

    target = os.path.realpath(path)
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "w", encoding="utf-8") as file:
                file.write(text)
        else:
            atomic.write(target, [text.encode()])
    except OSError as error:
        raise ValueProblem(
            f"{option} {path} ({error.strerror})", "a file that can be written", "choose another"
        ) from None
    except ValueProblem as error:
        raise ValueProblem(
            f"{option} {path} ({error.passed})", "a file that can be written", "choose another"
        ) from None
