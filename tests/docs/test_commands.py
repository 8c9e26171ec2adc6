"""Every command on the pages is known, takes its options, and is run.

A command that takes a moment is run here; of the others the table below says
which test runs them. A command that is in neither fails: add it.
"""
import argparse
import ast
import re
import runpy
import shlex
import sys
from dataclasses import dataclass

import pytest
from mmengine.config import Config
from pages import PAGES, ROOT, Block, blocks

# Run here, with these arguments added.
TINY = {
    'tools/data/make_toyworld.py': ['--clips', '3', '1', '1'],
}
# Run by the test behind the script's name.
ELSEWHERE = {
    'tools/train.py': 'tools/test_scripts.py::test_resume_after_sigkill',
    'tools/test.py': 'tools/test_scripts.py::'
                     'test_stock_scripts_run_our_config',
    'tools/dist_train.sh': 'tools/test_distributed_scripts.py::'
                           'test_weights_and_phi_are_equal_on_both_ranks',
    'tools/dist_test.sh': 'tools/test_distributed_scripts.py::'
                          'test_metrics_equal_those_of_one_process',
    'tools/slurm_train.sh': 'tools/test_distributed_scripts.py::'
                            'test_without_arguments_it_says_how_to_use_it',
    'tools/analysis/plot_meltr.py': 'pictures/test_pictures.py::'
                                    'test_command_draws_a_run',
    'tools/analysis/show_sample.py': 'apis/test_demo.py::'
                                     'test_sample_of_answers',
    'tools/analysis/summarize_run.py': 'tools/test_scripts.py::test_summary',
    'tools/analysis/report.py': 'tools/test_report.py::test_report_of_a_run',
    'tools/analysis/suggest.py': 'tools/test_suggest.py::test_what_it_says',
    'tools/benchmark/memory.py': 'tools/test_benchmarks.py::'
                                 'test_memory_of_shapes_is_that_of_numbers',
    'tools/benchmark/meta_step.py': 'tools/test_benchmarks.py::'
                                    'test_meta_step',
    'tools/benchmark/training_run.py': 'tools/test_benchmarks.py::'
                                       'test_training_run',
    'tools/benchmark/probe.py':
        'meltr/test_probe.py::test_held_out_meta_batches_find_the_helpful_loss',
    'tools/benchmark/study.py': 'tools/test_study.py::'
                                'test_one_file_per_run',
    'tools/convert/all_in_one.py': 'convert/test_all_in_one_converter.py::'
                                   'test_there_and_back_with_meltr',
    'tools/convert/parity.py': 'convert/test_parity_command.py::'
                               'test_univl_agrees_with_everything_recorded',
    'tools/convert/univl.py': 'convert/test_univl_converter.py::'
                              'test_there_and_back',
    'tools/convert/unwrap.py': 'convert/test_unwrap.py::'
                               'test_bare_model_from_wrapped_checkpoint',
    'tools/convert/violet.py': 'convert/test_violet_converter.py::'
                               'test_there_and_back',
    'tools/data/check.py': 'tools/test_check_data.py::'
                           'test_everything_is_there',
    'tools/data/convert_features.py': 'datasets/test_video_tables.py::'
                                      'test_command',
    'tools/data/make_examples.py': 'tools/test_make_examples.py::'
                                   'test_export',
    'tools/data/prepare.py': 'tools/test_prepare_data.py::'
                             'test_as_a_command',
    'tools/data/extract_frames.py': 'tools/test_extraction.py::test_frames',
    'tools/data/extract_s3d.py': 'tools/test_extraction.py::test_features',
    'tools/data/extract_vq.py': 'tools/test_extract_vq.py::'
                                'test_codes_of_a_pickled_encoder',
    'tools/reproduce.py': 'tools/test_reproduce.py::test_to_its_end',
    'tools/demo.py': 'apis/test_demo.py::test_as_a_command',
    'tools/web_demo.py': 'apis/test_web_demo.py::test_in_a_browser',
    'tests/faults/kill_nine.py': 'faults/test_kill_nine.py::'
                                 'test_killed_runs_end_as_undisturbed_ones',
    'tests/fuzz/campaign.py': 'fuzz/test_fuzz_readers.py::test_campaign',
    # Nothing runs these whole but continuous integration and people.
    'tools/collect_env.py': 'tools/test_scripts.py::'
                            'test_environment_is_described',
    'tools/docs/build_docs.py': 'docs/test_build_docs.py::'
                                'test_every_page_is_there',
    'tools/docs/make_reference.py': 'docs/test_make_reference.py::'
                                    'test_command_writes_the_page',
    'tools/quickstart.sh': 'docs/test_commands.py::'
                           'test_commands_of_quickstart',
    'tools/run_tests.sh': 'docs/test_commands.py::'
                          'test_run_tests_is_what_is_run',
}
# What is no script of ours: it would change the machine or needs a network.
OTHERS = (
    r'git clone https://\S+( \S+)?',
    r'cd [\w/]+',
    r'python3?(\.\d+)? -m venv \.venv',
    r'source \.venv/bin/activate',
    r'source tools/(overlay_)?env\.sh',
    r'(sudo )?apt-get install (-y )?[\w. -]+',
    r'(python -m )?pip install .+',
    r'python -m meltr_mm\.packaged configs/[\w/]+\.py',
    r'mim (train|test) mmaction configs/[\w/]+\.py.*',
    r'ruff check \.',
    r'python -m pytest( [\w/.:-]+)*',
)
FOLDERS = ('tools/', 'configs/', 'docs/', 'requirements/', 'tests/')
RUNNER_OPTIONS = {'load_from', 'randomness', 'resume'}


@dataclass
class Command:
    """A command, where it stands, and the settings in front of it."""
    words: list
    block: Block
    settings: list

    def __str__(self):
        return shlex.join(self.words)

    @property
    def script(self):
        if self.words[0] in ('python', 'bash') and len(
                self.words) > 1 and self.words[1].startswith(
                    ('tools/', 'tests/')):
            return self.words[1]
        return None


def commands_of(block):
    text = re.sub(r' *\\\n\s*', ' ', block.text)
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        settings = []
        while words and re.fullmatch(r'\w+=.*', words[0]):
            settings.append(words.pop(0))
        if words:
            yield Command(words, block, settings)


def in_shell_script(name):
    """The commands of a shell script that start Python."""
    text = (ROOT / 'tools' / name).read_text()
    for variable, value in re.findall(r'^(\w+)=([\w/]+(?:\.py)?)$', text,
                                      re.M):
        text = text.replace(f'"${variable}"', value).replace(
            f'${variable}', value)
    text = re.sub(r'"\$\(.*?\)"', 'CHECKPOINT', text)
    text = text.replace('"$@"', '').replace('"', '')
    text = re.sub(r' *\\\n\s*', ' ', text)
    lines = re.findall(r'^ *(?:PYTHONPATH=\S+ )?(python .*)$', text, re.M)
    return list(commands_of(
        Block(ROOT / 'tools' / name, 1, 'bash', '\n'.join(lines))))


COMMANDS = [c for block in blocks('bash') for c in commands_of(block)]


class Parsed(Exception):  # noqa: N818  it is no error
    """The script has read its command line, which is all we want."""


def arguments_of(command):
    """The script whose arguments these are, and the arguments."""
    words = command.words[2:]
    for name, places in (('dist_train', (1, )), ('dist_test', (2, )),
                         ('slurm_train', (0, 1))):
        if command.script == f'tools/{name}.sh':
            stock = 'tools/test.py' if 'test' in name else 'tools/train.py'
            return stock, [w for i, w in enumerate(words) if i not in places]
    return command.script, words


def start(monkeypatch, script, words):
    """Run a script in this process, in which its imports already are."""
    path = ROOT / script
    monkeypatch.setattr(sys, 'path', [str(path.parent), *sys.path])
    monkeypatch.setattr(sys, 'argv', [str(path), *words])
    runpy.run_path(str(path), run_name='__main__')


def run_in_order(commands, added, monkeypatch, capsys):
    """Run commands one after the other, each with the arguments that `added`
    has for its script; returns what each script printed, in order."""
    printed = {}
    for command in commands:
        name = command.script.split('/')[-1]
        with monkeypatch.context() as patch:
            try:
                start(patch, command.script,
                      command.words[2:] + added.get(name, []))
            except SystemExit as stop:
                assert not stop.code, f'{command}: {stop.code}'
        printed.setdefault(name, []).append(capsys.readouterr().out)
    return printed


def test_commands_are_known():
    for command in COMMANDS:
        check_is_known(command)


def check_is_known(command):
    for word in command.words:
        if word.startswith(FOLDERS):
            assert (ROOT / word.split('::')[0]).exists(), (
                f'{command.block}: {word} does not exist')
    if command.script is None:
        assert any(re.fullmatch(other, str(command).replace("'", ''))
                   for other in OTHERS), f'{command.block}: {command}'
    else:
        assert command.script in {**TINY, **ELSEWHERE}, (
            f'{command.block}: say in a table which test runs {command}')
    if 'pip' in command.words:
        check_packages(command)


def check_packages(command):
    """Files and extras exist, and a version is one that is tested."""
    words = command.words[command.words.index('install') + 1:]
    pinned = '\n'.join(
        f.read_text() for f in (ROOT / 'requirements').rglob('*.txt'))
    extras = re.search(r'^EXTRAS = (\(.*?\))$',
                       (ROOT / 'setup.py').read_text(), re.M | re.S)[1]
    for word in words:
        for extra in re.findall(r'\.\[(.*)\]', word):
            assert set(extra.split(',')) <= {*ast.literal_eval(extras),
                                             'mim'}, command
        if '==' in word:
            assert re.search(f'^{re.escape(word)}( |$)', pinned, re.M), word


def test_options_are_accepted(monkeypatch):
    different = {str(c): c for c in COMMANDS
                 if c.script and arguments_of(c)[0].endswith('.py')}
    for command in different.values():
        try:
            check_options_are_accepted(command, monkeypatch)
        except (Exception, SystemExit) as error:
            raise AssertionError(
                f'{command.block}: {command}: {error!r}') from error


def check_options_are_accepted(command, monkeypatch):
    real = argparse.ArgumentParser.parse_args
    seen = {}

    def parse(self, args=None, namespace=None):
        seen.update(vars(real(self, args, namespace)))
        raise Parsed

    script, words = arguments_of(command)
    with monkeypatch.context() as patch, pytest.raises(Parsed):
        patch.setattr(argparse.ArgumentParser, 'parse_args', parse)
        start(patch, script, words)
    if seen.get('cfg_options') and str(seen['config']).startswith('configs/'):
        cfg = Config.fromfile(str(ROOT / seen['config']))
        for key in seen['cfg_options']:
            *parents, last = key.split('.')
            place = cfg
            for parent in parents:
                assert parent in place, f'{seen["config"]} has no {key}'
                place = place[parent]
            assert parents or last in cfg or last in RUNNER_OPTIONS, key


def test_commands_of_quickstart(monkeypatch):
    commands = in_shell_script('quickstart.sh')
    assert [c.script.split('/')[-1] for c in commands] == [
        'make_toyworld.py', 'train.py', 'test.py', 'summarize_run.py',
        'show_sample.py', 'report.py']
    for command in commands:
        check_is_known(command)
        check_options_are_accepted(command, monkeypatch)


def test_run_tests_is_what_is_run():
    assert 'bash tools/run_tests.sh' in (ROOT / '.ci' / 'run').read_text()


def test_commands_run(monkeypatch, tmp_path, capsys):
    """Of each script in TINY the first, and so the plainest, command."""
    plainest = {c.script: c for c in reversed(COMMANDS) if c.script in TINY}
    assert set(plainest) == set(TINY)
    for script, command in plainest.items():
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            start(patch, script, command.words[2:] + TINY[script])
        assert capsys.readouterr().out


def test_the_tests_elsewhere_exist():
    for script, place in ELSEWHERE.items():
        file, name = place.split('::')
        text = (ROOT / 'tests' / file).read_text()
        functions = [node.name for node in ast.walk(ast.parse(text))
                     if isinstance(node, ast.FunctionDef)]
        assert name in functions, place
        assert script.split('/')[-1].split('.')[0] in text, place


def test_tables_hold_nothing_that_is_gone():
    for script in {**TINY, **ELSEWHERE}:
        assert (ROOT / script).is_file(), script
    used = {c.script for c in COMMANDS}
    assert used <= {None, *TINY, *ELSEWHERE}
    assert len(PAGES) > 5


def test_mistakes_would_be_seen(monkeypatch):
    page = ROOT / 'README.md'

    def only(text):
        return next(iter(commands_of(Block(page, 1, 'bash', text))))

    for text in ('python tools/nothing.py', 'rm -rf data',
                 'python tools/train.py configs/nothing.py',
                 'pip install torch==1.0', 'pip install -e .[nothing]'):
        with pytest.raises(AssertionError):
            check_is_known(only(text))
    toy = 'python tools/train.py configs/toy/meltr_violet_msvdqa.py'
    with pytest.raises(SystemExit):
        check_options_are_accepted(only(f'{toy} --resumee'), monkeypatch)
    with pytest.raises(AssertionError):
        check_options_are_accepted(
            only(f'{toy} --cfg-options optim_wrap.interval=2'), monkeypatch)
