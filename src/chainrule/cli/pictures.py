"""Pages and pictures of commands: their paths are checked before the work; each is written completely or not at all."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..core import files
from ..core.errors import ValueProblem
from ..core.terminal import echo
from ..draw import curves
from ..draw.locale import translator
from ..draw.raster import load_resvg, png


def check_writable(path: str, option: str) -> None:
    """Raise ValueProblem if a file cannot be written at a path, before the work and not after it."""
    folder = os.path.dirname(os.path.abspath(path))
    problem = ""
    if not os.path.isdir(folder):
        problem = "in a folder that does not exist"
    elif os.path.isdir(path):
        problem = "which is a folder"
    elif len(os.path.basename(path)) > 240:
        problem = "a name too long for a file"
    elif not os.access(folder, os.W_OK):
        problem = "in a folder that cannot be written"
    if problem:
        raise ValueProblem(f"{option} {path[:80]}, {problem}", "a file in an existing folder", "choose another path")


def check_picture(path: str) -> None:
    """Check the path of a picture, and that its format, by the ending of the name, can be written."""
    check_writable(path, "--plot")
    ending = os.path.splitext(path)[1].lower()
    if ending in (".jpg", ".jpeg", ".pdf", ".gif", ".webp"):
        raise ValueProblem(f"--plot {path[:80]}", "a name that ends in .svg or .png", "choose another")
    if ending == ".png":
        load_resvg()


def page_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the options of a command that writes a page."""
    parser.add_argument("--html", metavar="FILE.html", default=default, help="write the result as a web page")


def picture_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option of a command whose result is a picture too."""
    parser.add_argument("--plot", metavar="FILE.svg", help="draw the result as SVG, or as PNG if the name ends in .png")


def prepare_output(args: argparse.Namespace) -> None:
    """Check the paths of the page and the picture, before the work."""
    if args.html:
        check_writable(args.html, "--html")
    if getattr(args, "plot", None):
        check_picture(args.plot)


def show(result: Any, args: argparse.Namespace) -> int:
    """Print a result as text, or as JSON with ``--json``; write its page and picture; return the exit status 0."""
    echo(result.to_json() if getattr(args, "json", False) else result)
    write_outputs(result, args)
    return 0


def write_outputs(result: Any, args: argparse.Namespace, **options: Any) -> None:
    """Write the page and the picture that the arguments name, and print their paths unless JSON is printed.

    `options` are passed to `to_svg`.
    """
    quiet = getattr(args, "json", False)
    if args.html:
        write_page(args.html, result.to_html(), quiet)
    if getattr(args, "plot", None):
        write_picture(args.plot, result.to_svg(**options), quiet)


def write_page(path: str, html: str, quiet: bool = False) -> None:
    """Write a page, and print how to open it."""
    _write(path, html, "--html")
    if not quiet:
        translate = translator()
        echo("\n" + translate("written to {path}: open it in a browser", path=path))


def write_picture(path: str, svg: str, quiet: bool = False) -> None:
    """Write a picture, as PNG if the name ends in .png, else as SVG, and print its path."""
    _write_image(path, svg)
    if not quiet:
        print_picture_path(path)


def print_picture_path(path: str) -> None:
    """Print where a picture was written."""
    translate = translator()
    echo("\n" + translate("drawn in {path}", path=path))


def write_curves(path: str, panels: list[Any], title: str) -> None:
    """Write the panels as one picture, and print its path."""
    _write_image(path, curves.svg([panel for panel in panels if panel.lines], title))
    translate = translator()
    echo("\n" + translate("curves drawn in {path}", path=path))


def _write_image(path: str, svg: str) -> None:

    _write(path, png(svg) if path.lower().endswith(".png") else svg, "--plot")


def _write(path: str, contents: str | bytes, option: str) -> None:
    """Write a file completely or not at all; the error names the option."""
    try:
        files.write(path, [contents if isinstance(contents, bytes) else contents.encode()])
    except ValueProblem as error:
        passed = f"{option} {path} ({error.passed})"
        raise ValueProblem(passed, "a file that can be written", "choose another") from None
