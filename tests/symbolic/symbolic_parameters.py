"""The cases of unknown sizes as parameters of tests: a test's name has the function, and the shapes with their axes."""

from typing import Any

import pytest

from symbolic_cases import Cases, described

QUICK = 2  # so many cases of a function are in the quick tests


def parameters(*tables: Cases) -> list[Any]:
    """A table, the key of a case in it, and the axes that are unknown."""
    return [
        pytest.param(
            cases,
            key,
            unknown,
            id=f"{cases.package}.{key}-{described(case.shapes(unknown))}",
            marks=[] if int(key.rpartition("-")[2]) < QUICK else [pytest.mark.slow],
        )
        for cases in tables
        for key, case in cases.items()
        for unknown in case.unknowns
    ]
