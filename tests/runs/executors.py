"""Small executors that the runs tests register as kinds of their own."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from annotations.runs.context import RunContext


class EchoConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str
    steps: int = 3


def echo(context: RunContext) -> dict[str, Any]:
    """Writes its text as an artifact, with progress."""
    config = context.config
    assert isinstance(config, EchoConfig)
    for step in range(config.steps):
        context.progress(step + 1, config.steps, f"step {step + 1}")
        context.metrics(step + 1, loss=1.0 / (step + 1))
    folder = context.scratch / "out"
    folder.mkdir(exist_ok=True)
    (folder / "text.txt").write_text(config.text)
    context.commit_artifact("text", folder)
    return {"length": len(config.text)}


def join(context: RunContext) -> dict[str, Any]:
    """Reads its two inputs."""
    texts = [(context.input_folder(role, "text") / "text.txt").read_text() for role in ("left", "right")]
    return {"joined": "+".join(texts)}


def fail(context: RunContext) -> dict[str, Any]:
    raise ValueError("it went wrong")


def lose_lease(context: RunContext) -> dict[str, Any]:
    """Another worker takes the run in the middle; then this one tries to write."""
    from annotations.models import Run

    Run.objects.filter(pk=context.run_id).update(fence=context.fence + 1)
    folder = context.scratch / "out"
    folder.mkdir(exist_ok=True)
    (folder / "text.txt").write_text("stale")
    context.commit_artifact("text", folder)
    return {}


def cancel_itself(context: RunContext) -> dict[str, Any]:
    from annotations.services.runs import cancel_run

    cancel_run(run_id=context.run_id)
    context.check()
    return {"reached": True}
