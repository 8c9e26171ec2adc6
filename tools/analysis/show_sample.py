"""Draw what a model says about samples of a data set, beside the truth.

    python tools/analysis/show_sample.py work_dirs/RUN/best.pth --sample 0 7
    python tools/analysis/show_sample.py FILE --config FILE --split val

For each sample a PNG: a question with the five best answers; the videos that
were found for a text with their ranks, the true one marked; a caption with
its references; or a rating of sentiment. Above it stands what the model sees
of the video, frames or features.
"""
import argparse
import logging
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmaction.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from tqdm import tqdm

from meltr_mm.apis import (
    VideoRetrievalInferencer,
    VideoTextInferencer,
    config_in,
    draw_ranking,
    draw_result,
    inferencer_of,
    load_run_checkpoint,
    plain_files,
)
from meltr_mm.pictures import save_figure

SHOWN = 5  # videos of a ranking, without the true one


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Draw, and say where the pictures are.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('--config', help='default: that in the checkpoint')
    parser.add_argument('--allow-type', action='append', default=[],
                        metavar='NAME',
                        help='a type or module that the config in the '
                        'checkpoint may ask for, though it is not registered; '
                        'can be repeated')
    parser.add_argument('--split', default='test', choices=('val', 'test'))
    parser.add_argument('--sample', type=int, nargs='+', default=[0],
                        metavar='NUMBER', help='from 0 (default: 0)')
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='default: samples/ beside the checkpoint')
    parser.add_argument('--batch-size', type=int, default=16, metavar='N',
                        help='videos of a ranking that are encoded at once')
    parser.add_argument('--device')
    args = parser.parse_args(arguments)
    if args.batch_size < 1:
        parser.error(f'--batch-size must be at least 1, but is '
                     f'{args.batch_size}')
    # MMEngine writes deprecations of its own to where the paths go.
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    try:
        # A config of the user's own is a program; that in a file is not.
        with nullcontext() if args.config else plain_files():
            draw(args)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(str(error))


def draw(args: argparse.Namespace) -> None:
    """Draw what the command line asks for.

    Args:
        args (argparse.Namespace): See :func:`main`.

    Raises:
        OSError: If a file is not there.
        ValueError: If files do not belong together, or a sample is not
            there.
    """
    cfg = Config.fromfile(args.config) if args.config else config_in(
        load_run_checkpoint(args.checkpoint), args.checkpoint,
        args.allow_type)
    init_default_scope('mmaction')
    infer = inferencer_of(cfg)(
        cfg, args.checkpoint, device=args.device)
    loader = cfg.get(f'{args.split}_dataloader') or {}
    if 'dataset' not in loader:
        raise ValueError(f'the config must have {args.split}_dataloader with '
                         'a dataset, but has none; choose another --split')
    dataset = DATASETS.build(loader.dataset)
    check(args.sample, len(dataset), args.split)
    if isinstance(infer, VideoRetrievalInferencer):
        encode(infer, dataset, args.batch_size)
    out = args.out or args.checkpoint.parent / 'samples'
    for number in args.sample:
        path = out / f'{args.split}_{number}.png'
        show(infer, dataset, number, path)
        print(path)


def check(samples: Sequence[int], count: int, split: str) -> None:
    """Check the numbers of samples.

    Args:
        samples (Sequence[int]): What is asked for.
        count (int): Samples that there are.
        split (str): Their name.

    Raises:
        ValueError: If there is no such sample.
    """
    for number in samples:
        if not 0 <= number < count:
            raise ValueError(f'--sample must lie in 0..{count - 1}, the '
                             f'samples of {split}, but got {number}')


def encode(find: VideoRetrievalInferencer, dataset: BaseDataset,
           batch_size: int) -> None:
    """Encode every video of a data set once.

    Args:
        find (VideoRetrievalInferencer): Gets the videos.
        dataset (BaseDataset): The data set.
        batch_size (int): Videos at once.
    """
    first = first_samples(dataset)
    items = list(first.items())
    for start in tqdm(range(0, len(items), batch_size), unit='batch'):
        find.add_packed([
            find.ask(dataset[number], {}, name)
            for name, number in items[start:start + batch_size]
        ])


def first_samples(dataset: BaseDataset) -> Dict[str, int]:
    """Name the videos of a data set.

    Args:
        dataset (BaseDataset): The data set.

    Returns:
        dict[str, int]: Video -> the first sample that shows it.
    """
    first: Dict[str, int] = {}
    for number in range(len(dataset)):
        first.setdefault(name_of(dataset.get_data_info(number)), number)
    return first


def show(infer: VideoTextInferencer, dataset: BaseDataset, number: int,
         path: Path) -> None:
    """Draw one sample.

    Args:
        infer (VideoTextInferencer): With the model.
        dataset (BaseDataset): The data set.
        number (int): Which sample.
        path (Path): The PNG.
    """
    info = dataset.get_data_info(number)
    if isinstance(infer, VideoRetrievalInferencer):
        figure = draw_ranking(*ranking(infer, dataset, number))
    else:
        request, truth = request_of(infer.target, info)
        packed = infer.ask(dataset[number], request, name_of(info))
        pred, = infer.forward(infer.collate_fn([packed]))
        figure = draw_result(infer.result(pred), pred.metainfo['strip'],
                             truth)
    save_figure(figure, path)


def request_of(target: str,
               info: Dict[str, Any]) -> Tuple[Dict[str, Any], Any]:
    """Tell from an annotation what is asked, and what is right.

    Args:
        target (str): What the model does.
        info (dict): The annotation.

    Returns:
        tuple[dict, object]: A request of the inferencer, and the truth as
        :func:`draw_result` takes it.
    """
    if target == 'caption':
        return dict(transcript=info['text']), info['references']
    if target == 'sentiment':
        return dict(transcript=info['text']), float(info['sentiment'])
    request = dict(question=info.get('question', ''))
    if target == 'choice':
        request['options'] = info['options']
    return request, info['answer']


def ranking(
    find: VideoRetrievalInferencer, dataset: BaseDataset, number: int
) -> Tuple[str, List[Dict[str, Any]], Dict[str, Any], str]:
    """Rank the videos for the text of a sample.

    Args:
        find (VideoRetrievalInferencer): With the videos.
        dataset (BaseDataset): The data set.
        number (int): Which sample.

    Returns:
        tuple: What :func:`draw_ranking` takes; the true video comes last if
        it is not among the first.
    """
    info, first = dataset.get_data_info(number), first_samples(dataset)
    query = text_of(info)
    pred, = find.forward([find.query_sample(query)])
    hits = find.result(pred, top_k=len(find.index))['videos']
    truth = name_of(info)
    shown = [hit for hit in hits
             if hit['rank'] <= SHOWN or hit['video'] == truth]
    for hit in shown:
        hit['text'] = text_of(dataset.get_data_info(first[hit['video']]))
    strips = dict(zip(find.index.videos, find.index.strips))
    return query, shown, strips, truth


def text_of(info: Dict[str, Any]) -> str:
    """Find the text that describes a video.

    Args:
        info (dict): The annotation of a sample.

    Returns:
        str: Its caption, or the first of several.
    """
    return info.get('caption') or info.get('text') or info['captions'][0]


def name_of(info: Dict[str, Any]) -> str:
    """Name the video of a sample, or the clip of it.

    Args:
        info (dict): The annotation.

    Returns:
        str: The name.
    """
    clip = f" clip {info['clip']}" if 'clip' in info else ''
    return f"{info['video_id']}{clip}"


if __name__ == '__main__':
    main()
