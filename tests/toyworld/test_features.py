import numpy as np
import pytest

from meltr_mm.toyworld.feature_data_sets import (
    ACTING,
    BACKGROUND,
    NOISE,
    RESTING,
    direction,
    feature_vectors,
    things_in,
)
from meltr_mm.toyworld.world import Actor, Scene


def actor(colour, shape, deed, course=None):
    return Actor(shape, colour, deed, course, (0, 0), (0, 0), (1, 1), (0, 0))


def test_things_of_two_actors():
    scene = Scene((actor('red', 'circle', 'moving', 'left'),
                   actor('blue', 'square', 'resting')), 'stripes', 0)
    assert things_in(scene) == {
        'stripes': BACKGROUND,
        'red': ACTING, 'circle': ACTING, 'red circle': ACTING,
        'blue': RESTING, 'square': RESTING, 'blue square': RESTING,
        'moving left': ACTING,
    }


def test_a_deed_without_direction():
    scene = Scene((actor('red', 'circle', 'turning'), ), 'plain', 0)
    assert things_in(scene)['turning'] == ACTING


def test_directions_are_fixed_unit_vectors():
    one, other = direction('red', 1024), direction('blue', 1024)
    assert np.linalg.norm(one) == pytest.approx(1)
    # Of random unit vectors: 0 +- 1 / 32.
    assert abs(one @ other) < 0.15
    # The projection is part of the format: files of today and of tomorrow
    # must agree.
    np.testing.assert_allclose(
        direction('red', 3), [0.092013, 0.968369, 0.231937], atol=1e-6)


def test_vectors_are_the_weighted_sum_and_noise():
    things = {'red': 1., 'smile': 0.5}
    rng = np.random.default_rng(0)
    features = feature_vectors([things] * 2000 + [{}] * 2000, rng, 16)
    assert features.dtype == np.float32 and features.shape == (4000, 16)
    seen = direction('red', 16) + 0.5 * direction('smile', 16)
    error = 5 * NOISE / np.sqrt(2000)
    np.testing.assert_allclose(features[:2000].mean(0), seen, atol=error)
    np.testing.assert_allclose(features[2000:].mean(0), 0, atol=error)
    assert features[2000:].std() == pytest.approx(NOISE, rel=0.05)
