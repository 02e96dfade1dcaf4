"""Descent as a picture and a page: trajectories across the loss, and the loss after each update."""

from __future__ import annotations

from ..draw import curves, surface, table
from ..draw.locale import Translator, translator
from ..draw.page import page as whole_page
from ..draw.text import escape
from ..inspection.descent import Descent


def picture(descent: Descent, language: str | None = None) -> str:
    """Draw the surface with the trajectories."""
    translate = translator(language)
    paths = [surface.Path(translate.name(t.name), t.points) for t in descent.trajectories.values()]
    marks = [(translate("start"), *descent.start), (translate("lowest"), *descent.best)]
    title = translate("{name}: the loss and the ways down", name=descent.name)
    axes, leaving = _axes(descent, translate), translate("leaves the picture")
    return surface.svg(descent.xs, descent.ys, descent.surface, paths, title, axes, marks, leaving)


def losses(descent: Descent, language: str | None = None) -> str:
    """Draw the loss after each update: the mean of the seeds, and their range."""
    translate = translator(language)
    lines = []
    for t in descent.trajectories.values():
        mean = t.mean_loss().tolist()
        lines.append(curves.Line(translate.name(t.name), list(range(len(mean))), mean, t.loss_range()))
    panel = curves.Panel(translate("the loss of all data"), translate("update"), translate("loss"), lines)
    return curves.svg([panel], descent.name, 456, 360)


def page(descent: Descent, language: str | None = None) -> str:
    """Return a page with both, and a table of where the trajectories end."""
    translate = translator(language)
    note = translate("Dark is low. Each trajectory starts at the same weights and takes the same number of updates.")
    body = (
        f"<h1>{escape(descent.name)}</h1><p>{escape(note)}</p><div class='charts'><figure>{picture(descent, language)}"
        f"</figure><figure>{losses(descent, language)}</figure></div>{table.html(*_final_losses(descent, translate))}"
    )
    return whole_page(descent.name, body, translate.language, script=False)


def text(descent: Descent, language: str | None = None) -> str:
    """Return a table of where each trajectory ends, as text for a terminal."""
    translate = translator(language)
    heads, rows = _final_losses(descent, translate)
    first, second = _axes(descent, translate)
    title = translate("{name}, over {first} and {second}", name=descent.name, first=first, second=second)
    return f"{title}\n{table.format_table([heads, *rows])}"


def _final_losses(descent: Descent, translate: Translator) -> tuple[list[str], list[list[str]]]:
    heads = [translate("optimizer"), translate("learning rate"), translate("examples an update")]
    heads += [translate("loss at the start"), translate("loss at the end")]
    rows = []
    for t in descent.trajectories.values():
        end = f"{t.final_loss():.4g}" + (f" ({translate('then diverged')})" if t.diverged else "")
        size = translate("all") if t.batch_size is None else str(t.batch_size)
        rows.append([translate.name(t.name), f"{t.rate:g}", size, f"{t.losses[0, 0]:.4g}", end])
    return heads, rows


def _axes(descent: Descent, translate: Translator) -> tuple[str, str]:
    first, second = map(translate.name, descent.axes)
    return first, second
