"""A csv of one's own: what is made of it, and what is said of bad rows."""
import pytest

from meltr_mm.datasets import CsvVideoTextDataset

CSV = dict(
    qa='video,question,answer\n' + ''.join(
        f'clip_{n}.mp4,what is it?,{"cat" if n % 2 else "dog"}\n'
        for n in range(20)),
    caption='video,caption,text\n' + ''.join(
        f'clip_{n // 2},caption {n},said {n}\n' for n in range(40)),
    rating='video;text;rating\n' + ''.join(
        f'clip_{n};fine;{n - 10}\n' for n in range(20)))
CSV['retrieval'] = CSV['caption']


@pytest.fixture
def build(tmp_path):
    """A data set of a csv; None stands for no folder of videos."""

    def make(text, task='qa', prefix=None, **options):
        (tmp_path / 'clips.csv').write_text(text)
        return CsvVideoTextDataset(
            data_root=str(tmp_path), ann_file='clips.csv', task=task,
            data_prefix=prefix, **options)

    return make


@pytest.mark.parametrize('task', CSV)
def test_videos_are_dealt_out(build, task):
    found = {split: {sample['video_id'] for sample in build(
        CSV[task], task, split=split)} for split in ('train', 'val', 'test')}
    assert {split: len(names) for split, names in found.items()} == dict(
        train=16, val=2, test=2)
    assert len(set.union(*found.values())) == 20
    again = {sample['video_id'] for sample in build(
        CSV[task], task, split='val', seed=1)}
    assert again != found['val']


def test_answers_are_those_of_training(build):
    text = ('video,question,answer,split\na,what?,two words ,train\n'
            'b,who?,cat,train\nc,what?,cat,val\nd,what?,cow,test\n')
    sample, = build(text, split='val')
    assert sample['label'] == [0] and sample['question_type'] == 'what?'
    data = build(text, split='test')
    assert data.metainfo['vocab'] == ['cat', 'two words']
    assert data[0]['label'] == [-1] and data[0]['answer'] == 'cow'
    assert data[0]['question_id'] == 5


def test_captions_of_a_video_are_its_references(build):
    data = build(CSV['caption'], 'caption', split='test')
    assert len(data) == data.num_videos == 2
    number = int(data[0]['video_id'].split('_')[1])
    assert data[0]['references'] == [
        f'caption {2 * number}', f'caption {2 * number + 1}']
    assert data[0]['text'] == f'said {2 * number}'
    pairs = build(CSV['caption'], 'retrieval', split='test')
    assert len(pairs) == pairs.num_texts == 4 and pairs.num_videos == 2
    assert pairs[0]['text'] == pairs[0]['caption'] == pairs[0]['captions'][0]


def test_ratings_are_tensors(build):
    ratings = [sample['sentiment'] for sample in build(CSV['rating'],
                                                       'rating')]
    assert ratings[0].shape == (1, ) and {r.item() for r in ratings} <= set(
        range(-10, 10))


def test_names_with_and_without_ending(build, tmp_path):
    (tmp_path / 'videos').mkdir()
    for name in ('a.mp4', 'b.MOV', 'c.v2.mp4'):
        (tmp_path / 'videos' / name).touch()
    text = ('video,question,answer,split\na,what?,x,train\n'
            'b.MOV,what?,x,train\nc.v2,what?,x,train\n')
    data = build(text, prefix=dict(video='videos'))
    assert [data.get_data_info(i)['video_id'] for i in range(3)] == [
        'a', 'b', 'c.v2']
    assert [data.get_data_info(i)['feature_id'] for i in range(3)] == [
        'a', 'b', 'c.v2']
    with pytest.raises(FileNotFoundError, match=r'd\.mp4: this video of .*'
                       r'clips\.csv does not exist.*exclude_file'):
        build(text + 'd,what?,x,train\n', prefix=dict(video='videos'))


@pytest.mark.parametrize('text, task, message', [
    ('video,question\na,b\n', 'qa', r"clips.csv: the first line must name .*"
     r"\['answer'\] are not among"),
    ('video,question,answer\na,what, then?,x\n', 'qa',
     'clips.csv, line 2: must have the 3 columns.*into double quotes'),
    ('video,question,answer\na,what?,x\nb,,y\n', 'qa',
     'clips.csv, line 3, `question`: must be a text that is not empty'),
    ('video,question,answer,split\na,what?,x,traning\n', 'qa',
     "line 2, `split`: must be train, val or test, but is 'traning'"),
    ('video,question,answer,split\na,w?,x,train\na.mp4,w?,y,test\n', 'qa',
     "line 3, `split`: the video 'a.mp4' must be in one split, but is in "
     "'test' here and in 'train' in line 2"),
    ('video,question,answer,split\na,what?,x,val\n', 'qa',
     "no row has the split 'train' in the column `split`. Give it"),
    ('video,question,answer\na,what?,x\nb,what?,y\n', 'qa',
     'at least 4 videos to be dealt out, but there are 2. Add some'),
    ('video,text,rating,split\na,fine,1,train\nb,bad,four,train\n', 'rating',
     "line 3, `rating`: must be a number such as -1 or 2.5, but is 'four'"),
    ('video,text,rating,split\na,fine,nan,train\n', 'rating',
     'line 2, `rating`: must be a number'),
])
def test_bad_rows_are_named(build, text, task, message):
    with pytest.raises(ValueError, match=message):
        build(text, task)


def test_options():
    with pytest.raises(ValueError, match='task'):
        CsvVideoTextDataset('x.csv', task='choice')
    with pytest.raises(ValueError, match='held_out'):
        CsvVideoTextDataset('x.csv', task='qa', held_out=0.5)
