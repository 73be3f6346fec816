"""The kinds of run there are. Both sides register theirs at start-up; executors load only in a worker."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

if TYPE_CHECKING:
    from annotations.runs.context import RunContext

Queue = Literal["light", "training"]
Executor = Callable[["RunContext"], dict[str, Any]]


class UnknownRunKindError(LookupError):
    """No run kind of that name is registered."""


@dataclass(frozen=True)
class RunKind:
    """One kind of run.

    ``execute`` is the dotted path ``package.module:function`` of the executor, imported only when
    a run of this kind is executed, so that a web process never loads torch.
    ``needs`` names the input roles that a run of this kind must be given.
    """

    kind: str
    title: str
    config_model: type[BaseModel]
    execute: str
    queue: Queue = "light"
    needs: tuple[str, ...] = ()

    def executor(self) -> Executor:
        module_name, function_name = self.execute.split(":")
        executor: Executor = getattr(import_module(module_name), function_name)
        return executor


_kinds: dict[str, RunKind] = {}


def register(run_kind: RunKind) -> None:
    """Add a kind; registering the same kind again with other contents is an error."""
    known = _kinds.get(run_kind.kind)
    if known is not None and known != run_kind:
        raise ValueError(f"run kind {run_kind.kind!r} is registered twice")
    _kinds[run_kind.kind] = run_kind


def kind_named(kind: str) -> RunKind:
    """Return the registered kind.

    Raises:
        UnknownRunKindError: with the kinds there are.
    """
    try:
        return _kinds[kind]
    except KeyError:
        raise UnknownRunKindError(
            f"there is no run kind {kind!r}; there are: {', '.join(sorted(_kinds))}"
        ) from None


def all_kinds() -> list[RunKind]:
    return [_kinds[kind] for kind in sorted(_kinds)]
