"""Reads the product's pages and writes the rows that they must hold."""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str, mark: str = "## ") -> dict[str, str]:
    """The page's sections by their heading, without the backquotes around it."""
    parts = ("\n" + text).split(f"\n{mark}")[1:]
    split = [part.partition("\n") for part in parts]
    return {heading.strip().strip("`"): body for heading, _, body in split}


def first_cells(section: str, heading: str) -> list[str]:
    """The first column of the section's table that starts with this header cell, without backquotes."""
    return [row[0].strip("`") for row in table(section, heading)]


def table(section: str, heading: str) -> list[list[str]]:
    """The rows of the section's table whose first header cell is ``heading``, cell by cell."""
    lines = section.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith(f"| {heading} |")]
    if not starts:
        return []
    rows = []
    for line in lines[starts[0] + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]])
    return rows


def field_rows(model: type[BaseModel]) -> dict[str, list[str]]:
    """What a page must say of each field: its values, its default and, if the model says it, its meaning."""
    schema = model.model_json_schema()
    return {
        name: [values(schema["properties"][name]), default_of(field), field.description or ""]
        for name, field in model.model_fields.items()
    }


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    assert default is not PydanticUndefined
    return f"`{as_yaml(default)}`"


def as_yaml(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(as_yaml(part) for part in value)}]"
    if isinstance(value, float):
        return f"{value:g}"
    return "''" if value == "" else str(value)


def values(schema: dict[str, Any]) -> str:
    """What a field takes, from its JSON schema."""
    if "anyOf" in schema:
        return " or ".join(values(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if kind == "array":
        return f"list of {values(schema['items'])}"
    if kind == "object":
        return "mapping"
    word = {"integer": "whole number", "number": "number", "boolean": "true or false", "string": "text"}
    bounds = [
        f"{sign} {schema[key]:,.12g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in schema
    ]
    return " ".join([word.get(kind or "", "null"), ", ".join(bounds)]).strip()
