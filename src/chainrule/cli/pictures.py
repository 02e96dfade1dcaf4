"""Files that commands draw or write: looked at before the work, written after it, whole or not at all."""

from __future__ import annotations

import argparse
import os
from typing import Any


def check_place(path: str, option: str) -> None:
    """Say before the learning, not after it, that nothing can be written there."""
    from ..core.errors import ValueProblem

    folder = os.path.dirname(os.path.abspath(path))
    problem = ""
    if not os.path.isdir(folder):
        problem = "in a folder that is not there"
    elif os.path.isdir(path):
        problem = "which is a folder"
    elif len(os.path.basename(path)) > 240:
        problem = "a name too long for a file"
    elif not os.access(folder, os.W_OK):
        problem = "in a folder that cannot be written"
    if problem:
        raise ValueProblem(f"{option} {path[:80]}, {problem}", "a file in an existing folder", "choose another place")


def check_picture(path: str) -> None:
    """The same of a picture, and that it can be drawn in the form that its name asks for."""
    from ..core.errors import ValueProblem
    from ..draw.raster import load_resvg

    check_place(path, "--plot")
    ending = os.path.splitext(path)[1].lower()
    if ending in (".jpg", ".jpeg", ".pdf", ".gif", ".webp"):
        raise ValueProblem(f"--plot {path[:80]}", "a name that ends in .svg or .png", "choose another")
    if ending == ".png":
        load_resvg()


def page_arguments(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """The options of a command that writes a page."""
    parser.add_argument("--html", metavar="FILE.html", default=default, help="write a page")
    parser.add_argument("--language", help="of what is shown: en (the default) or ko")


def picture_argument(parser: argparse.ArgumentParser) -> None:
    """The option of a command whose result is a picture too."""
    parser.add_argument("--plot", metavar="FILE.svg", help="draw it; a name that ends in .png for PNG")


def check_page(args: argparse.Namespace) -> None:
    """Set the language; say before the work that what is to be written has no place."""
    from ..draw.locale import set_language, translator

    set_language(args.language)
    translator()  # where the environment names a language that there is not, too
    if args.html:
        check_place(args.html, "--html")
    if getattr(args, "plot", None):
        check_picture(args.plot)


def write_forms(found: Any, args: argparse.Namespace, **options: Any) -> None:
    """The page and the picture that were asked for, and a word on them, which would be in the way of data. `options`
    are the picture's."""
    quiet = getattr(args, "json", False)
    if args.html:
        put_page(args.html, found.to_html(), quiet)
    if getattr(args, "plot", None):
        put_picture(args.plot, found.to_svg(**options), quiet)


def put_page(path: str, html: str, quiet: bool = False) -> None:
    """Write a page, and say how to look at it."""
    from ..draw.locale import translator

    write(path, html, "--html")
    if not quiet:
        translate = translator()
        print("\n" + translate("written to {path}: open it in a browser", path=path))


def put_picture(path: str, svg: str, quiet: bool = False) -> None:
    """Write a picture, and say where it is."""
    write_picture(path, svg)
    if not quiet:
        told_picture(path)


def told_picture(path: str) -> None:
    from ..draw.locale import translator

    translate = translator()
    print("\n" + translate("drawn in {path}", path=path))


def draw(path: str, panels: list[Any], title: str) -> None:
    """The panels as one picture."""
    from ..draw.curves import svg

    write_picture(path, svg([panel for panel in panels if panel.lines], title))
    print(f"\ncurves drawn in {path}")


def write_picture(path: str, svg: str) -> None:
    """A picture, as PNG where the name says so, else as SVG."""
    from ..draw.raster import png

    write(path, png(svg) if path.lower().endswith(".png") else svg, "--plot")


def write(path: str, made: str | bytes, option: str) -> None:
    """A file, whole or not at all."""
    from ..core import files
    from ..core.errors import ValueProblem

    try:
        files.write(path, [made if isinstance(made, bytes) else made.encode()])
    except ValueProblem as error:
        raise ValueProblem(
            f"{option} {path} ({error.passed})", "a file that can be written", "choose another"
        ) from None
