"""Links lead somewhere, blocks say what they are, every page is found."""
from pages import LANGUAGES, PAGES, ROOT, anchors, blocks, links

README = (ROOT / 'README.md').read_text()


def test_the_readme_begins_with_the_change_of_a_config():
    top = '\n'.join(README.splitlines()[:25])
    assert "type='MELTRWrapper'" in top
    assert 'bash tools/quickstart.sh' in README
    assert 'bash tools/run_tests.sh' in README


def test_links():
    for page in PAGES:
        for target in links(page):
            if target.startswith(('https://', 'http://')):
                continue
            path, _, anchor = target.partition('#')
            file = (page.parent / path) if path else page
            assert file.exists(), f'{page}: {target} does not exist'
            if anchor:
                assert anchor in anchors(file), f'{page}: {target}'


def test_blocks_say_what_they_are():
    wrong = [str(block) for block in blocks()
             if block.language not in LANGUAGES]
    assert not wrong, (
        f'write one of {sorted(LANGUAGES)} behind the ```: {wrong}')
    for page in PAGES:
        assert page.read_text().count('```') % 2 == 0, page


def test_every_page_is_linked_from_the_index():
    index = ROOT / 'docs' / 'README.md'
    linked = {(index.parent / target.partition('#')[0]).resolve()
              for target in links(index)}
    missing = [p for p in PAGES[1:] if p != index and p not in linked]
    assert not missing
