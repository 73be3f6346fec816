"""Reads a study's specification from a YAML file."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from annotations.assignment.spec import StudySpec


class StudySpecError(ValueError):
    """The file is not a study specification; the message names the file and every field at fault."""


def read_study_spec(path: Path) -> StudySpec:
    """Read and validate a specification.

    Raises:
        StudySpecError: if the file cannot be read, is not YAML, or a field is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StudySpecError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StudySpecError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_study_spec(text, source=str(path))


def parse_study_spec(text: str, *, source: str) -> StudySpec:
    """Validate the YAML ``text``; ``source`` names it in errors.

    Raises:
        StudySpecError: if it is not YAML, or a field is wrong.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise StudySpecError(f"{source}:{where} {problem}") from error
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
