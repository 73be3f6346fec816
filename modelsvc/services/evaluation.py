"""Run kind ``evaluate``: every system on the test pairs with every reward model."""

import json
from typing import Any

from annotations.queries.records import catalogue_endorsements, catalogue_pairs
from annotations.runs.context import RunContext
from modelsvc.bridge import contexts_of
from modelsvc.configs import EvaluateConfig
from modelsvc.core.endorser.context import Context
from modelsvc.services.vectors import shared_embeddings


class NoCommonPairsError(RuntimeError):
    """There is no pair of the splits for which all the systems have a text."""


def evaluate(run: RunContext) -> dict[str, Any]:
    """Mean ± standard error, win rate and absolute increase against the baseline; artifact ``evaluation``.

    Only pairs for which every system has a text count; how many were left out is in the result.
    """
    from modelsvc.core.evaluation import evaluate_systems
    from modelsvc.core.rewards import RewardModels

    config = run.config
    assert isinstance(config, EvaluateConfig)
    assert run.catalogue_id is not None
    names = tuple(dict.fromkeys((*config.systems, config.baseline)))
    embeddings = shared_embeddings(run, "rewards")
    models = RewardModels.load(run.input_folder("rewards", "rewards"))
    pairs = catalogue_pairs(run.catalogue_id, config.splits)
    contexts = contexts_of(pairs, embeddings)
    texts: dict[str, dict[tuple[int, int], str]] = {name: {} for name in names}
    for text in catalogue_endorsements(run.catalogue_id, systems=names, splits=config.splits):
        if text.sample == 0:
            texts[text.system][text.item_id, text.viewer_id] = text.text
    common = [key for key in contexts if all(key in texts[name] for name in names)]
    if not common:
        missing = [name for name in names if not texts[name]]
        reason = f"; {', '.join(missing)} has none at all" if missing else ""
        raise NoCommonPairsError(f"no {' or '.join(config.splits)} pair has a text of every system{reason}")
    run.progress(0, 1, f"scoring {len(names)} systems on {len(common)} pairs")
    endorsements: dict[str, list[tuple[Context, str]]] = {
        name: [(contexts[key], texts[name][key]) for key in common] for name in names
    }
    report = evaluate_systems(endorsements, models, baseline=config.baseline).as_dict()
    result = {**report, "pairs": len(common), "pairs_left_out": len(contexts) - len(common)}
    folder = run.scratch / "evaluation"
    folder.mkdir(exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(result, indent=1, sort_keys=True))
    run.commit_artifact("evaluation", folder, {"pairs": len(common)})
    run.progress(1, 1, "done")
    return result
