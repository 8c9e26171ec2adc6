"""The web site of the documentation: its links, formulas and search."""
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

pytest.importorskip('material', reason='mkdocs-material is not installed: '
                    'pip install -e ".[docs]"')
pytest.importorskip('latex2mathml', reason='latex2mathml is not installed: '
                    'pip install -e ".[docs]"')

from build_docs import as_mathml, main  # noqa: E402
from pages import PAGES, ROOT  # noqa: E402


class Page(HTMLParser):
    """What a page links to, what can be linked to, and its formulas."""

    def __init__(self, file):
        super().__init__()
        self.targets, self.names, self.formulas = [], {''}, 0
        self.feed(file.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names |= {attrs.get('id'), attrs.get('name')}
        self.targets += [attrs[key] for key in ('href', 'src')
                         if attrs.get(key)]
        self.formulas += tag == 'math'


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('site')
    main(['--out', str(folder)])
    return folder


def test_every_page_is_there(site):
    for page in PAGES:
        path = page.relative_to(ROOT)
        name = 'index' if page.stem == 'README' else page.stem
        assert (site / path.parent / f'{name}.html').is_file(), path
    text = (site / 'docs' / 'reference.html').read_text()
    assert 'id="aidoptimwrapper"' in text
    assert 'docs/reference.md' in (ROOT / '.gitignore').read_text().split()


def test_links_resolve(site):
    """Those to files and headings; nothing is fetched from elsewhere."""
    pages = {file: Page(file) for file in site.rglob('*.html')}
    checked = 0
    for file, page in pages.items():
        if file.name == '404.html':  # is served for any address
            continue
        for target in page.targets:
            if target.startswith(('http://', 'https://', 'data:', 'mailto:',
                                  'javascript:')):
                continue
            path, _, name = unquote(target).partition('#')
            path = path.partition('?')[0]
            found = (file.parent / path).resolve() if path else file
            if found.is_dir():
                found = found / 'index.html'
            assert found.is_file(), f'{file}: {target}'
            if found in pages:
                assert name in pages[found].names, f'{file}: {target}'
                checked += 1
    assert checked > 500


def test_formulas_are_drawn_by_the_browser(site):
    page = site / 'docs' / 'hypergradient.html'
    assert Page(page).formulas > 50
    assert 'arithmatex' not in page.read_text()
    block = as_mathml('<div class="arithmatex">\\[ a &lt; b \\]</div>')
    assert block.startswith('<math') and 'display="block"' in block
    assert '&#x0003C;' in block or '&lt;' in block
    with pytest.raises(ValueError, match='cannot be written as MathML'):
        as_mathml('<span class="arithmatex">\\(\\unheardof x\\)</span>')


def test_in_a_browser(site, tmp_path):
    """Its style is found, its heading drawn, its formulas have a size."""
    names = 'chromium', 'chromium-browser', 'google-chrome'
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip('there is no Chromium on this machine')
    picture = tmp_path / 'page.png'
    page = site / 'docs' / 'hypergradient.html'
    seen = subprocess.run(
        [chromium, '--headless', '--no-sandbox', '--disable-gpu',
         f'--user-data-dir={tmp_path / "profile"}', '--window-size=1200,900',
         f'--screenshot={picture}', page.as_uri()],
        capture_output=True, text=True, timeout=120)
    assert picture.exists(), seen.stderr[-2000:]
    image = np.asarray(Image.open(picture).convert('RGB'))
    assert image.shape == (900, 1200, 3)
    header = image[:40].reshape(-1, 3)
    colour = np.median(header, axis=0)
    assert colour.max() < 250  # that of the theme, not an unstyled page's
    assert image[100:].std() > 10  # words below it


def test_search_finds_components(site):
    index = json.loads((site / 'search' / 'search_index.json').read_text())
    titles = [entry['title'] for entry in index['docs']]
    assert any('AIDOptimWrapper' in title for title in titles)


def test_a_broken_link_is_an_error(tmp_path, monkeypatch):
    """Of a small site, which takes a moment."""
    import build_docs as module
    (tmp_path / 'docs').mkdir()
    for name, text in (('README.md', '# A\n[no](docs/README.md#nothing)\n'),
                       ('docs/README.md', '# B\n'), ('SECURITY.md', '# C\n'),
                       ('CHANGELOG.md', '# D\n')):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, 'ROOT', tmp_path)
    monkeypatch.setattr(module.make_reference, 'page', lambda: '# R\n')
    with pytest.raises(SystemExit, match='was not built'):
        module.build(Path(tmp_path / 'site'))
