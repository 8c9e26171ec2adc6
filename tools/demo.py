"""Ask a trained model about videos.

    python tools/demo.py --example
    python tools/demo.py VIDEO... --checkpoint FILE --question 'what moves?'
    python tools/demo.py VIDEO... --checkpoint FILE --question 'what does it
        do?' --options jump turn grow
    python tools/demo.py VIDEO... --checkpoint FILE --query 'a red ball'
        [--index FILE]
    python tools/demo.py CLIP... --checkpoint FILE --caption [TRANSCRIPT]
    python tools/demo.py CLIP... --checkpoint FILE --sentiment TRANSCRIPT

The config is that in the checkpoint unless --config names one. Which of the
five can be asked is decided by what the checkpoint was trained for. VIOLET
and All-in-one look at video files; UniVL takes features: a .npy with an array
(seconds, channels), or TABLE:ID, a video of a data set's feature file, such as
features.pickle:video7, or with --s3d video files as well. With --index the
encoded videos are kept in a file, so that the next query needs no videos.

--example needs nothing: it draws three clips and asks the four small models
that come with the package.
"""
import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmengine.logging import MMLogger

from meltr_mm.apis import (
    VideoCaptionInferencer,
    VideoQAInferencer,
    VideoRetrievalInferencer,
    VideoSentimentInferencer,
)
from meltr_mm.apis.example import (
    ask_examples,
    example_checkpoint,
    write_example_clips,
)

_DOES = dict(
    violet='VIOLET answers questions (with the probability)',
    univl_captions='UniVL writes captions (with the log-probability of a '
    'token)',
    univl='UniVL rates words and face (from -3 to 3)',
    all_in_one='All-in-one finds the video of a text (with their similarity)')


def parse_args(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line.

    Args:
        arguments (Sequence[str], optional): Defaults to the process's.

    Returns:
        argparse.Namespace: What is asked.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('videos', nargs='*', metavar='VIDEO')
    parser.add_argument('--example', nargs='?', const='work_dirs/example',
                        metavar='DIR', help='draw three clips into this '
                        'folder (default: work_dirs/example), and ask the '
                        'models of the package about them')
    parser.add_argument('--checkpoint', metavar='FILE')
    parser.add_argument('--config', metavar='FILE')
    parser.add_argument('--allow-type', action='append', default=[],
                        metavar='NAME',
                        help='a type or module that the config in the '
                        'checkpoint may ask for, though it is not registered; '
                        'can be repeated')
    parser.add_argument('--question', metavar='TEXT')
    parser.add_argument('--options', nargs='+', metavar='TEXT')
    parser.add_argument('--query', metavar='TEXT')
    parser.add_argument('--caption', nargs='?', const='', metavar='TRANSCRIPT')
    parser.add_argument('--sentiment', metavar='TRANSCRIPT')
    parser.add_argument('--index', metavar='FILE',
                        help='keeps the encoded videos of --query')
    parser.add_argument('--top-k', type=int, default=5, metavar='N',
                        help='how many answers or videos (default: 5)')
    parser.add_argument('--batch-size', type=int, default=4, metavar='N')
    parser.add_argument('--device', help='such as cpu or cuda:1')
    parser.add_argument('--s3d', metavar='FILE',
                        help='s3d_howto100m.pth, with which UniVL takes video '
                        'files')
    parser.add_argument('--pictures', metavar='DIR',
                        help='draw each result into this folder')
    parser.add_argument('--json', action='store_true',
                        help='print the results as JSON')
    args = parser.parse_args(arguments)
    if args.example is not None:
        _refuse_beside_example(parser, args)
        return args
    if args.checkpoint is None:
        parser.error('name the model to ask by --checkpoint, or try '
                     '--example, which needs none')
    asked = dict(question=args.question or args.options, query=args.query,
                 caption=args.caption, sentiment=args.sentiment)
    given = [name for name, value in asked.items() if value is not None]
    if len(given) != 1:
        parser.error('ask one thing: --question (with or without --options), '
                     f'--query, --caption or --sentiment; got {given}')
    for name in ('top_k', 'batch_size'):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1, but "
                         f'is {getattr(args, name)}')
    if args.index and args.query is None:
        parser.error('--index is for --query')
    if not args.videos and not args.index:
        parser.error('name one or more videos')
    if not args.videos and not Path(args.index).is_file():
        parser.error(f'{args.index}: there is no such index; name the videos '
                     'that it shall have')
    return args


def _refuse_beside_example(parser: argparse.ArgumentParser,
                           args: argparse.Namespace) -> None:
    allowed = ('example', 'device', 'json')
    given = [name for name, value in vars(args).items()
             if name not in allowed
             and value not in (parser.get_default(name), [])]
    if given:
        parser.error(f'--example asks what it asks; leave {given[0]} out')


def ask(args: argparse.Namespace) -> List[Dict[str, Any]]:
    """Load the model and ask it.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.

    Returns:
        list[dict]: Results of an inferencer.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If files do not belong together, or the model was trained
            for something else.
    """
    loaded = dict(model=args.config, weights=args.checkpoint,
                  device=args.device, allow=args.allow_type,
                  s3d=args.s3d)
    called: Dict[str, Any] = dict(batch_size=args.batch_size,
                                  vis_out_dir=args.pictures or '')
    if args.query is not None:
        find = VideoRetrievalInferencer(
            **loaded, videos=args.videos, index=args.index,
            batch_size=args.batch_size)
        found = find(args.query, top_k=args.top_k, **called)
    elif args.caption is not None:
        write = VideoCaptionInferencer(**loaded)
        found = write(args.videos, transcript=args.caption, **called)
    elif args.sentiment is not None:
        rate = VideoSentimentInferencer(**loaded)
        found = rate(args.videos, transcript=args.sentiment, **called)
    else:
        answer = VideoQAInferencer(**loaded)
        found = answer(args.videos, question=args.question or '',
                       options=args.options, top_k=args.top_k, **called)
    return found['predictions']


def lines_of(result: Dict[str, Any]) -> List[str]:
    """Say a result in lines.

    Args:
        result (dict): Of an inferencer.

    Returns:
        list[str]: The first says what it is about.
    """
    if 'videos' in result:
        return [result['query'], *(
            f"  {hit['rank']:>3}  {hit['score']:9.3f}  {hit['video']}"
            for hit in result['videos'])]
    if 'answers' in result:
        return [result['video'], *(
            f"  {item['score']:9.3f}  {item['answer']}"
            for item in result['answers'])]
    said = result.get('caption', result.get('sentiment'))
    return [result['video'], f"  {result['score']:9.3f}  {said}"]


def example_lines(found: List[Dict[str, Any]]) -> List[str]:
    """Say in lines what the examples answered, and how to go on.

    Args:
        found (list[dict]): Of ``ask_examples``.

    Returns:
        list[str]: A heading for each model.
    """
    files = {name: example_checkpoint(name) for name in _DOES}
    files = {name: min(file, os.path.relpath(file), key=len)
             for name, file in files.items()}
    lines: List[str] = []
    for item in found:
        heading = f"{_DOES[item['model']]}: {files[item['model']]}"
        if heading not in lines:
            lines += ['', heading]
        verdict = 'correct' if item['said'] == item['true'] else \
            f"(correct: {item['true']})"
        lines += [f"  {item['video']}  {item['asked']}",
                  f"    -> {item['said']} ({item['score']:.2f})  {verdict}"]
    return [*lines[1:], '', 'Ask on:', (
        f"  python tools/demo.py {found[0]['video']} --checkpoint "
        f"{files['violet']} --question 'what shape is the red object?'")]


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Ask and print.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    args = parse_args(arguments)
    # MMEngine writes deprecations of its own to where the results go.
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    try:
        if args.example is not None:
            results = ask_examples(
                write_example_clips(args.example), args.device)
        else:
            results = ask(args)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print('\nInterrupted. The same command starts again', file=sys.stderr)
        sys.exit(130)
    if args.json:
        print(json.dumps(results, indent=2))
    elif args.example is not None:
        print('\n'.join(example_lines(results)))
    else:
        for result in results:
            print('\n'.join(lines_of(result)))


if __name__ == '__main__':
    main()
