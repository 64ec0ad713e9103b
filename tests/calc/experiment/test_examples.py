"""The examples in the docstrings of the arithmetic hold."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from pipelines.calc.experiment import checks, estimates, means, power, rates, standardise


@pytest.mark.parametrize(
    "module", [checks, estimates, means, power, rates, standardise], ids=lambda module: module.__name__
)
def test_the_examples_in_docstrings_hold(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted
    assert not outcome.failed
