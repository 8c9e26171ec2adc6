"""The toy world in All-in-one's files says what VIOLET's say."""
import pytest
from zip_equal import zip_equal

from meltr_mm.datasets import (
    ChoiceLinesDataset,
    MSRVTTListDataset,
    MSRVTTRetrievalDataset,
    MSVDQADataset,
    QALinesDataset,
    TGIFChoiceQADataset,
    TGIFFrameQADataset,
)


def infos(*datasets):
    return [dataset.get_data_info(i) for dataset in datasets
            for i in range(len(dataset))]


def agree(one, other, keys):
    assert len(one) == len(other) > 0
    for left, right in zip_equal(one, other):
        assert [left[key] for key in keys] == [right[key] for key in keys]


GIFS = dict(video_key='gif_name', data_prefix=dict(video='gifs'),
            video_suffix='.gif')


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_msvd(toy_root, split):
    lines = QALinesDataset(
        f'msvd_{split}.jsonl', 'msvd_answer_set.txt', data_root=str(toy_root),
        mapping_file='msvd_youtube_mapping.txt')
    violet = MSVDQADataset('txt_msvd-qa.json', split, data_root=str(toy_root))
    assert lines.metainfo['vocab'] == violet.metainfo['vocab']
    agree(infos(lines), infos(violet),
          ['video_id', 'filename', 'question', 'label'])


@pytest.mark.parametrize('table, splits', [('train', ['train', 'val']),
                                           ('test', ['test'])])
def test_tgif(toy_tgif_root, table, splits):
    root = dict(data_root=str(toy_tgif_root))
    for task in ('action', 'transition'):
        lines = ChoiceLinesDataset(f'{task}_{table}.jsonl', **GIFS, **root)
        violet = [TGIFChoiceQADataset(f'txt_tgif-{task}.json', split, **root)
                  for split in splits]
        agree(infos(lines), infos(*violet),
              ['video_id', 'question', 'options', 'label'])
    lines = QALinesDataset(
        f'frameqa_{table}.jsonl', 'frameqa_trainval_ans2label.json', **GIFS,
        **root)
    violet = [
        TGIFFrameQADataset(
            'txt_tgif-frame.json', split, data_prefix=GIFS['data_prefix'],
            **root) for split in splits
    ]
    agree(infos(lines), infos(*violet), ['video_id', 'question', 'label'])


def test_msrvtt_lists(toy_msrvtt_root):
    def load(name, **options):
        return infos(MSRVTTListDataset(
            'MSR_VTT.json', f'{name}.txt', data_root=str(toy_msrvtt_root),
            **options))

    def pairs(file, split='train'):
        return [(info['video_id'], info['caption']) for info in infos(
            MSRVTTRetrievalDataset(
                file, split, data_root=str(toy_msrvtt_root)))]

    for size in ('7k', '9k'):
        assert pairs(f'train_{size}.json') == [
            (info['video_id'], caption) for info in load(f'train_list_{size}')
            for caption in info['captions']]
    assert [(info['video_id'], *info['captions'])
            for info in load('val_list')] == pairs(
                'txt_msrvtt-retrieval.json', 'val')
    test = load('val_list_jsfusion',
                caption_index_file='jsfusion_val_caption_idx.pkl')
    assert [(info['video_id'], *info['captions'])
            for info in test] == pairs('test.json')


def test_msrvtt_choice_holds_the_caption_of_the_clip(toy_msrvtt_root):
    choice = infos(ChoiceLinesDataset(
        'msrvtt_mc_test.jsonl', video_key='clip_name',
        data_root=str(toy_msrvtt_root)))
    captions = infos(MSRVTTListDataset(
        'MSR_VTT.json', 'val_list_jsfusion.txt',
        data_root=str(toy_msrvtt_root)))
    assert len(choice) == len(captions) == 4
    for one, other in zip_equal(choice, captions):
        assert one['video_id'] == other['video_id']
        assert [one['answer']] == other['captions']
        assert len(set(one['options'])) == 5


def test_msrvtt_questions(toy_msrvtt_root):
    sets = [
        QALinesDataset(
            f'msrvtt_qa_{split}.jsonl', 'msrvtt_train_ans2label.json',
            data_root=str(toy_msrvtt_root))
        for split in ('train', 'val', 'test')
    ]
    clips = [{info['video_id'] for info in infos(part)} for part in sets]
    assert [len(names) for names in clips] == [9, 3, 4]
    # Each answer of the training set is in the vocabulary.
    assert all(info['label'] != [-1] for info in infos(sets[0]))
