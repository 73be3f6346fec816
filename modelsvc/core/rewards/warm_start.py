"""A warm start for the map from text into the collaborative-filtering space."""

from collections.abc import Sequence

import torch

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards.scorer import RewardScorer


@torch.no_grad()
def warm_start_text_to_cf(
    model: RewardScorer,
    contexts: Sequence[Context],
    *,
    utility_std: float,
    ridge: float = 1.0,
    gain: float = 1.0,
) -> None:
    """Set M so that ⟨M f(I), z(u)⟩ is close to gain · (i·u − mean) / utility_std.

    Since i·u = Σ_d i_d (mean_d + std_d z(u)_d), M f(I) has to predict i_d · std_d / utility_std: a
    ridge regression from the untrained encoder's vector of each item's description, which says
    the same of the item as its ratings do. Pairs then only have to bend it.

    Args:
        contexts: any contexts; each distinct item counts once.
        utility_std: standard deviation of i·u over the catalogue.
        ridge: strength of the penalty, in units of the mean feature variance.
        gain: 1 for scores in units of standardized utility.
    """
    items = list({context.item_id: context for context in contexts}.values())
    features = torch.cat(
        [
            model.encoder.pooled([context.item_description for context in items[start : start + 32]])
            for start in range(0, len(items), 32)
        ]
    )
    targets = torch.stack([torch.from_numpy(context.item_vector) for context in items]).float()
    targets = targets.to(features.device) * model.viewer_std * gain / utility_std
    feature_mean, target_mean = features.mean(dim=0), targets.mean(dim=0)
    centred = (features - feature_mean).double()
    # Dual form: items are fewer than features.
    gram = centred @ centred.T
    penalty = ridge * gram.diagonal().mean().clamp(min=1e-12)
    identity = torch.eye(len(items), dtype=torch.float64, device=gram.device)
    solved = torch.linalg.solve(gram + penalty * identity, (targets - target_mean).double())
    weight = (centred.T @ solved).T.float()
    model.text_to_cf.weight.copy_(weight)
    model.text_to_cf.bias.copy_(target_mean - weight @ feature_mean)
