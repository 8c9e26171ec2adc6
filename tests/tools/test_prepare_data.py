"""tools/data/prepare.py, from public files to what the configs read."""
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import DATASETS
from warm_process import run_script

from meltr_mm.datasets.data_files import read_json

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / 'shared' / 'real'
needs_real_files = pytest.mark.skipif(
    not REAL.is_dir(), reason='there are no real files beside the repository')

sys.path.insert(0, str(ROOT / 'tools' / 'data'))
import prepare  # noqa: E402
from published_counts import published, verdict  # noqa: E402


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the tool; returns what it ended with and what it printed."""

    def main(data_set, source, *args, to='out'):
        monkeypatch.setattr(sys, 'argv', [
            'prepare.py', data_set, '--from', str(source), '--to',
            str(tmp_path / to), *args])
        ended = None
        try:
            prepare.main()
        except SystemExit as stop:
            ended = stop.code
        return ended, capsys.readouterr().out

    return main


def build(kind, root, ann_file, **options):
    dataset = DATASETS.build(
        dict(type=kind, data_root=str(root), ann_file=ann_file,
             data_prefix=None, pipeline=[], lazy_init=True, **options))
    return dataset.load_data_list(), dataset.metainfo


@needs_real_files
def test_msvd_qa(run, tmp_path):
    ended, output = run('msvd_qa', REAL / 'msvd')
    assert ended is None
    assert 'val_qa.json                      val            6,415' in output
    assert 'test: the answers of 11,983 of 13,157 questions' in output
    assert f"VIOLET still needs {tmp_path / 'out' / 'img_msvd.pkl'}" in output
    out = tmp_path / 'out'
    violet, meta = build('MSVDQADataset', out, 'txt_msvd-qa.json',
                         split='test')
    official = read_json(str(REAL / 'violet' / 'txt_msvd-qa.json'))
    assert meta['vocab'] == official['vocab']
    lines, meta = build(
        'QALinesDataset', out, 'msvd_test.jsonl',
        vocab_file='msvd_answer_set.txt',
        mapping_file='msvd_youtube_mapping.txt')
    assert meta['vocab'] == official['vocab']
    fields = ('video_id', 'question', 'label')
    assert [[s[f] for f in fields] for s in violet] == [
        [s[f] for f in fields] for s in lines]
    ended, output = run('msvd_qa', REAL / 'msvd')
    assert ended is None and 'nothing had to be done' in output


@needs_real_files
def test_msrvtt(run, tmp_path):
    ended, output = run('msrvtt', REAL / 'msrvtt')
    assert ended is None
    for line in ('train        140,200  140,200', 'train        180,000  180,',
                 'test           1,000  1,000', '35 sentences of the test'):
        assert line in output
    out = tmp_path / 'out'
    pairs, _ = build('MSRVTTRetrievalDataset', out, 'test.json')
    features, _ = build(
        'MSRVTTFeatureDataset', out, 'MSRVTT_data.json', split='test_1k',
        csv_file='MSRVTT_JSFUSION_test.csv')
    listed, _ = build(
        'MSRVTTListDataset', out, 'MSR_VTT.json',
        list_file='val_list_jsfusion.txt',
        caption_index_file='jsfusion_val_caption_idx.pkl')
    assert len(pairs) == 1000
    for pair, feature, video in zip(pairs, features, listed):
        assert pair['video_id'] == feature['video_id'] == video['video_id']
        assert [pair['caption']] == [feature['caption']] == video['captions']
    for name, size in (('7k', 7010), ('9k', 9000)):
        videos, _ = build('MSRVTTListDataset', out, 'MSR_VTT.json',
                          list_file=f'train_list_{name}.txt')
        assert len(videos) == size
    # And on from what was written, which are the files of Frozen's form.
    (out / 'MSRVTT_data.json').unlink()
    (out / 'MSRVTT_JSFUSION_test.csv').unlink()
    ended, _ = run('msrvtt', out, to='again')
    assert ended is None
    assert (tmp_path / 'again' / 'test.json').read_bytes() == (
        out / 'test.json').read_bytes()


@needs_real_files
def test_msrvtt_with_transcripts(run, tmp_path):
    """What captioning reads officially, beside what the others read."""
    source = tmp_path / 'msrvtt'
    source.mkdir()
    names = ['video0', 'video7010']
    (source / 'MSRVTT_transcript_data_v2.json').write_text(json.dumps(dict(
        videos=[dict(video_id=name, transcript='salt') for name in names],
        sentences=[dict(video_id=name, caption='stir') for name in names])))
    (source / 'MSRVTT_train.9k.csv').write_text('video_id\nvideo0\n')
    (source / 'MSRVTT_JSFUSION_test.csv').write_text(
        'video_id,sentence\nvideo7010,stir\n')
    ended, _ = run('msrvtt', source, '--any-count')
    assert ended is None
    for name in ('MSRVTT_data.json', 'MSRVTT_transcript_data_v2.json'):
        assert 'salt' in (tmp_path / 'out' / name).read_text()


def test_what_violet_alone_reads_of_msrvtt(run, tmp_path):
    source = tmp_path / 'violet'
    source.mkdir()
    pairs = dict(sentences=[dict(video_id='video7010', caption='stir')] * 9)
    for name in ('train_9k.json', 'test.json'):
        (source / name).write_text(json.dumps(pairs))
    ended, output = run('msrvtt', source)
    assert 'train of train_9k.json must have 180,000 items' in ended
    assert 'test.json                        test               9' in output
    ended, output = run('msrvtt', source, '--any-count')
    assert ended is None
    for name in ('train_9k.json', 'test.json'):
        assert json.loads((tmp_path / 'out' / name).read_text()) == pairs
    for missing in ('train_7k.json', 'MSRVTT_data.json', 'MSR_VTT.json'):
        assert f"still needs {tmp_path / 'out' / missing}" in output


@needs_real_files
@pytest.mark.parametrize('data_set', ['msvd_qa', 'tgif_qa', 'msrvtt'])
def test_the_public_sample_is_refused(run, tmp_path, data_set):
    ended, output = run(data_set, REAL / 'violet')
    assert 'is the public sample of 300 rows' in ended
    assert 'WRONG' in output and not (tmp_path / 'out').exists()


def choices(number):
    return '\t'.join(['gif_name', 'question', 'a1', 'a2', 'a3', 'a4', 'a5',
                      'answer', 'vid_id', 'key']) + '\n' + ''.join(
        f'g{i % 30}\twhat ?\ta\tb\tc\td\te\t{i % 5}\tv\t{i}\n'
        for i in range(number))


@pytest.fixture
def tgif(tmp_path):
    source = tmp_path / 'dataset'
    source.mkdir()
    for task in ('action', 'transition'):
        (source / f'Train_{task}_question.csv').write_text(choices(60))
        (source / f'Test_{task}_question.csv').write_text(choices(7))
    for split, words in (('Train', 'dog cat dog cat'), ('Test', 'dog ant')):
        (source / f'{split}_frameqa_question.csv').write_text(
            'gif_name\tquestion\tanswer\ttype\n' + ''.join(
                f'g{i}\twhat ?\t{word}\t0\n'
                for i, word in enumerate(words.split())))
    return source


def test_tgif_qa(run, tmp_path, tgif):
    ended, _ = run('tgif_qa', tgif)
    assert 'train of Train_action_question.csv must have 20,475 or' in ended
    ended, _ = run('tgif_qa', tgif, '--any-count')
    assert ended is None
    out = tmp_path / 'out'
    rows = {split: build('TGIFChoiceQADataset', out, 'txt_tgif-action.json',
                         split=split)[0] for split in ('train', 'val',
                                                       'test')}
    assert [len(part) for part in rows.values()] == [58, 2, 7]
    videos = {split: {row['video_id'] for row in part}
              for split, part in rows.items()}
    assert len(videos['val']) == 1 and not videos['val'] & videos['train']
    lines, _ = build('ChoiceLinesDataset', out, 'transition_train.jsonl',
                     video_key='gif_name')
    assert len(lines) == 60 and lines[3]['answer'] == 'd'
    lines, meta = build(
        'QALinesDataset', out, 'frameqa_test.jsonl', video_key='gif_name',
        vocab_file='frameqa_trainval_ans2label.json')
    assert meta['vocab'] == ['cat', 'dog']
    assert [line['label'] for line in lines] == [[1], [-1]]
    frame, meta = build('TGIFFrameQADataset', out, 'txt_tgif-frame.json',
                        split='test')
    assert meta['vocab'] == ['cat', 'dog']
    assert [item['label'] for item in frame] == [[1], [-1]]


def test_what_is_there_is_not_replaced(run, tmp_path, tgif):
    run('tgif_qa', tgif, '--any-count')
    path = tmp_path / 'out' / 'action_train.jsonl'
    path.write_text('{}')
    ended, _ = run('tgif_qa', tgif, '--any-count')
    assert f'{path}: is there already and differs' in ended
    assert path.read_text() == '{}'
    ended, output = run('tgif_qa', tgif, '--any-count', '--force')
    assert ended is None and f'{path}: replaced' in output
    assert path.read_text().count('\n') == 60


def test_youcook2(run, tmp_path):
    source = tmp_path / 'youcookii'
    source.mkdir()
    clips = dict(start=np.arange(67), end=np.arange(67) + 1,
                 text=['stir'] * 67, transcript=['NONE'] * 67)
    names = [f'v{i}' for i in range(50)]
    (source / 'youcookii_data.no_transcript.pickle').write_bytes(
        pickle.dumps(dict.fromkeys(names, clips)))
    for split in ('train', 'val'):
        (source / f'youcookii_{split}.csv').write_text(
            'video_id,feature_file\n' + ''.join(f'{v},{v}\n' for v in names))
    ended, output = run('youcook2', source)
    assert ended is None, output
    assert 'val            3,350  3,350 or 3,369' in output
    assert 'UniVL still needs' in output
    (source / 'youcookii_videos_features.pickle').write_bytes(b'large')
    ended, output = run('youcook2', source)
    link = tmp_path / 'out' / 'youcookii_videos_features.pickle'
    assert ended is None and link.is_symlink()
    assert link.read_bytes() == b'large' and 'still needs' not in output
    # Retrieval reads the one, captioning with transcripts the other.
    (source / 'youcookii_data.transcript.pickle').write_bytes(
        (source / 'youcookii_data.no_transcript.pickle').read_bytes())
    run('youcook2', source)
    assert len(list((tmp_path / 'out').glob('youcookii_data.*.pickle'))) == 2
    (source / 'youcookii_val.csv').write_text('video_id,feature_file\nv0,a\n')
    ended, _ = run('youcook2', source, to='other')
    assert 'val of youcookii_val.csv must have 3,350 or 3,369' in ended


def test_cmu_mosi(run, tmp_path):
    sizes = dict(train=1284, valid=229, test=686)
    table = {split: dict(id=[f'{split}$_${i}' for i in range(size)],
                         raw_text=['good'] * size)
             for split, size in sizes.items()}
    (tmp_path / 'unaligned_50.pkl').write_bytes(pickle.dumps(table))
    ended, output = run('cmu_mosi', tmp_path)
    assert ended is None, output
    assert 'valid            229  229' in output
    assert 'the checksum is not that of MMSA' in output
    assert 'mosi_s3d_features.pickle: python tools/data/extract_s' in output


def test_frames_and_codes_are_taken_over(run, tmp_path):
    """As the folder of VIOLET's authors has them beside the texts."""
    source = tmp_path / 'violet'
    source.mkdir()
    (source / 'txt_msvd-qa.json').write_text(
        json.dumps(dict(train=[], val=[], test=[])))
    (source / 'img_msvd.pkl').write_bytes(b'large')
    ended, output = run('msvd_qa', source, '--any-count')
    link = tmp_path / 'out' / 'img_msvd.pkl'
    assert ended is None and link.is_symlink() and 'img_msvd' in output
    assert 'img_msvd.pkl: python' not in output
    assert 'msvd_vq.pkl: python' in output


def test_bad_use(run, tmp_path):
    assert 'there is no such folder' in run('msvd_qa', tmp_path / 'no')[0]
    (tmp_path / 'a').mkdir()
    assert 'there is no train_qa.json or txt_msvd-qa.json' in run(
        'msvd_qa', tmp_path / 'a')[0]
    (tmp_path / 'a' / 'train_qa.json').write_text('[')
    (tmp_path / 'train_qa.json').write_text('[]')
    (tmp_path / 'youtube_mapping.txt').write_text('a vid1')
    assert 'are different files of one name' in run('msvd_qa', tmp_path)[0]


def test_as_a_command(tmp_path, tgif):
    result = run_script(
        'tools/data/prepare.py', 'tgif_qa', '--from', tgif, '--to',
        tmp_path / 'o', '--any-count', cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / 'o' / 'txt_tgif-frame.json').read_text())


@pytest.mark.parametrize('file, split, numbers', [
    ('txt_msvd-qa.json', 'test', (13157, 11983)),
    ('Train_action_question.csv', 'train', (20475, 20471)),
    ('txt_tgif-transition.json', 'test', (6232, )),
    ('txt_tgif-transition.json', 'train', ()),
    ('frameqa_test.jsonl', 'train', (13691, )),
    ('youcookii_val.csv', 'val', (3350, 3369)),
    ('MSRVTT_data.json', 'test_full', (2990, )),
    ('mine.json', 'train', ())])
def test_published_counts(file, split, numbers):
    assert published(file, split) == numbers


def test_verdicts():
    assert verdict(13157, (13157, 11983), 'txt_msvd-qa.json', 'test') == ''
    assert 'must have 2,274 items, as published, but has 2,270' in verdict(
        2270, (2274, ), 'action_test.jsonl', 'test')
    assert 'public sample' in verdict(200, (), 'txt_tgif-action.json',
                                      'train')
    assert verdict(5, (), 'mine.json', 'train') == ''
    # Without unknown answers.
    assert verdict(12500, (13691, ), 'txt_tgif-frame.json', 'test') == ''
    assert verdict(9000, (13691, ), 'txt_tgif-frame.json', 'test')
