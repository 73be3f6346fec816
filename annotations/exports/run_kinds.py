"""Run kinds that hand labels on."""

from annotations.runs import registry
from annotations.services.snapshots import SnapshotConfig


def register() -> None:
    """Called once at start-up."""
    registry.register(
        registry.RunKind(
            "snapshot", "Label snapshot", SnapshotConfig, "annotations.services.snapshots:execute"
        )
    )
