"""Reads a pipeline spec from YAML."""

from pathlib import Path

from pydantic import ValidationError

from annotations.imports.yaml_text import YamlError, read_yaml_file
from annotations.runs.pipeline_spec import PipelineSpec, describe


class PipelineSpecError(ValueError):
    """The spec cannot be used; the message names the file, the stage and the field."""


def read_pipeline_spec(path: Path) -> PipelineSpec:
    """Read and validate the spec at ``path``.

    Raises:
        PipelineSpecError: naming the file and every faulty field.
    """
    try:
        content = read_yaml_file(path)
    except YamlError as error:
        raise PipelineSpecError(str(error)) from error
    if not isinstance(content, dict):
        raise PipelineSpecError(f"{path}: expected a mapping with name, catalogue, seed and stages")
    try:
        return PipelineSpec.model_validate(content)
    except ValidationError as error:
        raise PipelineSpecError(f"{path}: {describe(error)}") from None
