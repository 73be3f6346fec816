"""What a pipeline is: stages of runs that feed one another."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from annotations.runs.registry import UnknownRunKindError, kind_named


class StageSpec(BaseModel):
    """One run of a pipeline. ``inputs`` maps an input role to the name of an earlier stage."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    kind: str
    config: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(default_factory=dict)
    seed: int | None = Field(default=None, ge=0)


class PipelineSpec(BaseModel):
    """Stages in an order in which each uses only earlier ones. A stage without a seed gets the pipeline's."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120)
    catalogue: str
    seed: int = Field(ge=0)
    stages: list[StageSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _stages_fit(self) -> "PipelineSpec":
        earlier: set[str] = set()
        for stage in self.stages:
            if stage.name in earlier:
                raise ValueError(f"stage {stage.name!r} is there twice")
            for role, source in stage.inputs.items():
                if source not in earlier:
                    raise ValueError(
                        f"stage {stage.name!r}: input {role!r} names {source!r}, which is no earlier stage"
                    )
            try:
                kind = kind_named(stage.kind)
            except UnknownRunKindError as error:
                raise ValueError(f"stage {stage.name!r}: {error}") from None
            missing = [role for role in kind.needs if role not in stage.inputs]
            if missing:
                raise ValueError(
                    f"stage {stage.name!r}: kind {stage.kind!r} needs inputs {', '.join(missing)}"
                )
            try:
                kind.config_model.model_validate(stage.config)
            except ValidationError as error:
                raise ValueError(f"stage {stage.name!r}: config: {describe(error)}") from None
            earlier.add(stage.name)
        return self


def describe(error: ValidationError) -> str:
    """One line for a validation error: each faulty field with its fault."""
    faults = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{place}: {message}" if place else message)
    return "; ".join(faults)
