"""Reading YAML for people: every failure is one line that names the file and the place."""

from pathlib import Path

import yaml


class YamlError(ValueError):
    """The file or text is not readable as YAML; the message names the source, line and column."""


def read_yaml_file(path: Path) -> object:
    """The content of a YAML file.

    Raises:
        YamlError: if the file cannot be read, is not UTF-8, or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return read_yaml(text, source=str(path))


def read_yaml(text: str, *, source: str) -> object:
    """The content of a YAML text; ``source`` names it in errors.

    Raises:
        YamlError: if it is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise YamlError(f"{source}:{where} {problem}") from error
