"""What the splitting of a catalogue into train, collect and test pairs is told."""

from pydantic import BaseModel, ConfigDict, Field


class SplitPairsConfig(BaseModel):
    """How many viewer–item pairs each split is to have; pairs of launched studies count."""

    model_config = ConfigDict(extra="forbid")

    train: int = Field(default=1000, ge=0, le=1_000_000, description="pairs that texts may be learnt from")
    collect: int = Field(
        default=200, ge=0, le=1_000_000, description="pairs of studies whose labels may train"
    )
    test: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="locked test pairs; default 96 for movies, 73 for products",
    )
