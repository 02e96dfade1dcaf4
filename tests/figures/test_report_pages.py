"""The pages of a gradient check and of a price."""

import numpy as np

import chainrule as cr
from chainrule import ops
from chainrule.draw import locale as words
from pages import read


def test_a_check_shows_the_worst_entries_first():
    x = np.linspace(-2, 2, 60)
    report = cr.check(
        ops.tanh, x, backward=lambda u, x: u * (1 - ops.tanh(x) ** 2) * np.where(np.arange(60) == 7, 1.1, 1)
    )
    for language in words.LANGUAGES:
        page = report.to_html(language)
        reader = read(page)
        rows = page.split("<tr>")[2:]
        assert "x[7]" in rows[0]
        assert "✗" in rows[0]
        assert "1.1" in rows[0]
        assert len(rows) == 40
        assert words.translator(language)(report.verdict) in "".join(reader.text)
    assert "✓" in cr.check(ops.tanh, 0.5)._repr_mimebundle_()["text/html"]
    kink = cr.check(ops.relu, [0.0, 1.0]).to_html()
    assert "at a kink" in kink
    assert " | " in kink
    assert set(report.to_pandas()["kind"]) == {"ok", "wrong"}


def test_a_price_is_a_page():
    price = cr.price(lambda x, k: ops.conv(x, k, padding="same"), (1, 28, 28, 192), (5, 5, 192, 32), backward=True)
    for language in words.LANGUAGES:
        text = "".join(read(price.to_html(language)).text)
        assert "120,422,400" in text
        assert {"en": "28·28·32 outputs × 5·5·192 window", "ko": "출력 28·28·32 × 창 5·5·192"}[language] in text
    assert price.to_pandas()["multiplies"].max() == 120_422_400
