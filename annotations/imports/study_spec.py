"""Reads a study's specification from a YAML file."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from annotations.assignment.spec import StudySpec
from annotations.imports.yaml_text import YamlError, read_yaml, read_yaml_file


class StudySpecError(ValueError):
    """The file is not a study specification; the message names the file and every field at fault."""


def read_study_spec(path: Path) -> StudySpec:
    """Read and validate a specification.

    Raises:
        StudySpecError: if the file cannot be read, is not YAML, or a field is wrong.
    """
    try:
        return _validated(read_yaml_file(path), source=str(path))
    except YamlError as error:
        raise StudySpecError(str(error)) from error


def parse_study_spec(text: str, *, source: str) -> StudySpec:
    """Validate the YAML ``text``; ``source`` names it in errors.

    Raises:
        StudySpecError: if it is not YAML, or a field is wrong.
    """
    try:
        return _validated(read_yaml(text, source=source), source=source)
    except YamlError as error:
        raise StudySpecError(str(error)) from error


def _validated(data: object, *, source: str) -> StudySpec:
    if not isinstance(data, Mapping):
        raise StudySpecError(f"{source}: must be a mapping of fields, for example 'name: first-study'")
    try:
        return StudySpec.model_validate(data)
    except ValidationError as error:
        raise StudySpecError(_describe(error, source)) from error


def _describe(error: ValidationError, source: str) -> str:
    lines: list[str] = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"] if part not in ("selection", "list"))
        message = str(problem["msg"]).removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "is not a field of a study specification"
        lines.append(f"{source}: {field}: {message}" if field else f"{source}: {message}")
    return "\n".join(dict.fromkeys(lines))
