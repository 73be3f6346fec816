"""What a catalogue import is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ImportCatalogueConfig(BaseModel):
    """What to import, and as what."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["movielens", "csv"]
    path: str = Field(description="folder or zip with the catalogue's files")
    name: str = Field(pattern=r"^[-a-zA-Z0-9_]+$", max_length=80, description="short name, used in specs")
    title: str = Field(default="", max_length=200, description="name shown to people")
    domain: Literal["movies", "products"] | None = Field(default=None, description="default: the format's")
    licence: str = Field(default="", description="terms the data comes under; default: the format's")
    descriptions: str = Field(default="", description="CSV or JSONL with descriptions, joined by item id")
    rating_min: float | None = Field(
        default=None, description="lowest possible rating; default: the format's"
    )
    rating_max: float | None = Field(
        default=None, description="highest possible rating; default: the format's"
    )

    @model_validator(mode="after")
    def _scale_is_whole(self) -> "ImportCatalogueConfig":
        if (self.rating_min is None) != (self.rating_max is None):
            raise ValueError("give both rating_min and rating_max, or neither")
        if self.rating_min is not None and self.rating_max is not None and self.rating_min >= self.rating_max:
            raise ValueError("rating_min must be below rating_max")
        return self
