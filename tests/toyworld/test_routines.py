import numpy as np
import pytest

from meltr_mm.datasets.transforms.frames import even_frame_indices
from meltr_mm.toyworld.language import describe
from meltr_mm.toyworld.renderer import render
from meltr_mm.toyworld.routines import (
    TIMES,
    VERBS,
    Performer,
    ask_repetition,
    ask_transition,
    imagine_repetition,
    imagine_transition,
)
from meltr_mm.toyworld.world import FRAMES, HEIGHT, WIDTH, imagine_scene

# The frames that a model sees of a clip.
SEEN = even_frame_indices(FRAMES, 2) / (FRAMES - 1)


def performer(*acts):
    return Performer('square', 'red', 'x', None, (56., 48.), (56., 48.),
                     (14., 14.), (0., 0.), acts)


def scenes(imagine, count=60):
    rng = np.random.default_rng(0)
    return [imagine(rng) for _ in range(count)]


@pytest.mark.parametrize('times', TIMES)
@pytest.mark.parametrize('verb, changes', [
    ('jump', lambda c, r: 48 - c[1] > 11),
    ('duck', lambda c, r: c[1] - 48 > 11),
    ('swing', lambda c, r: abs(c[0] - 56) > 14),
    ('swell', lambda c, r: r > 19),
    ('shrink', lambda c, r: r < 11),
])
def test_each_act_shows_in_the_frames_that_are_seen(verb, times, changes):
    shown = [changes(*performer((verb, times)).pose(t)[:2]) for t in SEEN]
    assert shown == [True, True]


@pytest.mark.parametrize('times', TIMES)
def test_jumps_can_be_counted(times):
    heights = [48 - performer(('jump', times)).pose(t)[0][1]
               for t in np.linspace(0, 1, 500)]
    landed = np.array(heights) < 2
    # It begins a little after take-off.
    assert (np.diff(landed.astype(int)) == 1).sum() == times


def test_one_act_after_the_other():
    actor = performer(('jump', 1), ('swell', 1))
    early = [actor.pose(t) for t in (0.1, SEEN[0], 0.4)]
    late = [actor.pose(t) for t in (0.6, SEEN[1], 0.9)]
    assert all(c[1] < 44 and r == 14 for c, r, _ in early)
    assert all(c[1] == 48 and r > 16 for c, r, _ in late)
    # Both are clear in the frames that are seen.
    assert early[1][0][1] < 32 and late[1][1] > 24


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
                assert gap > poses[0][1] + poses[1][1]


def test_no_frame_repeats_the_one_before():
    for scene in scenes(imagine_repetition, 10) + scenes(
            imagine_transition, 10):
        frames = render(scene)
        assert (frames[1:] != frames[:-1]).any((1, 2, 3)).all()


def test_repetitions_are_asked_about():
    bystanders = 0
    for scene in scenes(imagine_repetition):
        actor = scene.actors[0]
        (verb, times), = actor.acts
        choice, = ask_repetition(scene, np.random.default_rng(0))
        assert sorted(choice.options) == sorted(VERBS)
        assert choice.options[choice.answer] == verb
        assert choice.text == (f'what does the {actor.colour} {actor.shape} '
                               f'do {times} times ?')
        bystanders += len(scene.actors) == 2
    assert 8 < bystanders < 30


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
