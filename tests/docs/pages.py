"""The pages that people read, and the blocks of code on them.

How to write a block that these tests understand:

* ``python``: is run, after the blocks before it on the same page, in a folder
  where ``data/toy`` and ``configs`` are.
* ``python`` that begins with ``_base_`` or with the comment ``# config``: is
  loaded as a config, and the components that it names must take what it
  gives them. ``# config NAME.py`` is a file that later blocks can read.
* ``bash``: each command must stand in a table of test_commands.py. So must
  one within a line of text, if it begins with ``python tools/`` or ``bash
  tools/``, and one in a comment before a table, ``<!-- python ... -->``.
* ``text``, ``console``, ``math``, ``pycon``: is there to be read.
"""
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The reference is generated, and checked by what generates it.
PAGES = [ROOT / 'README.md', *(
    page for page in sorted((ROOT / 'docs').rglob('*.md'))
    if page.name != 'reference.md')]
FENCED = re.compile(r'^```([^\n]*)\n(.*?)^```', re.S | re.M)
INLINE = re.compile(r'`((?:python|bash)\s+tools/[^`]+)`'
                    r'|^<!-- (python .*) -->$', re.M)
LANGUAGES = {'python', 'bash', 'text', 'console', 'math', 'pycon'}


@dataclass
class Block:
    """A fenced block: its page, the line it starts on, language and text."""
    page: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f'{self.page.relative_to(ROOT)}:{self.line}'

    @property
    def is_config(self):
        return self.language == 'python' and self.text.startswith(
            ('_base_', '# config'))

    @property
    def file(self):
        match = re.match(r'# config (\S+\.py)\n', self.text)
        return match and match[1]


def _blank(match):
    return '\n' * match[0].count('\n')  # lines keep their numbers


def blocks(language=None, pages=PAGES):
    found = []
    for page in pages:
        text = page.read_text()
        for match in FENCED.finditer(text):
            line = text[:match.start()].count('\n') + 1
            if language in (None, match[1]):
                found.append(Block(page, line, match[1], match[2]))
        if language == 'bash':
            found += [
                Block(page, text[:match.start()].count('\n') + 1, 'bash',
                      ' '.join((match[1] or match[2]).split()))
                for match in INLINE.finditer(FENCED.sub(_blank, text))]
    return found


def links(page):
    """Targets of the links of a page, web addresses too."""
    text = FENCED.sub('', page.read_text())
    text = re.sub(r'`[^`]*`', '', text)
    return re.findall(r'\]\(([^)\s]+)\)', text)


def anchors(page):
    """Names under which GitHub lets the headings of a page be linked."""
    text = FENCED.sub('', page.read_text())
    names = []
    for title in re.findall(r'^#+ +(.*)$', text, re.M):
        title = re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', title)
        name = re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
        again = sum(n == name or n.startswith(f'{name}-') for n in names)
        names.append(f'{name}-{again}' if name in names else name)
    return names
