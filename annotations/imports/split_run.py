"""The run that makes a catalogue's splits."""

from typing import Any

from annotations.imports.split_config import SplitPairsConfig
from annotations.models import Catalogue
from annotations.runs.context import RunContext
from annotations.services.pairs import SplitSizes, make_splits

# Source: App. B: 96 test pairs for MovieLens, 73 for Amazon.
TEST_PAIRS = {Catalogue.Domain.MOVIES: 96, Catalogue.Domain.PRODUCTS: 73}


def execute(context: RunContext) -> dict[str, Any]:
    config = context.config
    if not isinstance(config, SplitPairsConfig):
        raise TypeError("the splitting was given another config")
    catalogue = Catalogue.objects.get(pk=context.catalogue_id)
    test = TEST_PAIRS[Catalogue.Domain(catalogue.domain)] if config.test is None else config.test
    made = make_splits(
        catalogue=catalogue, seed=context.seed, sizes=SplitSizes(config.train, config.collect, test)
    )
    context.log(", ".join(f"{count} {split} pairs" for split, count in made["counts"].items()))
    return made
