"""Make what the configs read from what the authors of a data set published.

    python tools/data/prepare.py msvd_qa --from downloads/msvd

Searches the folder for the public files of the data set, in any form that
docs/data/ names, compares their numbers of items with the published ones,
and writes the files of each model's config. Nothing is written if a number is
wrong. At the end is listed what each config still needs.
"""
import argparse
import hashlib
import os
import os.path as osp
import pickle
import sys
from collections import defaultdict
from typing import Any, Dict, List, Set

import numpy as np
from prepared_files import Preparation, UnusableError

from meltr_mm.datasets.answer_vocabulary import (
    labels_of,
    most_frequent_answers,
)
from meltr_mm.datasets.data_files import (
    class_index,
    load_video_table,
    name_text,
    nonempty_text,
    parallel_lists,
    read_clip_names,
    read_json,
    read_lines,
    read_table,
    require_keys,
)
from meltr_mm.datasets.feature_datasets import NUM_TRAINING_VIDEOS
from meltr_mm.datasets.msrvtt_video_datasets import splits_of

SPLITS = ('train', 'val', 'test')
_FRAMES = 'python tools/data/extract_frames.py makes it from the videos'
_CODES = 'python tools/data/extract_vq.py makes it from the frames'
_S3D = 'python tools/data/extract_s3d.py makes it from the videos'


def _tables_of_violet(files: Preparation, name: str) -> None:
    """Take frames and codes over, if they are there."""
    for file, how in ((f'img_{name}.pkl', _FRAMES), (f'{name}_vq.pkl',
                                                     _CODES)):
        path = files.find(file)
        if path is not None:
            files.take_large(path)
        files.still_needs('VIOLET', file, how)


def _copied(files: Preparation, name: str) -> bool:
    """Take VIOLET's file of annotations over, if it was downloaded."""
    path = files.find(name)
    if path is None:
        return False
    content = read_json(path)
    require_keys(content, SPLITS, path)
    for split in SPLITS:
        files.count(name, split, len(content[split]))
    files.copy(path)
    return True


def msvd_qa(files: Preparation) -> None:
    """MSVD-QA: the original json files and mapping, or VIOLET's file."""
    _tables_of_violet(files, 'msvd')
    files.still_needs('All-in-one', 'videos', 'the clips, <clip>.avi')
    if files.find('train_qa.json') is None:
        if not _copied(files, 'txt_msvd-qa.json'):
            files.need('train_qa.json', 'txt_msvd-qa.json')
        files.still_needs('All-in-one', 'msvd_train.jsonl',
                          'of the original files, see docs/data/msvd_qa.md')
        return
    mapping = files.need('youtube_mapping.txt', 'msvd_youtube_mapping.txt')
    clip_of = read_clip_names(mapping)
    asked: Dict[str, List[dict]] = {}
    for split in SPLITS:
        path = files.need(f'{split}_qa.json')
        asked[split] = read_json(path)
        files.count(f'{split}_qa.json', split, len(asked[split]))
        for row, item in enumerate(asked[split]):
            where = f'{path}, row {row}'
            require_keys(item, ('video_id', 'question', 'answer'), where,
                         ('question', 'answer'))
            clip = f"vid{name_text(item['video_id'], where)}"
            if clip not in clip_of:
                raise UnusableError(f'{where}: {clip} is not in {mapping}')
    vocab = most_frequent_answers(
        (item['answer'].strip() for item in asked['train']), 1000)
    label_of = labels_of(vocab)
    for split in SPLITS:
        known = sum(r['answer'].strip() in label_of for r in asked[split])
        print(f'{split}: the answers of {known:,} of {len(asked[split]):,} '
              f'questions are among the {len(vocab):,}')
    files.json('txt_msvd-qa.json', dict({
        split: [
            dict(video=clip_of[f"vid{item['video_id']}"],
                 question=item['question'],
                 answer=label_of.get(item['answer'].strip(), -1))
            for item in asked[split]
        ] for split in SPLITS
    }, vocab=vocab))
    for split in SPLITS:
        files.json_lines(f'msvd_{split}.jsonl', asked[split])
    files.lines('msvd_answer_set.txt', vocab)
    files.copy(mapping, 'msvd_youtube_mapping.txt')


def tgif_qa(files: Preparation) -> None:
    """TGIF-QA: the original tables, or VIOLET's files, of each task."""
    _tables_of_violet(files, 'tgif')
    files.still_needs('All-in-one', 'gifs', 'the GIFs, <gif_name>.gif')
    found = False
    for task, name in (('action', 'action'), ('transition', 'transition'),
                       ('frameqa', 'frame')):
        if files.find(f'Train_{task}_question.csv') is None:
            found |= _copied(files, f'txt_tgif-{name}.json')
            continue
        found = True
        options = [] if name == 'frame' else [f'a{i}' for i in range(1, 6)]
        rows = {}
        for split in ('train', 'test'):
            file = f'{split.capitalize()}_{task}_question.csv'
            rows[split] = read_table(
                files.need(file), ('gif_name', 'question', 'answer',
                                   *options))
            files.count(file, split, len(rows[split]))
        _write_tgif(files, task, name, rows, options)
    if not found:
        files.need('Train_action_question.csv', 'Train_frameqa_question.csv',
                   'txt_tgif-action.json', 'txt_tgif-frame.json')


def _write_tgif(files: Preparation, task: str, name: str,
                rows: Dict[str, List[dict]], options: List[str]) -> None:
    parts = dict(rows)
    # The tables have no validation set; the official codes watch the test.
    held_out = _some({row['gif_name'] for row in rows['train']})
    parts['val'] = [r for r in rows['train'] if r['gif_name'] in held_out]
    parts['train'] = [r for r in rows['train']
                      if r['gif_name'] not in held_out]
    if options:
        for split, part in rows.items():
            for row, item in enumerate(part):
                item['answer'] = class_index(
                    item['answer'], 5, f'{split}_{task}, row {row}, `answer`')
            files.json_lines(f'{task}_{split}.jsonl', [
                dict(gif_name=r['gif_name'], question=r['question'],
                     options=[r[key] for key in options], answer=r['answer'])
                for r in part])
        files.json(f'txt_tgif-{name}.json', {
            split: [
                dict({f'option_{i}': r[key] for i, key in enumerate(options)},
                     video=r['gif_name'], question=r['question'],
                     answer=r['answer']) for r in part
            ] for split, part in parts.items()
        })
        return
    vocab = most_frequent_answers(
        (row['answer'].strip() for row in rows['train']), 1540)
    label_of = labels_of(vocab)
    for split, part in rows.items():
        files.json_lines(f'{task}_{split}.jsonl', [
            {key: r[key] for key in ('gif_name', 'question', 'answer')}
            for r in part])
    files.json(f'{task}_trainval_ans2label.json', label_of)
    files.json(f'txt_tgif-{name}.json', dict({
        split: [
            dict(video=r['gif_name'], question=r['question'],
                 answer=label_of.get(r['answer'].strip(), -1)) for r in part
        ] for split, part in parts.items()
    }, vocab=vocab))


def _some(names: Set[str]) -> Set[str]:
    """A twentieth of some names, at least one, always the same ones."""
    order = np.random.default_rng(0).permutation(len(names))
    ordered = sorted(names)
    return {ordered[i] for i in order[:max(1, len(names) // 20)]}


# All captions of MSRVTT: of MELTR for UniVL, of UniVL, of Frozen.
_MSRVTT_CAPTIONS = ('MSRVTT_transcript_data_v2.json', 'MSRVTT_data.json',
                    'MSR_VTT.json')


def msrvtt(files: Preparation) -> None:
    """MSRVTT: UniVL's, CLIP4Clip's, MELTR's, Frozen's or showlab's files."""
    _tables_of_violet(files, 'msrvtt')
    files.still_needs('UniVL', 'msrvtt_videos_features.pickle',
                      f"UniVL's msrvtt.zip has it, or {_S3D}")
    files.still_needs('All-in-one', 'videos', 'the clips, <video>.mp4')
    files.still_needs('All-in-one', 'msrvtt_mc_test.jsonl',
                      "multiple choice only, of All-in-one's authors")
    if files.find(*_MSRVTT_CAPTIONS) is None and files.find(
            'train_7k.json', 'train_9k.json', 'txt_msrvtt-retrieval.json'):
        _violets_msrvtt(files)
        return
    captions = _captions_of_msrvtt(files)
    lists = {'7k': _videos_of_7k(files, captions),
             '9k': _listed(files, 'MSRVTT_train.9k.csv', 'train_list_9k.txt',
                           'train_list_jsfusion.txt')}
    pairs = _test_pairs(files, captions)
    for name, videos in lists.items():
        for video in videos:
            if video not in captions:
                raise UnusableError(f'the {name} list has {video!r}, which '
                                    'has no captions')
        listed = set(videos)
        files.count(f'train_list_{name}.txt', 'train', len(videos))
        sentences = [dict(video_id=video, caption=caption)
                     for video, texts in captions.items()
                     if video in listed for caption in texts]
        files.count(f'train_{name}.json', 'train', len(sentences))
        files.json(f'train_{name}.json', dict(sentences=sentences))
        files.lines(f'train_list_{name}.txt', videos)
        overlap = listed & set(pairs)
        if overlap:
            raise UnusableError(
                f'{len(overlap)} test videos are in the {name} list, '
                f'{min(overlap)!r} for example')
    files.count('test.json', 'test', len(pairs))
    files.json('test.json', dict(sentences=[
        dict(video_id=video, caption=text) for video, text in pairs.items()]))
    files.table('MSRVTT_train.9k.csv', ['video_id'],
                [[video] for video in lists['9k']])
    files.table('MSRVTT_JSFUSION_test.csv', ['video_id', 'sentence'],
                pairs.items())
    files.lines('val_list_jsfusion.txt', pairs)
    # Some sentences of the csv differ by a word from each caption.
    added = 0
    for video, text in pairs.items():
        if text not in captions[video]:
            captions[video].append(text)
            added += 1
    if added:
        print(f'MSR_VTT.json: {added} sentences of the test pairs are no '
              'caption of their videos word by word and were added to them')
    files.json('MSR_VTT.json', dict(annotations=[
        dict(image_id=video, caption=text)
        for video, texts in captions.items() for text in texts]))
    files.pickle('jsfusion_val_caption_idx.pkl', {
        video: captions[video].index(text) for video, text in pairs.items()})
    choice = files.find('msrvtt_mc_test.jsonl')
    if choice is not None:
        files.count('msrvtt_mc_test.jsonl', 'test',
                    sum(1 for _ in read_lines(choice, 'annotation file')))
        files.copy(choice)
    features = files.find('msrvtt_videos_features.pickle')
    if features is not None:
        files.take_large(features)


def _violets_msrvtt(files: Preparation) -> None:
    """Take over what VIOLET alone reads."""
    for name in ('train_7k.json', 'train_9k.json', 'test.json'):
        path = files.find(name)
        if path is None:
            files.still_needs('VIOLET', name, "of MELTR's authors for VIOLET, "
                              'or made of MSRVTT_data.json')
            continue
        content = read_json(path)
        require_keys(content, ['sentences'], path)
        files.count(name, 'test' if name == 'test.json' else 'train',
                    len(content['sentences']))
        files.copy(path)
    _copied(files, 'txt_msrvtt-retrieval.json')
    for model, name in (('UniVL', 'MSRVTT_data.json'),
                        ('All-in-one', 'MSR_VTT.json')):
        files.still_needs(model, name, 'see docs/data/msrvtt.md')


def _captions_of_msrvtt(files: Preparation) -> Dict[str, List[str]]:
    """The captions of each video, and UniVL's json of them."""
    path = files.need(*_MSRVTT_CAPTIONS)
    content = read_json(path)
    key, video = ('annotations', 'image_id') \
        if path.endswith('MSR_VTT.json') else ('sentences', 'video_id')
    require_keys(content, [key], path)
    captions: Dict[str, List[str]] = defaultdict(list)
    for row, item in enumerate(content[key]):
        keys = (video, 'caption')
        require_keys(item, keys, f'{path}, {key!r} row {row}', keys)
        captions[item[video]].append(item['caption'])
    ordered = {name: captions[name] for name in sorted(captions, key=_number)}
    if key == 'sentences':
        files.copy(path, 'MSRVTT_data.json')
        if not path.endswith('MSRVTT_data.json'):
            files.copy(path)  # as the official recipe calls it
        splits_of(content.get('videos'), path)
    else:
        files.json('MSRVTT_data.json', dict(
            videos=[dict(video_id=name) for name in ordered],
            sentences=[dict(video_id=name, caption=text)
                       for name, texts in ordered.items() for text in texts]))
    full = [name for name in ordered if _number(name) >= NUM_TRAINING_VIDEOS]
    files.count('MSRVTT_data.json', 'test_full', len(full))
    return ordered


def _number(name: str) -> int:
    digits = name[len('video'):]
    if not name.startswith('video') or not digits.isdigit():
        raise UnusableError('the videos of MSRVTT are called video<number>, '
                            f'but there is {name!r}')
    return int(digits)


def _listed(files: Preparation, *names: str) -> List[str]:
    path = files.need(*names)
    if path.endswith('.csv'):
        return [row['video_id'] for row in read_table(path, ('video_id', ))]
    return [name for _, name in read_lines(path, 'list of videos')]


def _videos_of_7k(files: Preparation,
                  captions: Dict[str, List[str]]) -> List[str]:
    names = ('MSRVTT_train.7k.csv', 'train_list_7k.txt')
    if files.find(*names) is not None:
        return _listed(files, *names)
    return [v for v in captions if _number(v) < NUM_TRAINING_VIDEOS]


def _test_pairs(files: Preparation,
                captions: Dict[str, List[str]]) -> Dict[str, str]:
    path = files.find('MSRVTT_JSFUSION_test.csv')
    if path is not None:
        return {row['video_id']: row['sentence']
                for row in read_table(path, ('video_id', 'sentence'))}
    path = files.need('jsfusion_val_caption_idx.pkl',
                      'MSRVTT_JSFUSION_test.csv')
    chosen = load_video_table(path)
    pairs = {}
    for video in _listed(files, 'val_list_jsfusion.txt'):
        if video not in chosen or video not in captions:
            raise UnusableError(f'{path}: there is no caption of {video!r}')
        pairs[video] = captions[video][chosen[video]]
    return pairs


def youcook2(files: Preparation) -> None:
    """YouCook2: the files of UniVL's release, which are read as they are."""
    names = ('youcookii_data.transcript.pickle',
             'youcookii_data.no_transcript.pickle')
    table_path = files.need(*names)
    table = load_video_table(table_path)
    for split in ('train', 'val'):
        path = files.need(f'youcookii_{split}.csv')
        clips = 0
        for row in read_table(path, ('video_id', 'feature_file')):
            video = row['video_id']
            require_keys(table, [video], table_path)
            clips += len(parallel_lists(
                table[video], ['start', 'end', 'text', 'transcript'],
                f'{table_path}, {video!r}')['text'])
        files.count(f'youcookii_{split}.csv', split, clips)
        files.copy(path)
    for path in filter(None, map(files.find, names)):
        files.copy(path)
    features = files.find('youcookii_videos_features.pickle')
    if features is not None:
        files.take_large(features)
    files.still_needs('UniVL', 'youcookii_videos_features.pickle',
                      f"UniVL's youcookii.zip has it, or {_S3D}")


# As MMSA's README gives them.
_SHA256 = {
    'unaligned_50.pkl':
    '78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524',
    'aligned_50.pkl':
    'd3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9',
}


def cmu_mosi(files: Preparation) -> None:
    """CMU-MOSI: MMSA's pickle, which is read as it is."""
    path = files.need(*_SHA256)
    name = osp.basename(path)
    table = load_video_table(path)
    require_keys(table, ('train', 'valid', 'test'), path)
    for split in ('train', 'valid', 'test'):
        ids = parallel_lists(table[split], ['id', 'raw_text'],
                             f'{path}, {split!r}')['id']
        for row, utterance in enumerate(ids):
            nonempty_text(utterance, f'{path}, {split!r} row {row}, `id`')
        files.count(name, split, len(ids))
    with open(path, 'rb') as file:
        same = hashlib.sha256(file.read()).hexdigest() == _SHA256[name]
    print(f'{path}: the checksum is {"" if same else "not "}that of MMSA')
    files.take_large(path)
    files.still_needs('UniVL', 'mosi_s3d_features.pickle', _S3D)


# Name of the data set -> how it is prepared, and its folder.
DATA_SETS: Dict[str, Any] = dict(
    msvd_qa=(msvd_qa, 'msvd'),
    tgif_qa=(tgif_qa, 'tgif'),
    msrvtt=(msrvtt, 'msrvtt'),
    youcook2=(youcook2, 'youcook2'),
    cmu_mosi=(cmu_mosi, 'cmu_mosi'))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    data_sets = parser.add_subparsers(
        dest='data_set', required=True, metavar='DATASET')
    root = os.environ.get('MELTR_DATA', 'data')
    for name, (prepare, folder) in DATA_SETS.items():
        command = data_sets.add_parser(
            name, help=prepare.__doc__, description=prepare.__doc__)
        command.add_argument(
            '--from', dest='source', required=True, metavar='FOLDER',
            help='where the downloaded files are, also in folders of it')
        command.add_argument(
            '--to', default=osp.join(root, folder), metavar='FOLDER',
            help='where the config reads them (default: %(default)s)')
        command.add_argument(
            '--any-count', action='store_true',
            help='go on if numbers are not the published ones')
        command.add_argument(
            '--force', action='store_true',
            help='replace files that are there and differ')
    return parser.parse_args()


def main() -> None:
    """Prepare a data set as the command line says."""
    args = parse_args()
    prepare, _ = DATA_SETS[args.data_set]
    try:
        files = Preparation(args.source, args.to, args.any_count, args.force)
        prepare(files)
        files.finish()
    except (OSError, ValueError, pickle.UnpicklingError) as error:
        sys.exit(f'prepare.py: {error}')
    except KeyboardInterrupt:
        print('\nInterrupted. Nothing was written', file=sys.stderr)
        sys.exit(130)


if __name__ == '__main__':
    main()
