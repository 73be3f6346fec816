"""The example files of the docs are read by the product's own readers."""

from pathlib import Path

import pytest

from annotations.imports.pipeline_spec import read_pipeline_spec

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "docs" / "examples").glob("*_pipeline.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_is_a_valid_pipeline(path: Path) -> None:
    assert read_pipeline_spec(path).stages


def test_there_are_examples() -> None:
    assert EXAMPLES
