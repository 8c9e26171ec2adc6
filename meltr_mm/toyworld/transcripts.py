"""What a narrator says while a scene is shown."""
import numpy as np

from .world import Scene

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
