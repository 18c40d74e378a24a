"""What an analysis has to offer."""

import pytest

from experiments.analyses.analysis import Analysis
from experiments.results import read


def test_an_analysis_without_verbs_is_none(analysed):
    result = read(analysed["seed 0"]).result()
    for call in (lambda: Analysis().rows(result), lambda: Analysis().table(result.run, [])):
        with pytest.raises(NotImplementedError):
            call()
