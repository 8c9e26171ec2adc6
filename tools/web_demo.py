"""Ask a trained model about videos, on a page in the browser.

    python tools/web_demo.py --checkpoint FILE
    python tools/web_demo.py --checkpoint FILE --videos FOLDER [--index FILE]

What the page offers is decided by what the checkpoint was trained for: a
question, with or without options, a caption, a rating, or a search among
videos, which are those of a folder, of an index, or uploaded. It is served to
this machine only, unless --host says otherwise. Needs gradio: pip install
"meltr_mm[demo]".
"""
import argparse
import base64
import html
import io
import logging
import re
import sys
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Any, Callable, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from mmengine.logging import MMLogger
from PIL import Image

from meltr_mm.apis import VideoTextInferencer, inferencer_for

NO_GRADIO = ('the page needs gradio, which cannot be imported ({}): pip '
             'install "meltr_mm[demo]"')
TITLES = dict(
    answer='Ask about a video', choice='Ask about a video, with options',
    retrieval='Find videos by a text', caption='Caption a video',
    sentiment='Rate an utterance')
TOP_K = 5


def parse_args(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line.

    Args:
        arguments (Sequence[str], optional): Defaults to the process's.

    Returns:
        argparse.Namespace: What is served.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--checkpoint', required=True, metavar='FILE')
    parser.add_argument('--config', metavar='FILE')
    parser.add_argument('--allow-type', action='append', default=[],
                        metavar='NAME', help='as in demo.py')
    parser.add_argument('--device', help='such as cpu or cuda:1')
    parser.add_argument('--s3d', metavar='FILE',
                        help='s3d_howto100m.pth, with which UniVL takes video '
                        'files')
    parser.add_argument('--videos', metavar='FOLDER',
                        help='whose files are searched')
    parser.add_argument('--index', metavar='FILE',
                        help='keeps the encoded videos, as in demo.py')
    parser.add_argument('--host', default='127.0.0.1', metavar='NAME',
                        help='0.0.0.0 serves other machines as well '
                        '(default: 127.0.0.1)')
    parser.add_argument('--port', type=int, default=7860)
    return parser.parse_args(arguments)


def load(args: argparse.Namespace) -> VideoTextInferencer:
    """Load the model.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.

    Returns:
        VideoTextInferencer: The one that the checkpoint is asked by.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If files do not belong together, or are of no use to this
            model.
    """
    kind = inferencer_for(args.checkpoint, args.config, args.allow_type)
    searched = {}
    if 'retrieval' in kind.targets:
        searched = dict(videos=files_of(args.videos) if args.videos else (),
                        index=args.index, batch_size=4)
    elif args.videos or args.index:
        raise ValueError(f'{args.checkpoint}: --videos and --index are for a '
                         'model that ranks videos, which this one does not')
    return kind(args.config, args.checkpoint, device=args.device,
                allow=args.allow_type, s3d=args.s3d, **searched)


def files_of(folder: str) -> List[str]:
    """List a folder of videos.

    Raises:
        FileNotFoundError: If there is none, or nothing is in it.
    """
    found = sorted(str(file) for file in Path(folder).glob('*')
                   if file.is_file() and not file.name.startswith('.'))
    if not found:
        raise FileNotFoundError(f'{folder}: there is no such folder, or no '
                                'file in it')
    return found


# --------------------------------------------------- what the buttons do


def in_words(function: Callable[..., str]) -> Callable[..., str]:
    """Make what goes wrong a sentence on the page."""

    @wraps(function)
    def called(self: 'Answers', given: Any, *texts: str) -> str:
        try:
            with self.lock:
                return function(self, given, *texts)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            said = str(error)
            for file in given if isinstance(given, list) else [given]:
                if file:  # where the page keeps it is of no interest
                    said = said.replace(str(file), Path(file).name)
            return ('<p role="alert" style="color:#b00020">'
                    f'{html.escape(said)}</p>')

    return called


class Answers:
    """A model's answers as HTML. What users give is escaped in it.

    Args:
        inferencer (VideoTextInferencer): See :func:`load`.
    """

    def __init__(self, inferencer: VideoTextInferencer) -> None:
        self.inferencer = inferencer
        self.lock = Lock()  # a model answers one person after the other

    @in_words
    def ask(self, video: Optional[str], question: str,
            options: Optional[str] = None) -> str:
        """Answer a question; options stand on lines of their own."""
        asked = dict(question=question.strip())
        if options is not None:
            asked['options'] = [line.strip() for line in options.splitlines()
                                if line.strip()]
        sample = self._sample(video, **asked)
        answers = self.inferencer.result(sample, top_k=TOP_K)['answers']
        return strip_of(sample) + bars(
            (item['answer'], item['score'], f"{item['score']:.1%}", '')
            for item in answers)

    @in_words
    def caption(self, video: Optional[str], transcript: str) -> str:
        """Write a caption."""
        sample = self._sample(video, transcript=transcript)
        result = self.inferencer.result(sample)
        return strip_of(sample) + (
            f"<p><b>{html.escape(result['caption'])}</b> "
            f"({result['score']:.3f})</p>")

    @in_words
    def rate(self, video: Optional[str], transcript: str) -> str:
        """Rate what is said: the bar goes from -3 to 3."""
        sample = self._sample(video, transcript=transcript)
        result = self.inferencer.result(sample)
        return strip_of(sample) + bars([
            (result['sentiment'], (result['score'] + 3) / 6,
             f"{result['score']:+.2f} (-3 to 3)", '')])

    @in_words
    def search(self, query: str) -> str:
        """Rank the videos: bars go from the lowest score of all to the
        highest."""
        found = self.inferencer([query], return_datasamples=True)
        sample, = found['predictions']
        low, high = sample.pred_score.min(), sample.pred_score.max()
        index = self.inferencer.index
        strips = dict(zip(index.videos, index.strips))
        return bars(
            (Path(hit['video']).name,
             float((hit['score'] - low) / (high - low).clamp(min=1e-12)),
             f"{hit['score']:.3f}", picture(strips[hit['video']], 56))
            for hit in self.inferencer.result(sample, top_k=TOP_K)['videos'])

    @in_words
    def add(self, videos: Optional[List[str]]) -> str:
        """Add videos to those that are searched, while the page is up."""
        if videos:
            self.inferencer.add(list(videos), batch_size=4)
        return f'<p>{len(self.inferencer.index)} videos are searched</p>'

    def _sample(self, video: Optional[str], **asked: Any) -> Any:
        if not video:
            raise ValueError('upload a video first')
        found = self.inferencer(video, return_datasamples=True, **asked)
        return found['predictions'][0]


def bars(rows: Iterable[Tuple[str, float, str, str]]) -> str:
    """Write rows of a picture, a text, a bar and a number as HTML.

    Args:
        rows (Iterable): Text, length of the bar in 0..1, number and picture
            (HTML) of each.

    Returns:
        str: A table, without lines.
    """
    lines = []
    for text, share, number, shown in rows:
        width = round(100 * min(max(share, 0.), 1.))
        cells = [shown, html.escape(text),
                 '<div style="background:#0072B2;height:1em;'
                 f'width:{width}%"></div>', html.escape(number)]
        cells = [f'<div role="cell">{cell}</div>' for cell in cells]
        lines.append('<div role="row" style="display:contents">'
                     f'{"".join(cells)}</div>')
    return ('<div role="table" style="display:grid;align-items:center;'
            'gap:0.5em 1em;grid-template-columns:auto auto 1fr auto">'
            f'{"".join(lines)}</div>')


def strip_of(sample: Any) -> str:
    """What the model saw, as HTML."""
    return ('<div style="overflow-x:auto;margin-bottom:1em">'
            f"{picture(sample.metainfo['strip'], 96)}</div>")


def picture(image: np.ndarray, height: int) -> str:
    """An RGB image (h, w, 3), uint8, as HTML."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'PNG')
    data = base64.b64encode(file.getvalue()).decode()
    return (f'<img alt="what the model saw" style="height:{height}px;'
            f'max-width:none" src="data:image/png;base64,{data}">')


# ------------------------------------------------------------- the page


def build(answers: Answers, title: str) -> Any:
    """Build the page.

    Args:
        answers (Answers): What it shows.
        title (str): Its second heading.

    Returns:
        gradio.Blocks: To be launched.
    """
    import gradio as gr
    target = answers.inferencer.target
    features = answers.inferencer.pipeline.takes_features
    files = features and answers.inferencer.s3d is None
    with gr.Blocks(title=TITLES[target], analytics_enabled=False) as page:
        gr.Markdown(f'## {TITLES[target]}\n{title}')
        if target == 'retrieval':
            # Lists start with what the command line named.
            count = gr.HTML(answers.add([]))
            more = gr.File(label='More videos', file_count='multiple',
                           type='filepath', height=140)
            more.upload(answers.add, more, count)
            given = [gr.Textbox(label='Text')]
            does, shown = answers.search, 'Search'
        else:
            video = gr.File(label='Features (.npy)', type='filepath') \
                if files else gr.Video(
                    label='Video', sources=['upload'], height=300)
            if target in ('answer', 'choice'):
                given = [video, gr.Textbox(label='Question')]
                does, shown = answers.ask, 'Ask'
            else:
                given = [video, gr.Textbox(label='What is said in it')]
                does, shown = ((answers.caption, 'Caption') if target ==
                               'caption' else (answers.rate, 'Rate'))
            if target == 'choice':
                given.append(gr.Textbox(label='Options, one per line',
                                        lines=4))
        button = gr.Button(shown, variant='primary')
        result = gr.HTML()
        button.click(does, given, result)
        if target != 'choice':  # there Enter begins a line
            given[-1].submit(does, given, result)
    return page


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Serve the page until it is interrupted.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    args = parse_args(arguments)
    try:
        import gradio  # noqa: F401
    except ImportError as error:  # not there, or too old for the others
        sys.exit(NO_GRADIO.format(error))
    # MMEngine writes deprecations of its own.
    MMLogger.get_current_instance().setLevel(logging.ERROR)
    try:
        page = build(Answers(load(args)), re.sub(
            r'([\\`*_{}\[\]<>#])', r'\\\1', Path(args.checkpoint).name))
        page.launch(server_name=args.host, server_port=args.port)
    except (ImportError, OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
