import numpy as np
import pytest

from meltr_mm.toyworld.frame_files import write_mp4
from meltr_mm.toyworld.language import (
    NUMBERS,
    PHRASINGS,
    all_descriptions,
    ask,
    describe,
)
from meltr_mm.toyworld.renderer import OUTLINES, render
from meltr_mm.toyworld.world import (
    COLOURS,
    DIRECTIONS,
    FPS,
    FRAMES,
    HEIGHT,
    SHAPES,
    WIDTH,
    imagine_clips,
)

SIZES = dict(train=60, val=20, test=30)


@pytest.fixture(scope='module')
def clips():
    return imagine_clips(0, SIZES)


@pytest.fixture(scope='module')
def scenes(clips):
    return [clip.scene for split in clips.values() for clip in split]


def test_splits_are_disjoint(clips):
    signatures = [{clip.scene.signature for clip in split}
                  for split in clips.values()]
    assert len(set.union(*signatures)) == sum(map(len, signatures))
    names = [clip.name for split in clips.values() for clip in split]
    assert len(set(names)) == 110


def test_splits_have_the_same_distribution():
    # There are but 420 scenes with one actor: they must not be used up.
    clips = imagine_clips(0, dict(train=520, val=100, test=100))
    for split in clips.values():
        alone = np.mean([len(clip.scene.actors) == 1 for clip in split])
        assert alone == pytest.approx(0.6, abs=0.1)


def test_actors_can_be_told_apart(scenes):
    for scene in scenes:
        assert len({actor.shape for actor in scene.actors}) == len(
            {actor.colour for actor in scene.actors}) == len(scene.actors)


def test_actors_stay_inside_and_apart(scenes):
    for scene in scenes:
        for time in np.linspace(0, 1, FRAMES):
            poses = [actor.pose(time) for actor in scene.actors]
            for centre, radius, _ in poses:
                assert (centre >= radius - 1e-6).all()
                assert (centre <= np.array([WIDTH, HEIGHT]) - radius
                        + 1e-6).all()
                assert 2 * radius >= HEIGHT / 4
            for i, (one, radius, _) in enumerate(poses):
                for other, other_radius, _ in poses[:i]:
                    gap = np.linalg.norm(one - other)
                    # Checked at nine times only, so a pixel may be missing.
                    assert gap > radius + other_radius - 1


def test_movement_has_its_direction(scenes):
    for scene in scenes:
        acting = scene.actors[0]
        shift = np.subtract(acting.end, acting.start)
        if acting.deed == 'moving':
            unit = shift / np.linalg.norm(shift)
            assert unit == pytest.approx(DIRECTIONS[acting.direction])
        else:
            assert acting.direction is None and not shift.any()


def test_outlines_fit_the_unit_circle():
    assert set(OUTLINES) == set(SHAPES)
    for outline in OUTLINES.values():
        assert np.linalg.norm(outline, axis=1).max() <= 1 + 1e-9


def test_colour_of_an_actor_is_on_the_frames(scenes):
    for scene in scenes[:10]:
        video = render(scene)
        assert video.shape == (FRAMES, HEIGHT, WIDTH, 3)
        for actor in scene.actors:
            hits = (video == COLOURS[actor.colour]).all(-1).sum((1, 2))
            assert hits.min() > 60


def test_deeds_are_visible(scenes):
    seen = set()
    for scene in scenes:
        if scene.actors[0].deed in seen:
            continue
        seen.add(scene.actors[0].deed)
        video = render(scene).astype(int)
        assert (np.abs(video[9] - video[14]).max(-1) > 60).sum() > 50
    assert seen == {'moving', 'turning', 'growing', 'shrinking'}


def test_answers_are_right(clips):
    for clip in clips['train']:
        actors = clip.scene.actors
        acting = actors[0]
        for question in ask(clip.scene, np.random.default_rng(clip.seed)):
            named = [
                actor for actor in actors
                if actor.shape in question.text.split('?')[0].split()
                or actor.colour in question.text.strip('?').split()
            ]
            if question.type == 'count':
                assert question.answer == NUMBERS[len(actors) - 1]
                assert not named
                continue
            assert len(named) == 1
            assert question.answer == dict(
                colour=named[0].colour,
                shape=named[0].shape,
                direction=acting.direction)[question.type]


def test_questions_never_hold_their_answer(clips):
    types = set()
    for split in clips.values():
        for clip in split:
            for question in ask(clip.scene, np.random.default_rng(clip.seed)):
                types.add(question.type)
                assert question.answer not in question.text.split()
    assert types == set(PHRASINGS)


def test_a_clip_is_the_same_file_again(tmp_path, clips):
    for clip in clips['train']:
        files = [tmp_path / f'{n}.mp4' for n in range(2)]
        for file in files:
            write_mp4(str(file), render(clip.scene), FPS)
        assert files[0].read_bytes() == files[1].read_bytes()


def test_all_descriptions(scenes):
    for scene in scenes[:20]:
        said = describe(scene, np.random.default_rng(0), 100)
        assert set(said) == set(all_descriptions(scene))
