"""Build the documentation as a web site.

    pip install -e ".[docs]"
    python tools/docs/build_docs.py [--out FOLDER] [--serve]

The pages are README.md, docs/ and the reference, which is generated; their
order is that of docs/README.md. A link that leads nowhere is an error.
"""
import argparse
import json
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from html import unescape
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, Dict, List, Sequence

import make_reference

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name('mkdocs.yml')
BESIDE = ('README.md', 'SECURITY.md', 'CHANGELOG.md')
NO_MKDOCS = ('the documentation is built by mkdocs-material and latex2mathml, '
             'of which one is not installed: pip install -e ".[docs]"')
_FENCE = re.compile(r'(^```.*?^```[^\S\n]*$)', re.S | re.M)
_LINK = re.compile(r'(!?)\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)\)')
_ROW = re.compile(r'^\| \[(.+?)\]\((.+?\.md)\)', re.M)
# As pymdownx.arithmatex writes formulas.
_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.S)


def gather(folder: Path) -> None:
    """Put all pages, with the folders that they have in the repository, and
    the generated ones into a folder.

    Args:
        folder (Path): An empty one.
    """
    shutil.copytree(ROOT / 'docs', folder / 'docs',
                    ignore=shutil.ignore_patterns('*.jsonl'))
    for name in BESIDE:
        shutil.copy(ROOT / name, folder)
    (folder / 'docs' / 'reference.md').write_text(
        make_reference.page(), encoding='utf-8')
    for notebook in folder.rglob('*.ipynb'):
        notebook.with_suffix('.md').write_text(
            as_page(json.loads(notebook.read_text(encoding='utf-8'))),
            encoding='utf-8')
        notebook.unlink()
    for page in folder.rglob('*.md'):
        text = page.read_text(encoding='utf-8')
        parts = _FENCE.split(text)
        parts[::2] = [_LINK.sub(partial(_kept_link, page), part)
                      for part in parts[::2]]
        page.write_text(''.join(parts), encoding='utf-8')


def as_page(notebook: Dict[str, Any]) -> str:
    """Write a notebook as Markdown, without what its cells have printed."""
    parts = []
    for cell in notebook['cells']:
        text = ''.join(cell['source'])
        is_code = cell['cell_type'] == 'code'
        parts.append(f'```python\n{text}\n```' if is_code else text)
    return '\n\n'.join(parts) + '\n'


def _kept_link(page: Path, link: 're.Match') -> str:
    """A link to a notebook leads to its page; of one to code, which is no
    part of the site, the words are left."""
    target = link[3].partition('#')[0]
    if '://' in target or not target:
        return link[0]
    if target.endswith('.ipynb'):
        return f"{link[1]}[{link[2]}]({target[:-len('.ipynb')]}.md)"
    if (page.parent / target).is_file():
        return link[0]
    return f'`{link[2]}`' if '/' in link[2] else link[2]


def navigation(folder: Path) -> List[Dict[str, Any]]:
    """Read the order of the pages from the tables of docs/README.md.

    Args:
        folder (Path): See :func:`gather`.

    Returns:
        list: As ``nav`` of MkDocs.
    """
    index = folder / 'docs' / 'README.md'
    pages, data = [], []
    for title, target in _ROW.findall(index.read_text(encoding='utf-8')):
        path = os.path.normpath(f'docs/{target}')
        listed = data if path.startswith('docs/data/') else pages
        listed.append({title.replace('`', ''): path})
    return [{'meltr_mm': 'README.md'}, {'Documentation': 'docs/README.md'},
            *pages, {'Data sets': data}, {'Reference': 'docs/reference.md'},
            {'Changes': 'CHANGELOG.md'}]


def as_mathml(html: str) -> str:
    """Write the formulas of a page as MathML, which browsers draw.

    Args:
        html (str): With formulas as pymdownx.arithmatex leaves them.

    Returns:
        str: With ``<math>`` in their places.

    Raises:
        ValueError: If a command of a formula is not known.
    """
    return _FORMULA.sub(_mathml, html)


def _mathml(match: 're.Match') -> str:
    from latex2mathml.converter import convert
    formula = unescape(match[3]).strip()
    found = convert(formula.replace(r'\arg', r'\operatorname{arg}'),
                    display='inline' if match[2] == '(' else 'block')
    if '\\' in found:  # what is not known is left as it was
        raise ValueError(f'a command in the formula {formula!r} cannot be '
                         'written as MathML')
    return found


def build(out: Path) -> None:
    """Build the site.

    Args:
        out (Path): A folder, which is emptied.

    Raises:
        SystemExit: If a link leads nowhere; MkDocs has said which.
    """
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / 'pages'
        folder.mkdir()
        gather(folder)
        config = load_config(str(CONFIG), docs_dir=str(folder),
                             site_dir=str(out.resolve()), strict=True,
                             nav=navigation(folder))
        config.plugins.events['page_content'].append(
            lambda html, **others: as_mathml(html))
        try:
            build_site(config)
        except Abort as error:
            sys.exit(f'the documentation was not built: {error.message}')


def main(arguments: Sequence[str] = None) -> None:
    """Build, and show it if that is asked for.

    Args:
        arguments (Sequence[str], optional): Defaults to the command line.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=ROOT / 'build' / 'site',
                        metavar='FOLDER', help='default: build/site')
    parser.add_argument('--serve', action='store_true',
                        help='show it at http://127.0.0.1:8000 until Ctrl-C')
    args = parser.parse_args(arguments)
    try:
        import latex2mathml  # noqa: F401
        import material  # noqa: F401
    except ImportError:
        sys.exit(NO_MKDOCS)
    build(args.out)
    print(f'written to {args.out}: open {args.out / "index.html"}')
    if args.serve:
        handler = partial(SimpleHTTPRequestHandler, directory=str(args.out))
        try:
            HTTPServer(('127.0.0.1', 8000), handler).serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == '__main__':
    main()
