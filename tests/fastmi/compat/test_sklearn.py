"""fastmi.compat.sklearn: its six names, and scikit-learn's own tests of them."""

import importlib.util
import inspect
import itertools
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn.feature_selection
import sklearn.metrics.cluster

import fastmi
from fastmi.compat import sklearn as ours
from tests.fastmi.compat.sklearn.agreement import FEATURES, LABELS, THEIRS, both

# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", THEIRS)
def test_the_signature_is_scikit_learns(name):
    mine, other = (inspect.signature(function).parameters.values() for function in both(name))
    assert [(p.name, p.kind, p.default) for p in mine] == [
        (p.name, p.kind, p.default) for p in other
    ]


def test_the_module_offers_the_six_and_all_are_documented():
    assert ours.__all__ == sorted({*THEIRS, *FEATURES, "LabelEncoderTransformer"})
    with pytest.raises(AttributeError, match=r"'fastmi\.compat\.sklearn' has no attribute 'other'"):
        _ = ours.other
    assert all(getattr(ours, name).__doc__ for name in ours.__all__)


def test_plain_labels_are_scored_without_scikit_learn():
    code = (
        "import sys, fastmi.compat.sklearn as s; s.mutual_info_score([0, 1], list('ab')); "
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(fastmi.__file__).parents[1],
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


# --- scikit-learn's own tests ---------------------------------------------------------------------


NOT_OURS = {  # its tests of other functions, in the same two modules
    "test_generalized_average": "tests the private mean",
    "test_homogeneous_but_not_complete_labeling": "homogeneity and completeness",
    "test_complete_but_not_homogeneous_labeling": "homogeneity and completeness",
    "test_not_complete_and_not_homogeneous_labeling": "homogeneity and completeness",
    "test_beta_parameter": "the V-measure",
    "test_non_consecutive_labels": "homogeneity, completeness and the Rand index",
    "test_adjustment_for_chance": "the Rand index",
    "test_expected_mutual_info_overflow": "expected_mutual_information",
    "test_public_entropy_deprecation": "the deprecated entropy",
    "test_entropy": "the private entropy",
    "test_entropy_array_api": "the private entropy",
    "test_fowlkes_mallows_score": "the Fowlkes-Mallows index",
    "test_fowlkes_mallows_score_properties": "the Fowlkes-Mallows index",
    "test_check_clustering_error": (
        "check_clusterings, whose warning test_labels_that_are_not_whole_warn asks of ours"
    ),
    "test_pair_confusion_matrix_fully_dispersed": "pair_confusion_matrix",
    "test_pair_confusion_matrix_single_cluster": "pair_confusion_matrix",
    "test_pair_confusion_matrix": "pair_confusion_matrix",
    "test_rand_score_edge_cases": "the Rand index",
    "test_rand_score": "the Rand index",
    "test_adjusted_rand_score_overflow": "the Rand index",
    "test_compute_mi_dd": "the private estimators, which ours calls through the public functions",
    "test_compute_mi_cc": "the private estimators",
    "test_compute_mi_cd": "the private estimators",
    "test_compute_mi_cd_unique_label": "the private estimators",
}


MODULES = {
    "metrics/cluster/tests/test_supervised.py": LABELS,
    "feature_selection/tests/test_mutual_info.py": FEATURES,
}


# as its conftest gives them
FIXTURES = {"global_dtype": [np.float32, np.float64], "global_random_seed": [0, 42]}


def load(path, names):
    """A fresh copy of one of its test modules, with ours where it imports these names."""
    spec = importlib.util.spec_from_file_location(
        "theirs_" + Path(path).stem, Path(sklearn.__file__).parent / path
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            home = sklearn.feature_selection if name in FEATURES else sklearn.metrics.cluster
            patch.setattr(home, name, getattr(ours, name))
        spec.loader.exec_module(module)
    return module


def calls(test):
    """The arguments of every call that pytest would make of it; those with another function of
    scikit-learn's left out.
    """
    axes = []
    for mark in getattr(test, "pytestmark", []):
        keys = [key.strip() for key in mark.args[0].split(",")]
        axes.append(
            [
                dict(zip(keys, value if len(keys) > 1 else [value], strict=True))
                for value in mark.args[1]
            ]
        )
    given = {key for axis in axes for key in axis[0]}
    for key, parameter in inspect.signature(test).parameters.items():
        if key not in given and parameter.default is parameter.empty:
            axes.append([{key: value} for value in FIXTURES[key]])
    for choice in itertools.product(*axes):
        arguments = {key: value for part in choice for key, value in part.items()}
        if arguments.get("score_func") is None or arguments["score_func"].__module__.startswith(
            ours.__name__
        ):
            yield arguments


def collect():
    for path, names in MODULES.items():
        module = load(path, names)
        for name, test in vars(module).items():
            if name.startswith("test_") and name not in NOT_OURS:
                for number, arguments in enumerate(calls(test)):
                    yield pytest.param(test, arguments, id=f"{name}-{number}")


THEIR_TESTS = list(collect())


@pytest.mark.parametrize(("test", "arguments"), THEIR_TESTS)
def test_scikit_learns_own_tests_pass(test, arguments):
    with joblib.parallel_config(backend="threading"):  # their n_jobs=2, without starting processes
        test(**arguments)


def test_all_of_scikit_learns_own_tests_are_accounted_for():
    """18 of the 42 test functions concern these six, with 47 calls between them."""
    everything = {
        name for path in MODULES for name in vars(load(path, [])) if name.startswith("test_")
    }
    assert set(NOT_OURS) <= everything
    assert len(everything - set(NOT_OURS)) == 18
    assert len(THEIR_TESTS) == 47


def test_scikit_learns_own_tests_were_given_ours():
    module = load("metrics/cluster/tests/test_supervised.py", LABELS)
    assert [getattr(module, name) for name in LABELS] == [getattr(ours, name) for name in LABELS]
    assert ours.adjusted_mutual_info_score in module.score_funcs
    # and the installed one was left alone
    assert sklearn.metrics.cluster.mutual_info_score is THEIRS["mutual_info_score"]
