"""The readers on annotation files that the authors published."""
import json
import shutil
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from meltr_mm.datasets.data_files import load_video_table, read_json

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
REAL = Path(__file__).resolve().parents[3] / 'shared' / 'real'

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason='there are no real files beside the repository')


def build(kind, root, ann_file, **options):
    return DATASETS.build(
        dict(type=kind, data_root=str(root), ann_file=ann_file,
             data_prefix=None, pipeline=[], **options))


def read(*args, **options):
    """The samples, without what MMEngine does to 200,000 of them."""
    return build(*args, lazy_init=True, **options).load_data_list()


def msvd(split, **options):
    return build('MSVDQADataset', REAL / 'msvd', f'{split}_qa.json',
                 split=split, train_ann_file='train_qa.json', **options)


@pytest.mark.parametrize('split, questions, known', [
    ('train', 30933, None), ('val', 6415, 5749), ('test', 13157, 11983)])
def test_vocabulary_of_msvd_qa_is_violets(split, questions, known):
    official = read_json(str(REAL / 'violet' / 'txt_msvd-qa.json'))['vocab']
    dataset = msvd(split, lazy_init=True)
    labels = [sample['label'][0] for sample in dataset.load_data_list()]
    assert len(official) == 1000
    assert dataset.metainfo['vocab'] == official
    assert len(labels) == questions
    if known is not None:
        assert sum(label >= 0 for label in labels) == known


def test_vocabulary_from_violets_file():
    vocab_file = str(REAL / 'violet' / 'txt_msvd-qa.json')
    dataset = msvd('val', vocab_file=vocab_file, lazy_init=True)
    dataset.load_data_list()
    assert dataset.metainfo['vocab'] == read_json(vocab_file)['vocab']


def test_violets_sample_agrees_with_the_original_rows():
    """Same clip, question and label, wherever the question is unambiguous."""
    sample = build('MSVDQADataset', REAL / 'violet', 'txt_msvd-qa.json',
                   split='test')
    rows = msvd('test')
    labels = {}
    for i in range(len(rows)):
        info = rows.get_data_info(i)
        labels.setdefault((info['video_id'], info['question']),
                          set()).add(info['label'][0])
    for i in range(len(sample)):
        info = sample.get_data_info(i)
        assert info['label'][0] in labels[info['video_id'], info['question']]


MSRVTT = REAL / 'msrvtt'


@pytest.fixture(scope='module')
def shuffled(tmp_path_factory):
    """The real json with its videos sorted by name, and without `split`."""
    root = tmp_path_factory.mktemp('msrvtt')
    content = read_json(str(MSRVTT / 'MSRVTT_data.json'))
    content['videos'].sort(key=lambda video: video['video_id'])
    (root / 'sorted.json').write_text(json.dumps(content))
    test = [v for v in content['videos'] if v['split'] == 'test']
    (root / 'test_videodatainfo.json').write_text(
        json.dumps(dict(content, videos=test)))
    for video in content['videos']:
        del video['split']
    (root / 'bare.json').write_text(json.dumps(content))
    for path in MSRVTT.glob('*.csv'):
        shutil.copy(path, root)
    return root


@pytest.mark.parametrize('file, split, csv_file, samples, videos', [
    ('sorted.json', 'train_7k', None, 140200, 7010),
    ('bare.json', 'train_7k', 'MSRVTT_train.7k.csv', 140200, 7010),
    ('sorted.json', 'train_9k', 'MSRVTT_train.9k.csv', 180000, 9000),
    ('sorted.json', 'test_1k', 'MSRVTT_JSFUSION_test.csv', 1000, 1000),
    ('bare.json', 'test_full', None, 2990, 2990)])
def test_splits_of_msrvtt(shuffled, file, split, csv_file, samples, videos):
    found = [sample['video_id'] for sample in read(
        'MSRVTTFeatureDataset', shuffled, file, split=split,
        csv_file=csv_file)]
    assert (len(found), len(set(found))) == (samples, videos)
    numbers = {int(name[5:]) for name in found}
    if split == 'train_7k':
        assert max(numbers) < 7010
    elif split.startswith('test'):
        assert min(numbers) >= 7010


@pytest.mark.parametrize('options, message', [
    (dict(split='train_7k', ann_file='test_videodatainfo.json'),
     "split='train_7k' needs videos .* for training, but all 2990 are"),
    (dict(split='train_7k', ann_file='sorted.json',
          csv_file='MSRVTT_train.9k.csv'),
     '1990 of the 9000 listed are none'),
    (dict(split='train_9k', ann_file='sorted.json',
          csv_file='MSRVTT_JSFUSION_test.csv'), 'as the test pairs have'),
    (dict(split='test_1k', ann_file='sorted.json',
          csv_file='MSRVTT_train.9k.csv'), "'sentence'. are not among"),
])
def test_contradictions_are_refused(shuffled, options, message):
    with pytest.raises(ValueError, match=message):
        build('MSRVTTFeatureDataset', shuffled, **options)


@pytest.mark.parametrize('split, captions, videos', [
    ('train', 130260, 6513), ('val', 9940, 497), ('test', 59800, 2990)])
def test_captions_of_one_split_only(shuffled, split, captions, videos):
    found = [sample['video_id'] for sample in read(
        'MSRVTTRetrievalDataset', shuffled, 'sorted.json', split=split)]
    assert (len(found), len(set(found))) == (captions, videos)


def test_all_of_msrvtt_is_no_split(shuffled):
    with pytest.raises(ValueError, match='do not say which split.*prepare'):
        build('MSRVTTRetrievalDataset', shuffled, 'bare.json')


def test_violets_frames_and_codes(tmp_path, monkeypatch):
    """The ten public clips, as training reads them."""
    monkeypatch.setenv('MELTR_TOKENIZER', 'minilm')
    codes = load_video_table(str(REAL / 'violet' / 'msrvtt_vq.pkl'))
    (tmp_path / 'train_9k.json').write_text(json.dumps(dict(sentences=[
        dict(video_id=video, caption='a man talks') for video in codes])))
    cfg = Config.fromfile(CONFIGS / 'meltr_violet_msrvtt9k_retrieval.py')
    cfg.merge_from_dict(dict(
        data_root=str(tmp_path),
        img_file=str(REAL / 'violet' / 'msrvtt.pkl'),
        vq_file=str(REAL / 'violet' / 'msrvtt_vq.pkl')))
    init_default_scope('mmaction')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset) == 10
    for item in dataset:
        assert item['inputs'].shape == (1, 3, 5, 224, 224)
        sample = item['data_samples']
        # Before the 49 of each frame is one of the whole frame.
        labels = sample.mvm_labels.reshape(5, 50)
        assert (labels[:, 0] == -1).all()
        own = torch.from_numpy(codes[sample.video_id].astype(int))
        hidden = labels[:, 1:].reshape(5, 7, 7) >= 0
        assert hidden.any()
        assert torch.equal(
            labels[:, 1:].reshape(5, 7, 7)[hidden], own[hidden])


def test_violets_samples_of_other_data():
    action = build('TGIFChoiceQADataset', REAL / 'violet',
                   'txt_tgif-action.json', split='val')
    assert len(action) == 50
    pairs = build('MSRVTTRetrievalDataset', REAL / 'violet',
                  'txt_msrvtt-retrieval.json', split='val')
    assert len(pairs) == 50
