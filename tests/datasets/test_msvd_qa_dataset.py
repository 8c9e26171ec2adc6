import json
import shutil

import pytest
from mmaction.registry import DATASETS

from meltr_mm.datasets import MSVDQADataset

VOCAB = ['dog', 'cat']
ITEM = dict(video='v_0_2', question='what runs?', answer=0)


def write(root, name, content):
    (root / name).write_text(json.dumps(content))


@pytest.fixture
def build(tmp_path):
    """Build the dataset over a folder of empty clips."""
    (tmp_path / 'videos').mkdir()
    for name in ('v_0_2', 'w_5_7'):
        (tmp_path / 'videos' / f'{name}.mp4').touch()

    def build_(ann_file='txt_msvd-qa.json', **kwargs):
        return DATASETS.build(
            dict(
                type='MSVDQADataset',
                data_root=str(tmp_path),
                ann_file=ann_file,
                **kwargs))

    return build_


def violet(root, items, **changes):
    content = dict(train=items, val=items, test=items, vocab=VOCAB)
    content.update(changes)
    write(root, 'txt_msvd-qa.json', content)


def original(root):
    rows = [('dog', 1), ('dog', 2), ('cat', 1), ('ant', 2)]
    train = [
        dict(id=10 + i, video_id=video, question='who is it?', answer=answer)
        for i, (answer, video) in enumerate(rows)
    ]
    write(root, 'train_qa.json', train)
    write(root, 'test_qa.json', [
        dict(id=90, video_id=2, question='what is it?', answer='cat'),
        dict(id=91, video_id=1, question='what is it?', answer='zebra'),
    ])
    (root / 'youtube_mapping.txt').write_text('v_0_2 vid1\nw_5_7 vid2\n')


class TestVioletForm:

    def test_samples(self, build, tmp_path):
        other = dict(video='w_5_7', question='Who sits?', answer=-1)
        violet(tmp_path, [ITEM, other])
        dataset = build(split='val')
        assert len(dataset) == 2
        assert dataset.metainfo['vocab'] == VOCAB
        first, second = (dataset.get_data_info(i) for i in range(2))
        assert first == dict(
            video_id='v_0_2',
            filename=str(tmp_path / 'videos' / 'v_0_2.mp4'),
            question='what runs?',
            answer='dog',
            label=[0],
            question_id=0,
            question_type='what',
            sample_idx=0)
        assert second['label'] == [-1] and second['answer'] == ''
        assert second['question_type'] == 'who'

    def test_question_types(self, build, tmp_path):
        violet(tmp_path, [ITEM])
        dataset = build(question_types=dict(no='xyz', run='runs?', any='.'))
        assert dataset.get_data_info(0)['question_type'] == 'run'

    @pytest.mark.parametrize('answer', [2, -2, '0', True, None, 1.0])
    def test_index_outside_the_vocabulary(self, build, tmp_path, answer):
        violet(tmp_path, [ITEM, dict(ITEM, answer=answer)])
        with pytest.raises(
                ValueError, match=r"txt_msvd-qa\.json, 'test' row 1.*0\.\.1"):
            build(split='test')

    @pytest.mark.parametrize('key', ['question', 'video', 'answer'])
    def test_missing_key(self, build, tmp_path, key):
        item = {k: v for k, v in ITEM.items() if k != key}
        violet(tmp_path, [ITEM, ITEM, item])
        with pytest.raises(
                ValueError,
                match=rf"txt_msvd-qa\.json, 'train' row 2: the key '{key}'"):
            build()

    @pytest.mark.parametrize('question', ['', '  ', None, 3])
    def test_question_must_be_text(self, build, tmp_path, question):
        violet(tmp_path, [dict(ITEM, question=question)])
        with pytest.raises(ValueError, match=r'row 0, `question`: must be'):
            build()

    def test_labels_of_another_vocabulary(self, build, tmp_path):
        violet(tmp_path, [ITEM, dict(ITEM, answer=1), dict(ITEM, answer=-1)])
        write(tmp_path, 'other.json', ['ant', 'cat'])
        dataset = build(vocab_file='other.json')
        assert dataset.metainfo['vocab'] == ['ant', 'cat']
        assert [dataset.get_data_info(i)['label'] for i in range(3)
                ] == [[-1], [1], [-1]]

    def test_missing_vocabulary(self, build, tmp_path):
        violet(tmp_path, [ITEM], vocab=None)
        with pytest.raises(ValueError, match=r"must have the key 'vocab'"):
            build()

    def test_all_answers_unknown(self, build, tmp_path):
        violet(tmp_path, [dict(ITEM, answer=-1)])
        with pytest.raises(ValueError, match='no answer of this split'):
            build()


class TestOriginalForm:

    def test_vocabulary_is_counted_over_training(self, build, tmp_path):
        original(tmp_path)
        dataset = build('train_qa.json', vocab_size=2)
        assert dataset.metainfo['vocab'] == ['cat', 'dog']
        assert [dataset.get_data_info(i)['label'] for i in range(4)
                ] == [[1], [1], [0], [-1]]

    def test_unknown_test_answers_are_kept(self, build, tmp_path):
        original(tmp_path)
        dataset = build(
            'test_qa.json', split='test', train_ann_file='train_qa.json')
        assert dataset.metainfo['vocab'] == ['ant', 'cat', 'dog']
        first, second = (dataset.get_data_info(i) for i in range(2))
        assert (first['label'], first['video_id']) == ([1], 'w_5_7')
        assert (second['label'], second['answer']) == ([-1], 'zebra')
        assert second['question_id'] == 91

    def test_test_split_needs_the_training_file(self, build, tmp_path):
        original(tmp_path)
        with pytest.raises(ValueError, match='Set `train_ann_file`'):
            build('test_qa.json', split='test')

    def test_video_without_mapping(self, build, tmp_path):
        original(tmp_path)
        (tmp_path / 'youtube_mapping.txt').write_text('v_0_2 vid1\n')
        with pytest.raises(
                ValueError, match=r"train_qa\.json, row 1: .*'vid2' is not"):
            build('train_qa.json')

    def test_malformed_mapping(self, build, tmp_path):
        original(tmp_path)
        (tmp_path / 'youtube_mapping.txt').write_text('v_0_2 vid1\nalone\n')
        with pytest.raises(
                ValueError, match=r'youtube_mapping\.txt, line 2'):
            build('train_qa.json')

    def test_missing_mapping(self, build, tmp_path):
        original(tmp_path)
        (tmp_path / 'youtube_mapping.txt').unlink()
        with pytest.raises(FileNotFoundError, match='mapping.txt: there'):
            build('train_qa.json')

    def test_blanks_around_an_answer(self, build, tmp_path):
        original(tmp_path)
        (tmp_path / 'answers.txt').write_text('zebra \ncat\n')
        write(tmp_path, 'test_qa.json', [
            dict(video_id=2, question='what is it?', answer=' cat'),
            dict(video_id=1, question='what is it?', answer='zebra')])
        dataset = build('test_qa.json', split='test',
                        vocab_file='answers.txt')
        assert [dataset.get_data_info(i)['label'] for i in range(2)
                ] == [[1], [0]]

    def test_a_question_that_is_there_twice(self, build, tmp_path):
        original(tmp_path)
        rows = json.loads((tmp_path / 'test_qa.json').read_text())
        write(tmp_path, 'test_qa.json', [*rows, rows[0]])
        with pytest.raises(ValueError, match='rows 0 and 2 have the same id'):
            build('test_qa.json', split='test',
                  train_ann_file='train_qa.json')

    def test_missing_question(self, build, tmp_path):
        write(tmp_path, 'train_qa.json', [dict(video_id=1, answer='dog')])
        (tmp_path / 'youtube_mapping.txt').write_text('v_0_2 vid1\n')
        with pytest.raises(
                ValueError, match=r"train_qa\.json, row 0: the key 'questio"):
            build('train_qa.json')


class TestFiles:

    def test_missing_data_folder(self):
        with pytest.raises(
                FileNotFoundError, match='/no/where: the data folder.*data_'):
            MSVDQADataset('txt_msvd-qa.json', data_root='/no/where')

    def test_missing_annotation_file(self, build):
        with pytest.raises(FileNotFoundError, match=r'other\.json: there is'):
            build('other.json')

    def test_broken_json(self, build, tmp_path):
        (tmp_path / 'txt_msvd-qa.json').write_text('{"train": [')
        with pytest.raises(ValueError, match=r'qa\.json: .* not valid JSON'):
            build()

    def test_missing_video_folder(self, build, tmp_path):
        violet(tmp_path, [ITEM])
        shutil.rmtree(tmp_path / 'videos')
        with pytest.raises(
                FileNotFoundError, match=r'/videos: the folder of the video'):
            build()

    def test_missing_video(self, build, tmp_path):
        violet(tmp_path, [ITEM, dict(ITEM, video='x_1_2')])
        with pytest.raises(
                FileNotFoundError,
                match=r'x_1_2\.mp4: this video .* does not exist\. Put'):
            build()

    def test_all_missing_videos_are_known(self, build, tmp_path):
        violet(tmp_path, [ITEM, dict(ITEM, video='x_1_2'),
                          dict(ITEM, video='y_1_2')])
        with pytest.raises(FileNotFoundError, match='nor do 1 others') as e:
            build()
        assert e.value.paths == [
            str(tmp_path / 'videos' / f'{v}_1_2.mp4') for v in 'xy']

    @pytest.mark.parametrize('line', ['x_1_2', 'x_1_2.mp4', '{videos}/x_1_2'
                                      '.mp4'])
    def test_excluded_videos(self, build, tmp_path, line):
        violet(tmp_path, [dict(ITEM, video='x_1_2'), ITEM])
        line = line.format(videos=tmp_path / 'videos')
        (tmp_path / 'broken.txt').write_text(f'# cut off\n{line}\n\n')
        dataset = build(exclude_file='broken.txt')
        assert len(dataset) == 1
        assert dataset.get_data_info(0)['video_id'] == 'v_0_2'
        assert dataset.get_data_info(0)['question_id'] == 1

    def test_all_excluded(self, build, tmp_path):
        violet(tmp_path, [ITEM])
        (tmp_path / 'broken.txt').write_text('v_0_2')
        with pytest.raises(ValueError, match=r'broken\.txt: must leave some'):
            build(exclude_file='broken.txt')
        with pytest.raises(FileNotFoundError, match='list of excluded'):
            build(exclude_file='no.txt')

    def test_no_video_files_needed(self, build, tmp_path):
        violet(tmp_path, [dict(ITEM, video='x_1_2')])
        dataset = build(data_prefix=None)
        assert 'filename' not in dataset.get_data_info(0)

    def test_unknown_split(self, build):
        with pytest.raises(ValueError, match="'train', 'val', 'test'.*'dev'"):
            build(split='dev')

    def test_a_transform_that_gives_up_is_an_error(self, build, tmp_path):
        violet(tmp_path, [ITEM])
        dataset = build(pipeline=[lambda results: None])
        with pytest.raises(ValueError, match=r'v_0_2\.mp4.*returned None'):
            dataset[0]

    def test_other_errors_say_where(self, build, tmp_path):

        def fail(results):
            raise RuntimeError('some bug')

        violet(tmp_path, [ITEM])
        dataset = build(pipeline=[fail])
        with pytest.raises(RuntimeError, match='some bug') as caught:
            dataset[0]
        assert 'v_0_2.mp4' in str(caught.value)
