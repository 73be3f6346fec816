"""Registers the run kinds of imports; called once at start-up, so it loads no executor."""

from annotations.imports.catalogue_config import ImportCatalogueConfig
from annotations.imports.split_config import SplitPairsConfig
from annotations.runs import registry


def register() -> None:
    registry.register(
        registry.RunKind(
            kind="import_catalogue",
            title="Import a catalogue",
            config_model=ImportCatalogueConfig,
            execute="annotations.imports.catalogue_run:execute",
        )
    )
    registry.register(
        registry.RunKind(
            kind="split_pairs",
            title="Split pairs",
            config_model=SplitPairsConfig,
            execute="annotations.imports.split_run:execute",
        )
    )
