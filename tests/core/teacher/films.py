"""Invented films with known aspects, people and places, for the teacher's tests."""

from modelsvc.core.teacher import ItemFacts, RatedItem

VAULT = ItemFacts(
    "vault",
    "Vault, The (1987)",
    "Anna Corvin directs a taut heist thriller set in 1960s Vienna. A retired safecracker and a nervous "
    "young "
    "thief plan one last robbery beneath an opera house, while a weary detective (Tom Harrow) follows "
    "the clues. "
    "Leo Brandt plays a charming swindler, and the banter is witty throughout. There is no gore and "
    "hardly any "
    "violence; the suspense comes from patience, silence and a chase across the rooftops.",
    genres=("Crime", "Thriller"),
)
COMET = ItemFacts(
    "comet",
    "Comet Season (2011)",
    "Directed by Paul Ostrander, this science-fiction epic sends a crew of astronauts to a distant "
    "planet. Mira "
    "Devlin plays a stubborn pilot who argues with the ship's robot about free will. Vast images, an "
    "orchestral "
    "score and a slow, meditative pace leave room for big questions about fate. A lonely scientist keeps the "
    "expedition alive. The special effects are spectacular.",
    genres=("Sci-Fi", "Adventure"),
)
PUDDLE = ItemFacts(
    "puddle",
    "Puddle and Sons (1999)",
    "In Greta Lindqvist's animated musical a family of ducks runs a leaky boat. Songs come often, the "
    "jokes are "
    "silly, and the slapstick never lets up. Children will love the friendship between two brothers, "
    "and there is "
    "a gentle, heart-warming ending.",
    genres=("Animation", "Children", "Comedy", "Musical"),
)
MARSH = ItemFacts(
    "marsh",
    "Marshlight (2004)",
    "Horror in a small town: a vampire haunts the marsh, murders follow, and the film is bloody, "
    "gruesome and "
    "bleak. Ivo Kessler directs Ada Marlowe as a grieving widow. The mood is eerie and unsettling, the "
    "violence "
    "brutal.",
    genres=("Horror",),
)
BALLAD = ItemFacts(
    "ballad",
    "Ballad of Two Rivers (1993)",
    "A romance in wartime France, sentimental and sweeping. A young soldier and a village teacher fall "
    "in love "
    "while battles rage; letters, tears and a fine soundtrack carry the drama.",
    genres=("Drama", "Romance", "War"),
)
BARE = ItemFacts("bare", "Bare (2001)", "Two people wait.", genres=("Drama",))
FILMS = (VAULT, COMET, PUDDLE, MARSH, BALLAD, BARE)


def heist_films(count: int) -> list[ItemFacts]:
    """Films whose only aspect in common is a robbery."""
    return [ItemFacts(f"heist{k}", f"Job {k}", "A robbery goes wrong.") for k in range(count)]


def musical_films(count: int) -> list[ItemFacts]:
    """Films whose only aspect in common is being a musical."""
    return [ItemFacts(f"song{k}", f"Tune {k}", "Several musicals in one.") for k in range(count)]


def rated(items: list[ItemFacts], rating: float) -> tuple[RatedItem, ...]:
    """The items, all with one rating."""
    return tuple(RatedItem(item, rating) for item in items)
