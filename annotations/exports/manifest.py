"""The manifest that goes with a label file: what was declared before looking at the labels."""

import json
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from annotations.metrics.results import Contrast

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)


class ManifestError(ValueError):
    """A manifest that cannot be used; the message names file, field and problem."""


class DeclaredContrast(BaseModel):
    """One test system held against one baseline."""

    model_config = _STRICT
    test_system: str = Field(min_length=1)
    baseline_system: str = Field(min_length=1)

    @model_validator(mode="after")
    def systems_differ(self) -> Self:
        """Refuse a contrast of a system with itself."""
        if self.test_system == self.baseline_system:
            raise ValueError("test_system and baseline_system are the same")
        return self


class Exclusions(BaseModel):
    """Ids whose rows count in no metric, beside the rows that the labels themselves mark."""

    model_config = _STRICT
    rater_ids: list[str] = Field(default=[], validation_alias=AliasChoices("rater_ids", "raters"))
    comparison_ids: list[str] = Field(
        default=[], validation_alias=AliasChoices("comparison_ids", "comparisons")
    )


class Manifest(BaseModel):
    """Declared analysis of one study's labels.

    Attributes:
        study: name of the study; needed when the labels hold several.
        contrasts: the contrasts to report, in this order; by default all in the labels.
        exclusions: ids left out.
        bootstrap_seed: seed of resampling methods. The intervals printed today resample nothing; the seed is
            kept so that a manifest stays valid when a method that does is declared.
        study_manifest_sha256: hash of the manifest that the study was launched with: which frozen plan,
            texts and wording these labels answer.
    """

    model_config = _STRICT
    study: str | None = None
    contrasts: list[DeclaredContrast] | None = None
    exclusions: Exclusions = Exclusions()
    bootstrap_seed: int | None = Field(default=None, ge=0)
    study_manifest_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def contrasts_differ(self) -> Self:
        """Refuse a contrast declared twice."""
        declared = self.declared_contrasts() or ()
        repeated = [contrast for contrast in dict.fromkeys(declared) if declared.count(contrast) > 1]
        if repeated:
            raise ValueError(
                f"contrasts: {repeated[0].test_system} against {repeated[0].baseline_system} twice"
            )
        return self

    def declared_contrasts(self) -> tuple[Contrast, ...] | None:
        """The contrasts as the metrics take them; None for all in the labels."""
        if self.contrasts is None:
            return None
        return tuple(Contrast(entry.test_system, entry.baseline_system) for entry in self.contrasts)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest (JSON, UTF-8).

    Raises:
        ManifestError: unreadable file, broken JSON, or a field that is missing, unknown or wrong.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ManifestError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path.name}: not JSON: {error}") from error
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{_field(entry['loc'])}: {_problem(entry['type'], entry['msg'])}" for entry in error.errors()
        ]
        raise ManifestError("\n".join(f"{path.name}, {problem}" for problem in problems)) from error


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "manifest"


def _problem(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown field; allowed at the top: {', '.join(Manifest.model_fields)}"
    return message.removeprefix("Value error, ")
