"""Every reader of annotations and tables, with tiny valid files.

A case has the files, how to read them, and by the plainest reading of the
files what must come out.
"""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict

import numpy as np

from meltr_mm import datasets


@dataclass
class Case:
    """One reader.

    Args:
        files (dict): ``{name: (form, content)}``.
        read (Callable): From the folder to a list of samples.
        expect (Callable): From the decoded contents by name to a list that
            must equal the samples as ``show`` shows them. It raises for
            content that has no meaning.
        show (Callable): What of a sample is compared.
    """
    files: Dict[str, tuple]
    read: Callable
    expect: Callable
    show: Callable


CASES: Dict[str, Case] = {}
VIDEOS = ['v0', 'v1', 'v2']


def text(value):
    assert isinstance(value, str) and value.strip()
    return value


def named(value):
    assert type(value) is int or text(value)
    return value


def different_ids(rows):
    ids = [named(row.get('id', i)) for i, row in enumerate(rows)]
    assert len(set(ids)) == len(ids)
    return ids


def whole(value, end, start=0):
    assert type(value) is int and start <= value < end
    return value


def dataset(name, files, expect, show, kind, suffix='.mp4', **options):
    """Add the case of a dataset class."""

    def read(folder):
        Path(folder, 'videos').mkdir()
        for video in VIDEOS:
            Path(folder, 'videos', video + suffix).touch()
        built = getattr(datasets, kind)(
            data_root=str(folder), pipeline=[], **options)
        return [built.get_data_info(i) for i in range(len(built))]

    CASES[name] = Case(files, read, expect, show)


VIDEO = dict(data_prefix=dict(video='videos'))


def shown(*keys):
    return lambda sample: [sample[key] for key in keys]


# ------------------------------------------------------------ open-ended QA

QUESTIONS = ['what is red ?', 'who jumps ?', 'how many ?']
WORDS = ['dog', 'cat', 'three']


def violet_qa(content, split='val'):
    rows, vocab = content[split], content['vocab']
    assert isinstance(rows, list) and rows and isinstance(vocab, list)
    assert len(set(map(text, vocab))) == len(vocab) > 0
    different_ids(rows)
    return [[text(r['video']), text(r['question']),
             [whole(r['answer'], len(vocab), -1)],
             vocab[r['answer']] if r['answer'] >= 0 else '',
             named(r.get('id', i))] for i, r in enumerate(rows)]


QA = shown('video_id', 'question', 'label', 'answer', 'question_id')
VIOLET_QA = {
    split: [dict(video=v, question=q, answer=a) for v, q, a in
            zip(VIDEOS, QUESTIONS, (0, 1, -1))]
    for split in ('train', 'val', 'test')
}
VIOLET_QA['vocab'] = WORDS
dataset('msvd_violet', {'qa.json': ('json', VIOLET_QA)},
        lambda files: violet_qa(files['qa.json']), QA, 'MSVDQADataset',
        ann_file='qa.json', split='val', **VIDEO)
dataset('tgif_frame_violet', {'qa.json': ('json', VIOLET_QA)},
        lambda files: violet_qa(files['qa.json']), QA, 'TGIFFrameQADataset',
        ann_file='qa.json', split='val', suffix='.gif', **VIDEO)


def counted(answers, size):
    answers = [text(answer).strip() for answer in answers]
    counts = {a: answers.count(a) for a in answers}
    return sorted(sorted(counts, key=lambda a: -counts[a])[:size])


def labelled(row, vocab):
    answer, bare = text(row['answer']).strip(), [v.strip() for v in vocab]
    label = vocab.index(answer) if answer in vocab else bare.index(
        answer) if answer in bare else -1
    return [label], answer


def msvd_original(files):
    names = {}
    for row in files['map.txt']:
        if row.split():
            clip, number = row.split()
            assert names.setdefault(number, clip) == clip
    rows, train = files['val.json'], files['train.json']
    assert isinstance(rows, list) and isinstance(train, list) and rows
    for row in rows:
        assert type(row['video_id']) in (int, str)
    vocab = counted([row['answer'] for row in train], 2)
    return [[names[f"vid{r['video_id']}"], text(r['question']),
             *labelled(r, vocab), number]
            for r, number in zip(rows, different_ids(rows))]


MSVD = [dict(id=i, video_id=i + 1, question=q, answer=a)
        for i, (q, a) in enumerate(zip(QUESTIONS, WORDS))]
dataset('msvd_original', {
    'train.json': ('json', MSVD), 'val.json': ('json', MSVD),
    'map.txt': ('text', [f'{v} vid{i + 1}' for i, v in enumerate(VIDEOS)])},
        msvd_original, QA, 'MSVDQADataset', ann_file='val.json',
        train_ann_file='train.json', split='val', vocab_size=2,
        mapping_file='map.txt', **VIDEO)


def table(rows):
    header = rows[0]
    assert len(set(header)) == len(header)
    return [dict(zip(header, row)) for row in rows[1:]]


def tgif_frame(files):
    rows, train = table(files['val.csv']), table(files['train.csv'])
    vocab = counted([row['answer'] for row in train], 2)
    assert rows
    return [[text(r['gif_name']), text(r['question']), *labelled(r, vocab),
             number]
            for r, number in zip(rows, different_ids(rows))]


FRAME = [['gif_name', 'question', 'answer', 'type']] + [
    [v, q, a, '1'] for v, q, a in zip(VIDEOS, QUESTIONS, WORDS)]
dataset('tgif_frame_original', {'train.csv': ('tsv', FRAME),
                                'val.csv': ('tsv', FRAME)},
        tgif_frame, QA, 'TGIFFrameQADataset', ann_file='val.csv',
        train_ann_file='train.csv', split='val', vocab_size=2, suffix='.gif',
        **VIDEO)


def lines_qa(files):
    vocab = files.get('answers.json') or files['answers.txt']
    if isinstance(vocab, dict):
        assert all(type(number) is int for number in vocab.values())
        assert sorted(vocab.values()) == list(range(len(vocab)))
        vocab = sorted(vocab, key=vocab.get)
    assert isinstance(vocab, list) and len(set(vocab)) == len(vocab)
    assert all(map(text, vocab))
    names = files.get('map.txt')
    if names is not None:
        pairs = [row.split() for row in names if row.split()]
        names = {}
        for clip, number in pairs:
            assert names.setdefault(number, clip) == clip
    samples = []
    numbers = different_ids(files['qa.jsonl'])
    for number, item in zip(numbers, files['qa.jsonl']):
        video = item['video_id']
        assert type(video) in (int, str)
        video = str(video) if names is None else names[f'vid{video}']
        samples.append([video, text(item['question']),
                        *labelled(item, vocab), number])
    assert samples
    return samples


LINES = [dict(video_id=v, question=q, answer=a) for v, q, a in
         zip(VIDEOS, QUESTIONS, WORDS)]
dataset('qa_lines', {
    'qa.jsonl': ('jsonl', LINES),
    'answers.json': ('json', {w: i for i, w in enumerate(WORDS)})},
        lines_qa, QA, 'QALinesDataset', ann_file='qa.jsonl',
        vocab_file='answers.json')
dataset('qa_lines_mapped', {
    'qa.jsonl': ('jsonl', [dict(row, video_id=i) for i, row in
                           enumerate(LINES)]),
    'answers.txt': ('text', WORDS),
    'map.txt': ('text', [f'{v} vid{i}' for i, v in enumerate(VIDEOS)])},
        lines_qa, QA, 'QALinesDataset', ann_file='qa.jsonl',
        vocab_file='answers.txt', mapping_file='map.txt')

# ------------------------------------------------------------------ choices

OPTIONS = ['run', 'jump', 'sit']
CHOICE = shown('video_id', 'question', 'options', 'label', 'answer')


def choice(row, video, question, options, answer):
    return [text(video), question, options, [answer], options[answer]]


def numbered(answer):
    assert answer in ('0', '1', '2') or type(answer) is int
    return whole(int(answer), 3)


def tgif_choice(rows, video, first):
    assert rows and isinstance(rows, list)
    samples = []
    for row in rows:
        options = [text(row[f'{first[0]}{first[1] + i}']) for i in range(3)]
        assert f'{first[0]}{first[1] + 3}' not in row
        answer = row['answer']
        samples.append(choice(row, row[video], text(row['question']), options,
                              numbered(answer)))
    return samples


dataset('tgif_choice_violet', {'qa.json': ('json', {
    'train': [dict(video=v, question=q, answer=i, option_0='run',
                   option_1='jump', option_2='sit')
              for i, (v, q) in enumerate(zip(VIDEOS, QUESTIONS))]})},
        lambda files: tgif_choice(files['qa.json']['train'], 'video',
                                  ('option_', 0)),
        CHOICE, 'TGIFChoiceQADataset', ann_file='qa.json', num_options=3,
        suffix='.gif', **VIDEO)
dataset('tgif_choice_original', {'qa.csv': ('tsv', [
    ['gif_name', 'question', 'a1', 'a2', 'a3', 'answer'],
    ['v0', 'what ?', *OPTIONS, '0'], ['v1', 'how ?', *OPTIONS, '2']])},
        lambda files: tgif_choice(table(files['qa.csv']), 'gif_name',
                                  ('a', 1)),
        CHOICE, 'TGIFChoiceQADataset', ann_file='qa.csv', num_options=3,
        suffix='.gif', **VIDEO)


def choice_lines(files):
    samples = []
    for row in files['mc.jsonl']:
        options = row['options']
        assert isinstance(options, list) and len(options) == 3
        assert all(map(text, options))
        question = row.get('question', '')
        assert isinstance(question, str)
        assert type(row['video_id']) in (int, str)
        samples.append(choice(row, str(row['video_id']), question, options,
                              numbered(row['answer'])))
    assert samples
    return samples


dataset('choice_lines', {'mc.jsonl': ('jsonl', [
    dict(video_id='v0', options=OPTIONS, answer=1),
    dict(video_id='v1', options=OPTIONS, answer=0, question='what ?')])},
        choice_lines, CHOICE, 'ChoiceLinesDataset', ann_file='mc.jsonl',
        num_options=3)

# ---------------------------------------------------------------- retrieval


def captions(rows, video):
    assert isinstance(rows, list) and rows
    return [[text(row[video]), text(row['caption'])] for row in rows]


PAIR = shown('video_id', 'caption')
dataset('msrvtt_meltr', {'train.json': ('json', dict(sentences=[
    dict(video_id=v, caption=q)
    for v, q in zip(VIDEOS, QUESTIONS)]))},
        lambda files: captions(files['train.json']['sentences'], 'video_id'),
        PAIR, 'MSRVTTRetrievalDataset', ann_file='train.json', **VIDEO)
dataset('msrvtt_violet', {'all.json': ('json', dict(test=[
    dict(video=v, caption=q)
    for v, q in zip(VIDEOS, QUESTIONS)]))},
        lambda files: captions(files['all.json']['test'], 'video'),
        PAIR, 'MSRVTTRetrievalDataset', ann_file='all.json', split='test',
        **VIDEO)


def own_clips(files):
    rows = table(files['own.csv'])
    splits = {}
    for row in rows:
        split = splits.setdefault(text(row['video']).strip(), row['split'])
        assert split == row['split'] and split in ('train', 'val', 'test')
        text(row['caption'])
    assert 'val' in splits.values()
    return [[row['video'].strip(), row['caption']] for row in rows
            if row['split'] == 'val']


dataset('own_clips', {'own.csv': ('csv', [
    ['video', 'caption', 'split'],
    *([v, q, 'val'] for v, q in zip(VIDEOS, QUESTIONS))])},
        own_clips, PAIR, 'CsvVideoTextDataset', ann_file='own.csv',
        task='retrieval', split='val')


def msrvtt_list(files):
    names = [row.strip() for row in files['list.txt'] if row.strip()]
    assert names and len(set(names)) == len(names)
    own = {}
    for row in files['all.json']['annotations']:
        own.setdefault(text(row['image_id']), []).append(text(row['caption']))
    chosen = files['index.pkl']
    samples = []
    for name in names:
        index = chosen[name]
        assert isinstance(index, (int, np.integer))
        assert not isinstance(index, bool)
        samples.append([name, [own[name][whole(int(index),
                                               len(own[name]))]]])
    return samples


dataset('msrvtt_list', {
    'all.json': ('json', dict(annotations=[
        dict(image_id=v, caption=f'{q} {i}') for i in range(2)
        for v, q in zip(VIDEOS, QUESTIONS)])),
    'list.txt': ('text', VIDEOS),
    'index.pkl': ('pickle', dict(zip(VIDEOS, (0, 1, 0))))},
        msrvtt_list, shown('video_id', 'captions'), 'MSRVTTListDataset',
        ann_file='all.json', list_file='list.txt',
        caption_index_file='index.pkl')

dataset('msrvtt_drawn_choice', {
    name: file for name, file in CASES['msrvtt_list'].files.items()
    if name != 'index.pkl'},
        lambda files: [
            [name, [text(row['caption'])
                    for row in files['all.json']['annotations']
                    if row['image_id'] == name]]
            for name, _ in msrvtt_list({**files, 'index.pkl': dict.fromkeys(
                VIDEOS, 0)})],
        shown('video_id', 'captions'), 'MSRVTTDrawnChoiceDataset',
        ann_file='all.json', list_file='list.txt', num_options=2,
        test_mode=True)

# ----------------------------------------------------------------- features


def rows_of(rows, *columns):
    header, samples = rows[0], []
    assert len(set(header)) == len(header)
    for row in rows[1:]:
        if row:
            item = dict(zip(header, row))
            samples.append([text(item[column]) for column in columns])
    assert samples
    return samples


def youcook2(files):
    samples = []
    for video, feature in rows_of(files['list.csv'], 'video_id',
                                  'feature_file'):
        item = files['data.pickle'][video]
        fields = [list(item[f]) for f in ('start', 'end', 'text',
                                          'transcript')]
        assert not any(isinstance(f, (str, dict, set)) for f in item.values())
        for start, end, words, said in zip(*fields):
            start, end = float(start), float(end)
            assert 0 <= start <= end < float('inf')
            assert isinstance(said, str)
            samples.append([video, feature, text(words), said, start, end])
    assert samples
    return samples


CLIPS = dict(start=np.array([0, 5]), end=np.array([4, 9]),
             text=['add salt', 'stir'], transcript=['NONE', 'NONE'])
dataset('youcook2', {
    'list.csv': ('csv', [['video_id', 'feature_file'], ['v0', 'f0'],
                         ['v1', 'f1']]),
    'data.pickle': ('pickle', dict(v0=CLIPS, v1=CLIPS))},
        youcook2,
        lambda s: [s['video_id'], s['feature_id'], s['caption'], s['text'],
                   s['start'], s['end']],
        'YouCook2Dataset', ann_file='list.csv', data_file='data.pickle',
        encoder_text='transcript')


def mosi(files):
    for split in ('train', 'valid', 'test'):
        files['mosi.pkl'][split]
    part = files['mosi.pkl']['valid']
    fields = [part[f] for f in ('id', 'raw_text', 'regression_labels')]
    assert not any(isinstance(f, (str, dict, set)) for f in fields)
    samples = []
    for name, words, label in zip(*fields):
        assert isinstance(label, (int, float, np.number))
        assert not isinstance(label, bool) and abs(float(label)) <= 3
        samples.append([text(name), text(words), np.float32(label)])
    assert samples
    return samples


dataset('cmu_mosi', {'mosi.pkl': ('pickle', {
    split: dict(id=['a', 'b'], raw_text=['GOOD', 'BAD'],
                regression_labels=[2.4, -1.])
    for split in ('train', 'valid', 'test')})},
        mosi,
        lambda s: [s['video_id'], s['text'], np.float32(s['sentiment'][0])],
        'CMUMOSIDataset', ann_file='mosi.pkl', split='valid')


def msrvtt(split, content, rows=None):
    videos, sentences = content['videos'], content['sentences']
    assert isinstance(videos, list) and isinstance(sentences, list)
    names = [text(video['video_id']) for video in videos]
    assert len(set(names)) == len(names)
    transcripts, in_test = {}, set()
    for video in videos:
        if split in ('train_7k', 'test_full'):
            if 'split' in video or any('split' in v for v in videos):
                place = ('train', 'val', 'validate', 'test').index(
                    video['split']) == 3
            else:
                place = int(re.fullmatch(r'video([0-9]+)',
                                         video['video_id'])[1]) >= 2
            in_test |= {video['video_id']} if place else set()
        said = video.get('transcript')
        assert said is None or isinstance(said, str)
        transcripts[video['video_id']] = '' if said in (None, 'none') else said
    pairs = [[text(s['video_id']), text(s['caption'])] for s in sentences]
    if split == 'test_1k':
        samples = [[v, [c], c] for v, c in
                   rows_of(rows, 'video_id', 'sentence')]
    elif split == 'test_full':
        own = {v: [c for w, c in pairs if w == v]
               for v in names if v in in_test}
        assert all(own.values())
        samples = [[v, texts, transcripts[v]] for v, texts in own.items()]
    else:
        chosen = set(names) - in_test if split == 'train_7k' else [
            row[0] for row in rows_of(rows, 'video_id')]
        assert split == 'train_7k' or {v for v, _ in pairs} >= set(chosen)
        samples = [[v, [c], c] for v, c in pairs if v in chosen]
    assert samples
    return samples


MSRVTT = dict(
    videos=[dict(video_id=f'video{i}', transcript=t)
            for i, t in enumerate(('none', 'well', ''))],
    sentences=[dict(video_id=f'video{i}', caption=q)
               for i, q in enumerate(QUESTIONS)])
MSRVTT_CSV = dict(
    train_9k=[['video_id'], ['video1'], ['video2']],
    test_1k=[['video_id', 'sentence'], ['video1', 'a man'],
             ['video2', 'a dog']])
SPLIT_KEYS = dict(MSRVTT, videos=[
    dict(video, split=split) for video, split in
    zip(MSRVTT['videos'], ('test', 'train', 'validate'))])
for _split in ('train_7k', 'train_9k', 'test_1k', 'test_full'):
    _csv = MSRVTT_CSV.get(_split)
    dataset(
        f'msrvtt_feature_{_split}',
        {'all.json': ('json', SPLIT_KEYS if _split == 'test_full' else
                      MSRVTT),
         **({'list.csv': ('csv', _csv)} if _csv else {})},
        lambda files, split=_split: msrvtt(split, files['all.json'],
                                           files.get('list.csv')),
        shown('video_id', 'references', 'text'), 'MSRVTTFeatureDataset',
        ann_file='all.json', split=_split,
        csv_file='list.csv' if _csv else None,
        encoder_text='transcript' if _split == 'test_full' else 'caption')
