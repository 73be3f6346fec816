"""Training from the state that an earlier attempt of the run left, or anew if that no longer fits."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from annotations.runs.context import RunContext

Report = TypeVar("Report")


def resumed_or_anew(run: RunContext, state_folder: Path, train: Callable[[], Report]) -> Report:
    """What ``train`` returns; a state that does not fit is deleted, with a warning in the run's log.

    An attempt has the config and inputs of the one before it, so a misfit means that the code changed in
    between or that the folder is of another database: no reason to fail at every retry.
    """
    from modelsvc.core.endorser.training_state import ResumeError

    try:
        return train()
    except ResumeError as error:
        run.log(f"{error}: deleted, training starts anew", level="warning")
        shutil.rmtree(state_folder, ignore_errors=True)
        return train()
