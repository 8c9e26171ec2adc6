"""Make a page of a run that can be read in a browser, mailed and kept.

    python tools/analysis/report.py work_dirs/toy/meltr_violet_msvdqa

Written is report.html in the folder of the run, one file without links to
others: metrics beside their baselines, weights and losses, warnings of the
log, samples that show_sample.py has drawn, what the config changes, versions,
and the commands to go on. The config is compared with the packaged one of its
name, or with --base CONFIG.
"""
import argparse
import base64
import re
import shlex
import sys
from html import escape
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from mmengine.config import Config
from mmengine.registry import MODELS
from summarize_run import TIMES, newest, read_test_result

from meltr_mm import __version__, health
from meltr_mm.apis import parse_config
from meltr_mm.config import completed
from meltr_mm.meltr.wrapper import trained_by
from meltr_mm.packaged import packaged_names, packaged_path
from meltr_mm.pictures import RunHistory, history_of_logs

BASELINES = ('majority', 'chance')
SAMPLES = 12
# Every run has others, so that they say nothing about its config.
OF_THE_RUN = ('work_dir', 'launcher', 'resume', 'load_from')
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em;
       margin: 2em auto; padding: 0 1em; color: #222 }
h2 { margin-top: 2em; border-bottom: 1px solid #ccc }
table { border-collapse: collapse }
td, th { padding: .15em .9em .15em 0; text-align: left;
         vertical-align: top; overflow-wrap: anywhere }
td.number { text-align: right; font-variant-numeric: tabular-nums }
tr.baseline { color: #777 }
pre { background: #f5f5f5; padding: .7em; overflow-x: auto }
img { max-width: 100% }
.warning { border-left: 4px solid #D55E00; padding-left: .8em }
"""
TEMPLATES = (health.NEGATIVE, health.VANISHED, health.STUCK,
             health.NOT_FALLING)
HEALTH = re.compile('|'.join(
    re.sub(r'\\{.*?\\}', '.+?', re.escape(text)) for text in TEMPLATES))

# What tools/demo.py is given for a config with such a head, data or metric.
_ASKED_BY = dict(
    Choice="--question 'what does it do?' --options jump turn grow",
    OpenEndedQAMetric="--question 'what moves?'",
    TextVideoRetrievalMetric="--query 'a red ball'",
    CaptionMetric='--caption',
    SentimentMetric="--sentiment 'what was said'")


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Write the page, and say where it is.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work_dir', type=Path)
    parser.add_argument('--out', type=Path, metavar='FILE',
                        help='default: report.html in the folder of the run')
    parser.add_argument('--base', metavar='CONFIG',
                        help='the config to compare with; it is executed')
    args = parser.parse_args(arguments)
    out = args.out or args.work_dir / 'report.html'
    try:
        text = report(args.work_dir, args.base)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding='utf-8')
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(f'Open in a browser: {out}')


def report(work_dir: Path, base: Optional[str] = None) -> str:
    """Make the page.

    Args:
        work_dir (Path): Folder of a run.
        base (str, optional): A config to compare with.

    Returns:
        str: HTML in which nothing of the run's text is markup.

    Raises:
        FileNotFoundError: If there is no log of a training in the folder.
        ValueError: If its log is damaged, or its model has no MELTR.
    """
    scalars = sorted(work_dir.glob('*/vis_data/scalars.json'))
    if not scalars:
        raise FileNotFoundError(
            f'{work_dir}: the folder of a run must have a log '
            '(*/vis_data/scalars.json), but has none; give the --work-dir of '
            'tools/train.py')
    history = history_of_logs(scalars)
    dump = scalars[-1].parent / 'config.py'
    text = dump.read_text()
    cfg = parse_config(text, dump, part='model.primary')
    logs = [log for path in scalars
            for log in sorted(path.parents[1].glob('*.log'))]
    log = '\n'.join(path.read_text(errors='replace') for path in logs)
    config = next(iter(sorted(work_dir.glob('*.py'))), dump)
    sections = [
        ('Result', _metrics(history) + _test(work_dir)),
        ('Weights and losses', _losses(history, cfg.model.primary) + _picture(
            work_dir / 'task_weights.png', work_dir)),
        *([('What MELTR has learnt', _picture(work_dir / 'learnt_loss.png',
                                              work_dir))]
          if _learns(cfg) else []),
        ('Warnings', _warnings(log)),
        ('Samples', _samples(work_dir)),
        ('Config', _difference(cfg, config.name, base) + '<details><summary>'
         f'The whole config</summary>{_pre(text)}</details>'),
        ('Versions', _versions(log)),
        ('Commands', _commands(work_dir, config, cfg)),
    ]
    name = escape(config.stem if config != dump else work_dir.name)
    body = ''.join(f'<h2>{title}</h2>\n{content}\n'
                   for title, content in sections)
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f'<title>{name}</title><style>{STYLE}</style></head>\n'
            f'<body><h1>{name}</h1>\n<p>{_what(cfg, history)}</p>\n{body}'
            '</body></html>\n')


def _what(cfg: Config, history: RunHistory) -> str:
    model = cfg.model.get('model') or {}
    last = max(int(curve.steps[-1]) for curve in history.losses.values())
    return escape(
        f'{model.get("type", "a model")} with '
        f'{cfg.model.get("meltr", {}).get("type", "MELTR")}, trained on '
        f'{len(history.losses)} losses for {last} iterations; the primary '
        f'loss is {cfg.model.primary}.')


def _metrics(history: RunHistory) -> str:
    if not history.metrics:
        return '<p>The run was not evaluated yet.</p>'
    rows = []
    for name, curve in _baselines_last(history.metrics):
        values = curve.values
        rows.append((name, f'{values[-1]:.4g}', f'{values.min():.4g}',
                     f'{values.max():.4g}'))
    return '<h3>Validation</h3>' + _table(
        ('metric', 'last', 'lowest', 'highest'), rows)


def _test(work_dir: Path) -> str:
    try:
        result = read_test_result(work_dir)
    except FileNotFoundError:
        return '<p>There is no test result yet; the command is below.</p>'
    rows = [(name, f'{value:.4g}') for name, value in _baselines_last(result)
            if isinstance(value, (int, float)) and name not in TIMES]
    return '<h3>Test</h3>' + _table(('metric', 'value'), rows)


def _baselines_last(metrics: Dict[str, Any]) -> List[Tuple[str, Any]]:
    """Each group of metrics followed by what its scores are worth."""
    order = list(metrics)
    return sorted(metrics.items(), key=lambda item: (
        min(i for i, other in enumerate(order) if other.rpartition('/')[0] ==
            item[0].rpartition('/')[0]), _is_baseline(item[0])))


def _is_baseline(name: str) -> bool:
    return any(word in name.rpartition('/')[2] for word in BASELINES)


def _losses(history: RunHistory, primary: str) -> str:
    rows = []
    for name, curve in history.losses.items():
        weight = history.weights[name].values
        rows.append((f'{name} (primary)' if name == primary else name,
                     f'{curve.values[0]:.4g}', f'{curve.values[-1]:.4g}',
                     f'{weight[0]:.3g}', f'{weight[-1]:.3g}'))
    return _table(('loss', 'at first', 'at last', 'weight dM/dl at first',
                   'at last'), rows)


def _learns(cfg: Config) -> bool:
    kind = MODELS.get(cfg.model.get('meltr', {}).get('type', 'MELTR'))
    return trained_by(kind) is not None


def _picture(path: Path, work_dir: Path) -> str:
    if not path.exists():
        command = 'python tools/analysis/plot_meltr.py ' \
            + shlex.quote(str(work_dir))
        return f'<p>{escape(path.name)} is drawn by:</p>{_pre(command)}'
    content = path.read_bytes()
    if not content.startswith(b'\x89PNG\r\n'):
        return f'<p>{escape(path.name)} is no PNG.</p>'
    data = base64.b64encode(content).decode()
    return f'<p><img alt="{escape(path.name)}" ' \
        f'src="data:image/png;base64,{data}"></p>'


def _warnings(log: str) -> str:
    found = dict.fromkeys(
        match[1].strip() for match in re.finditer(
            r'- WARNING - (.*(?:\n(?!\d{4}/|  |\s*$).*)*)', log)
        if 'deprecated' not in match[1])
    of_health = [text for text in found if HEALTH.search(text)]
    others = [text for text in found if text not in of_health]
    html = ''.join(f'<p class="warning">{escape(text)}</p>'
                   for text in of_health)
    if not of_health:
        html = '<p>MELTRHealthHook has said nothing.</p>'
    if others:
        html += '<p>Others of the log:</p><ul>' + ''.join(
            f'<li>{escape(_shortened(text, 400))}</li>' for text in others
        ) + '</ul>'
    return html


def _samples(work_dir: Path) -> str:
    pictures = sorted((work_dir / 'samples').glob('*.png'))
    if not pictures:
        return '<p>None were drawn yet; show_sample.py below does.</p>'
    more = len(pictures) - SAMPLES
    return ''.join(_picture(path, work_dir) for path in pictures[:SAMPLES]) + (
        f'<p>{more} more are in samples/.</p>' if more > 0 else '')


def _difference(cfg: Config, name: str, base: Optional[str]) -> str:
    own = _flat(cfg.to_dict())
    candidates = {base: base} if base else {
        path: packaged_path(path) for path in packaged_names()
        if path.startswith('configs/') and Path(path).name == name}
    best = None
    for path, file in candidates.items():
        theirs = _flat(completed(Config.fromfile(file)).to_dict())
        rows = [(key, *(_shortened(repr(values[key]), 200)
                        if key in values else '' for values in (theirs, own)))
                for key in sorted({*theirs, *own})
                if key.split('.')[0] not in OF_THE_RUN
                and theirs.get(key, _flat) != own.get(key, _flat)]
        if best is None or len(rows) < len(best[1]):
            best = path, rows
    if best is None:
        return '<p>No packaged config has this name; --base CONFIG compares ' \
            'with another.</p>'
    path, rows = best
    if not rows:
        return f'<p>That of {escape(path)}, unchanged.</p>'
    return f'<p>Changed in respect of {escape(path)}:</p>' + _table(
        ('key', 'there', 'here'), rows)


def _flat(node: Any, place: str = '') -> Dict[str, Any]:
    """Every value of a config by its dotted key."""
    if isinstance(node, dict) and node:
        items: Iterable[Tuple[Any, Any]] = node.items()
    elif isinstance(node, (list, tuple)) and any(
            isinstance(item, dict) for item in node):
        items = enumerate(node)
    else:
        return {place: list(node) if isinstance(node, tuple) else node}
    return {name: value for key, child in items for name, value in _flat(
        child, f'{place}.{key}' if place else str(key)).items()}


def _versions(log: str) -> str:
    block = log.rpartition('System environment:')[2].partition(
        'Runtime environment:')[0]
    rows = re.findall(r'^    (\w[\w .]*): (.+)$', block, re.M)
    rows = [(name, value) for name, value in rows if name in (
        'Python', 'PyTorch', 'CUDA available', 'TorchVision', 'OpenCV',
        'MMEngine', 'NVCC') or name.startswith('GPU')]
    return _table(('', ''), [
        *rows, ('meltr_mm that made this page', __version__)])


def _commands(work_dir: Path, config: Path, cfg: Config) -> str:
    types = repr([cfg.get(key) for key in (
        'model', 'val_dataloader', 'val_evaluator')])
    asked = next((option for word, option in _ASKED_BY.items()
                  if word in types), '--help')
    checkpoint = newest(work_dir, 'best_*.pth') or newest(work_dir, '*.pth')
    folder, file, best = (shlex.quote(str(path)) for path in (
        work_dir, config, checkpoint or work_dir / 'CHECKPOINT.pth'))
    return _pre('\n'.join([
        '# go on with the training',
        f'python tools/train.py {file} --work-dir {folder} --resume',
        '# test, then make this page again',
        f'python tools/test.py {file} {best} --work-dir '
        f'{shlex.quote(str(work_dir / "test"))}',
        f'python tools/analysis/report.py {folder}',
        '# ask it about a video; --help lists what can be asked',
        f'python tools/demo.py VIDEO --checkpoint {best} {asked}',
        '# draw what it says about samples of the test split',
        f'python tools/analysis/show_sample.py {best} --sample 0 1 2 --out '
        f'{shlex.quote(str(work_dir / "samples"))}']))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = ''.join(f'<th>{escape(title)}</th>' for title in header)
    body = ''
    for row in rows:
        cells = ''.join(
            f'<td{" class=number" if _is_number(cell) else ""}>'
            f'{escape(cell)}</td>' for cell in row)
        kind = ' class=baseline' if _is_baseline(row[0]) else ''
        body += f'<tr{kind}>{cells}</tr>\n'
    return f'<table>\n<tr>{head}</tr>\n{body}</table>\n'


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _pre(text: str) -> str:
    return f'<pre>{escape(text)}</pre>'


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f'{text[:length]} ...'


if __name__ == '__main__':
    main()
