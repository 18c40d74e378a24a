"""A manifest is trusted in nothing."""

import pytest

from experiments import results

# --- the files of a result ------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["{}", "no JSON", '{"run": {"name": "warm-up"}}', "[]"])
def test_a_manifest_that_is_none_is_no_result(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match="which is no folder that `run` left"):
        results.read(tmp_path)
