"""Registers the machine side's run kinds with the human side."""


def register_all() -> None:
    """Called once at start-up."""
