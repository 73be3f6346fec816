from annotations.bots.journey import BotJourney, BotStuckError
from annotations.bots.rater_model import Effects, EffectsError, RaterModel, parse_effects

__all__ = ["BotJourney", "BotStuckError", "Effects", "EffectsError", "RaterModel", "parse_effects"]
