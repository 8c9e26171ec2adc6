"""What is said about a scene: captions, speech, questions and opinions."""
from dataclasses import dataclass
from itertools import permutations
from typing import Dict, List, Sequence

import numpy as np

from .world import Actor, Scene

_PRESENT = dict(
    moving='moves {direction}',
    turning='turns',
    growing='grows',
    shrinking='shrinks',
    resting='rests')


def describe(scene: Scene, rng: np.random.Generator,
             count: int) -> List[str]:
    """Describe a scene several times.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses order and wording.
        count (int): Number of captions.

    Returns:
        list[str]: Each names all actors and what they do, and may name the
        background.
    """
    return [
        _caption(scene, [scene.actors[i] for i in rng.permutation(
            len(scene.actors))], bool(rng.random() < 0.5))
        for _ in range(count)
    ]


def all_descriptions(scene: Scene) -> List[str]:
    """List whatever :func:`describe` may say of a scene."""
    return [_caption(scene, actors, background)
            for actors in permutations(scene.actors)
            for background in (False, True)]


def _caption(scene: Scene, actors: Sequence[Actor], background: bool) -> str:
    text = ' and '.join(map(_clause, actors))
    if background:
        text += f' on a background of {scene.background}'
    return text


def _clause(actor: Actor) -> str:
    deed = _PRESENT[actor.deed].format(direction=actor.direction)
    return f'a {actor.colour} {actor.shape} {deed}'


_OPENINGS = ('now', 'okay so', 'all right', 'well')
# Each gives one thing away, so that the rest must be seen.
_REMARKS = dict(
    colour=('look at the {colour} one', 'i like this {colour} one'),
    shape=('here comes the {shape}', 'you can see a {shape}'),
    deed=('watch it {deed}', 'see how it begins to {deed}'))
_INFINITIVES = dict(
    moving='move {direction}', turning='turn', growing='grow',
    shrinking='shrink')


def narrate(scene: Scene, rng: np.random.Generator) -> str:
    """Say something about the acting actor of a scene.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses what and how.

    Returns:
        str: One or two of colour, shape and deed, in spoken English.
    """
    actor = scene.actors[0]
    deed = _INFINITIVES[actor.deed].format(direction=actor.direction)
    kinds = rng.permutation(list(_REMARKS))[:rng.integers(1, 3)]
    remarks = [
        str(rng.choice(_REMARKS[kind])).format(
            colour=actor.colour, shape=actor.shape, deed=deed)
        for kind in kinds
    ]
    return f'{rng.choice(_OPENINGS)} {" and ".join(remarks)}'


NUMBERS = ('one', 'two', 'three')

# One phrasing each: several are easily understood, but a small model that
# starts from nothing then takes several times longer to look at the video.
PHRASINGS: Dict[str, str] = dict(
    colour='what colour is the {shape}?',
    shape='what shape is the {colour} object?',
    direction='in which direction does the {shape} move?',
    count='how many objects are there?')


@dataclass(frozen=True)
class Question:
    """A question about a scene.

    Attributes:
        text (str): The question, lower case, with a question mark.
        answer (str): The one right answer, a single word.
        type (str): A key of ``PHRASINGS``.
    """

    text: str
    answer: str
    type: str


def ask(scene: Scene, rng: np.random.Generator) -> List[Question]:
    """Ask two to four questions about a scene.

    Args:
        scene (Scene): The scene.
        rng (np.random.Generator): Chooses the last question.

    Returns:
        list[Question]: The colour of every actor, and one other thing: a
        shape, the count, or the direction where something moves.
    """
    acting = scene.actors[0]
    shaped = scene.actors[rng.integers(len(scene.actors))]
    others = [
        _phrase('shape', shaped, shaped.shape),
        _phrase('count', acting, NUMBERS[len(scene.actors) - 1])
    ]
    if acting.deed == 'moving':
        others.append(_phrase('direction', acting, acting.direction))
    return [_phrase('colour', actor, actor.colour)
            for actor in scene.actors] + [others[rng.integers(len(others))]]


def _phrase(kind: str, actor: Actor, answer: str) -> Question:
    text = PHRASINGS[kind]
    return Question(
        text.format(shape=actor.shape, colour=actor.colour), answer, kind)


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
_DEEDS = dict(
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
        deed=_DEEDS[actor.deed],
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
        :func:`~meltr_mm.toyworld.feature_data_sets.feature_vectors`.
    """
    shown = rng.permutation(seconds) < (seconds + 1) // 2
    name = 'smile' if face > 0 else 'frown'
    weight = _EXPRESSION * abs(face) / 3
    return [{name: weight} if now else {} for now in shown]
