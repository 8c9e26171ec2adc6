import numpy as np
import pytest

from meltr_mm.datasets.transforms.sample_frames_evenly import (
    even_frame_indices,
)
from meltr_mm.toyworld.captions import describe
from meltr_mm.toyworld.choices import ask_repetition, ask_transition
from meltr_mm.toyworld.renderer import render
from meltr_mm.toyworld.routines import (
    TIMES,
    VERBS,
    Performer,
    imagine_repetition,
    imagine_transition,
)
from meltr_mm.toyworld.world import FRAMES, HEIGHT, WIDTH, imagine_scene

# The frames that a model sees of a clip.
SEEN = even_frame_indices(FRAMES, 3) / (FRAMES - 1)


def performer(*acts):
    return Performer('square', 'red', 'x', None, (50., 74.), (50., 74.),
                     (16., 16.), (0., 0.), acts, 11.)


def scenes(imagine, count=60):
    rng = np.random.default_rng(0)
    return [imagine(rng) for _ in range(count)]


@pytest.mark.parametrize('times', TIMES)
@pytest.mark.parametrize('verb, changes', [
    ('jump', lambda c, r, a: 74 - c[1] > 15),
    ('swing', lambda c, r, a: abs(c[0] - 50) > 5),
    ('spin', lambda c, r, a: abs(np.sin(a / 2)) > 0.3),
    ('swell', lambda c, r, a: r > 19),
    ('shrink', lambda c, r, a: r < 13),
])
def test_each_act_shows_in_most_frames_that_are_seen(verb, times, changes):
    shown = [changes(*performer((verb, times)).pose(t)) for t in SEEN]
    assert sum(shown) >= 2


@pytest.mark.parametrize('times', TIMES)
def test_jumps_can_be_counted(times):
    heights = [74 - performer(('jump', times)).pose(t)[0][1]
               for t in np.linspace(0, 1, 500)]
    landed = np.array(heights) < 3
    # It begins a little after take-off.
    assert (np.diff(landed.astype(int)) == 1).sum() == times


def test_one_act_after_the_other():
    actor = performer(('jump', 1), ('swell', 1))
    early = [actor.pose(t) for t in (0.1, 0.3)]
    late = [actor.pose(t) for t in (0.6, 0.9)]
    assert all(c[1] < 70 and r == 16 for c, r, _ in early)
    assert all(c[1] == 74 and r > 17 for c, r, _ in late)


@pytest.mark.parametrize('imagine', [imagine_repetition, imagine_transition])
def test_performers_stay_inside_and_apart(imagine):
    for scene in scenes(imagine):
        for time in np.linspace(0, 1, 50):
            poses = [actor.pose(time) for actor in scene.actors]
            for centre, radius, _ in poses:
                assert (centre >= radius - 1e-6).all()
                assert (centre <= np.array([WIDTH, HEIGHT]) - radius
                        + 1e-6).all()
            if len(poses) == 2:
                gap = np.linalg.norm(poses[0][0] - poses[1][0])
                assert gap > 0.8 * (poses[0][1] + poses[1][1])


def test_no_frame_repeats_the_one_before():
    for scene in scenes(imagine_repetition, 10) + scenes(
            imagine_transition, 10):
        frames = render(scene)
        assert (frames[1:] != frames[:-1]).any((1, 2, 3)).all()


def test_repetitions_are_told_apart_by_the_question():
    pairs = 0
    for scene in scenes(imagine_repetition):
        choices = ask_repetition(scene, np.random.default_rng(0))
        assert len(choices) == len(scene.actors)
        assert len({choice.text for choice in choices}) == len(choices)
        for choice, actor in zip(choices, scene.actors, strict=True):
            (verb, times), = actor.acts
            assert sorted(choice.options) == sorted(VERBS)
            assert choice.options[choice.answer] == verb
            assert f'{actor.colour} {actor.shape} do {times} times ?' in (
                choice.text)
        pairs += len(choices) == 2
    assert 5 < pairs < 35


def test_transitions_are_asked_both_ways():
    answers = []
    for scene in scenes(imagine_transition):
        (first, _), (second, _) = scene.actors[0].acts
        before, after = ask_transition(scene, np.random.default_rng(0))
        assert before.text.endswith(f'before {second} ?')
        assert before.options[before.answer] == first != second
        assert after.text.endswith(f'after {first} ?')
        assert after.options[after.answer] == second
        answers.append(first)
    assert set(answers) == set(VERBS)


def test_captions_name_everything():
    rng = np.random.default_rng(0)
    for scene in scenes(imagine_scene):
        captions = describe(scene, rng, 3)
        assert len(captions) == 3
        for caption in captions:
            for actor in scene.actors:
                assert f'a {actor.colour} {actor.shape} ' in caption
            assert (scene.actors[0].direction or 's') in caption
