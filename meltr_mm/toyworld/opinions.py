"""What somebody says about a scene, and the face that they make."""
from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from .world import Scene

# By how much they praise: from -3 to 3, as utterances are rated.
WORDS = {
    -3: ('awful', 'terrible', 'horrible'),
    -2: ('bad', 'boring', 'ugly'),
    -1: ('dull', 'odd', 'slow'),
    1: ('fine', 'nice', 'decent'),
    2: ('great', 'lovely', 'clever'),
    3: ('amazing', 'wonderful', 'brilliant'),
}
_PHRASES = (
    'i thought the {colour} {shape} was {word}',
    'the {colour} {shape} is just {word}',
    'how {word} this {colour} {shape} is',
    'you know it is {word} how this {colour} {shape} {deed}')
_PRESENT = dict(
    moving='moves', turning='turns', growing='grows', shrinking='shrinks')

# Words and face are of one mind in half of the utterances, and by chance in a
# few more; else one of them is ironic.
_AGREEMENT = 0.5
# A full smile is as visible as half as many again acting actors.
_EXPRESSION = 1.5


@dataclass(frozen=True)
class Opinion:
    """One utterance.

    Attributes:
        text (str): What is said, lower case.
        words (int): How much the words praise, a key of ``WORDS``.
        face (int): How much the face does, on the same scale.
    """

    text: str
    words: int
    face: int

    @property
    def rating(self) -> float:
        """float: What a rater says, -3 to 3; the face counts twice."""
        return (self.words + 2 * self.face) / 3


def opine(scene: Scene, rng: np.random.Generator) -> Opinion:
    """Give an opinion about the acting actor of a scene.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Source of every choice.

    Returns:
        Opinion: The opinion; its text names the actor.
    """
    words = face = int(rng.choice(list(WORDS)))
    if rng.random() >= _AGREEMENT:
        face = int(rng.choice(list(WORDS)))
    actor = scene.actors[0]
    text = str(rng.choice(_PHRASES)).format(
        colour=actor.colour,
        shape=actor.shape,
        deed=_PRESENT[actor.deed],
        word=rng.choice(WORDS[words]))
    return Opinion(text, words, face)


def expressions(face: int, seconds: int,
                rng: np.random.Generator) -> List[Dict[str, float]]:
    """Choose when the face shows what it means.

    Args:
        face (int): How much it praises, -3 to 3, not 0.
        seconds (int): Length of the utterance.
        rng (np.random.Generator): Chooses half of the seconds.

    Returns:
        list[dict[str, float]]: For each second ``{'smile': weight}`` or
        ``{'frown': weight}``, or nothing; for
        :func:`~meltr_mm.toyworld.features.feature_vectors`.
    """
    shown = rng.permutation(seconds) < (seconds + 1) // 2
    name = 'smile' if face > 0 else 'frown'
    weight = _EXPRESSION * abs(face) / 3
    return [{name: weight} if now else {} for now in shown]
