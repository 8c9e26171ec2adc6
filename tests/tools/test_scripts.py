"""The stock scripts on a tiny toy data set, as a user runs them."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from child_process import environment
from warm_process import EVERYTHING, STOCK_ONLY, run_script

from meltr_mm.toyworld import write_msvd_qa

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs' / 'toy' / 'meltr_violet_msvdqa.py'
STOCK = Path(
    find_spec('mmaction').submodule_search_locations[0]) / '.mim' / 'tools'
OPTIONS = ('default_hooks.logger.interval=1', 'train_dataloader.batch_size=4')


@pytest.fixture(scope='module')
def workplace(tmp_path_factory):
    """A folder with data where the toy config looks for them."""
    folder = tmp_path_factory.mktemp('workplace')
    write_msvd_qa(
        str(folder / 'data' / 'toy' / 'msvd_qa'),
        sizes=dict(train=12, val=3, test=3))
    return folder


def run(cwd, script, *args, start=False):
    env = environment(ROOT, cwd, OMP_NUM_THREADS='1')
    if start:
        return subprocess.Popen(
            [sys.executable, '-W', 'ignore', str(script), *map(str, args)],
            cwd=cwd, env=env, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
    imported = STOCK_ONLY if STOCK in script.parents else EVERYTHING
    return run_script(script, *args, cwd=cwd, env=env, imported=imported)


def test_environment_is_described(tmp_path):
    result = run(tmp_path, ROOT / 'tools' / 'collect_env.py')
    assert result.returncode == 0, result.stderr
    lines = dict(line.split(': ', 1) for line in result.stdout.splitlines()
                 if ': ' in line)
    assert torch.__version__.startswith(lines['torch'])  # ... +cu121
    assert lines['meltr_mm'].endswith(str(ROOT / 'meltr_mm'))
    assert 'drn_stub' in lines['meltr_mm shims']
    assert {'mmaction2', 'opencv-python', 'PyTorch', 'Python'} <= set(lines)


@pytest.fixture(scope='module')
def killed_run(workplace):
    """A run that was killed with SIGKILL in its second epoch."""
    process = run(
        workplace, ROOT / 'tools' / 'train.py', CONFIG, '--work-dir', 'work',
        '--cfg-options', *OPTIONS, 'optim_wrapper.interval=2', start=True)
    output = []
    for line in process.stdout:
        output.append(line)
        if 'Epoch(train) [2][2/' in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait(timeout=60) == -signal.SIGKILL, ''.join(output)[-3000:]
    return workplace / 'work'


def test_resume_after_sigkill(workplace, killed_run):
    """MELTR, both optimisers and the counters are those that were saved, and
    the run ends; `last_checkpoint` never names a file that is not whole."""
    last = Path((killed_run / 'last_checkpoint').read_text().strip())
    assert last.name == 'epoch_1.pth'
    saved = torch.load(workplace / last, weights_only=True)
    aid = saved['optimizer']['aid']
    updates = aid['updates']
    assert updates > 0 and aid['meta_steps'] == updates // 2
    moments = aid['meta_optimizer']['state'][0]
    assert moments['step'] == aid['meta_steps']
    assert moments['exp_avg'].abs().sum() > 0

    (workplace / 'dump_hook.py').write_text(
        'import torch\n'
        'from mmengine.hooks import Hook\n'
        'from mmengine.registry import HOOKS\n'
        '@HOOKS.register_module()\n'
        'class DumpHook(Hook):\n'
        '    def before_train(self, runner):\n'
        '        torch.save(dict(state_dict=runner.model.state_dict(),\n'
        '            optimizer=runner.optim_wrapper.state_dict()),\n'
        "            'resumed.pth')\n")
    config = workplace / 'dumping.py'
    config.write_text(
        f"_base_ = '{CONFIG}'\n"
        "custom_imports = dict(imports=['meltr_mm', 'dump_hook'],\n"
        '                      allow_failed_imports=False)\n'
        "custom_hooks = [dict(type='DumpHook')]\n")
    result = run(
        workplace, ROOT / 'tools' / 'train.py', config, '--work-dir', 'work',
        '--resume', '--cfg-options', 'train_cfg.max_epochs=2',
        'optim_wrapper.interval=2', *OPTIONS)
    assert result.returncode == 0, result.stderr[-3000:]
    assert 'resumed epoch: 1' in result.stdout + result.stderr
    resumed = torch.load(workplace / 'resumed.pth', weights_only=True)
    torch.testing.assert_close(
        dict(resumed['state_dict']), dict(saved['state_dict']),
        rtol=0, atol=0)
    states = [resumed['optimizer'], saved['optimizer']]
    estimators = [state['aid'].pop('estimator') for state in states]
    assert estimators[0] == estimators[1] == 'jvp'
    tasks = [state['aid'].pop('tasks') for state in states]
    assert tasks[0] == tasks[1]
    assert tasks[0]['primary'] == 'loss_qa' in tasks[0]['losses']
    assert len(saved['optimizer']['aid'].pop('generators')) == 1
    torch.testing.assert_close(*states, rtol=0, atol=0)
    end = torch.load(killed_run / 'epoch_2.pth', weights_only=True)
    assert end['optimizer']['aid']['updates'] == 2 * updates


def test_log_and_pictures(killed_run):
    scalars = [json.loads(line)
               for file in killed_run.glob('*/vis_data/scalars.json')
               for line in file.read_text().splitlines()]
    keys = set().union(*scalars)
    tasks = ('loss_qa', 'loss_mtm', 'loss_mvm')
    assert {'lr', 'meta_lr', 'loss', *tasks,
            *(f'weight/{t}' for t in tasks), 'meta_objective',
            'qa/accuracy', 'qa/chance', 'qa/majority'} <= keys
    assert (killed_run / 'task_weights.png').stat().st_size > 10000


def test_stock_scripts_run_our_config(workplace, killed_run):
    """The scripts inside the installed MMAction2, unchanged; the accuracy of
    a checkpoint is the one that the log shows."""
    result = run(
        workplace, STOCK / 'train.py', CONFIG, '--work-dir', 'stock',
        '--cfg-options', 'train_cfg.max_epochs=1', *OPTIONS)
    assert result.returncode == 0, result.stderr[-3000:]
    logged = re.findall(r'qa/accuracy: ([\d.]+)',
                        result.stdout + result.stderr)
    checkpoint = (workplace / 'stock' / 'last_checkpoint').read_text().strip()
    for script in (STOCK / 'test.py', ROOT / 'tools' / 'test.py'):
        tested = run(workplace, script, CONFIG, checkpoint, '--work-dir',
                     'tested', '--cfg-options',
                     'test_dataloader.dataset.split=val')
        assert tested.returncode == 0, tested.stderr[-3000:]
        assert re.findall(r'qa/accuracy: ([\d.]+)', tested.stdout
                          + tested.stderr)[-1] == logged[-1]


def last_line(result):
    assert result.returncode != 0
    return result.stderr.strip().splitlines()[-1]


def test_missing_data_is_one_clear_error(tmp_path):
    message = last_line(run(tmp_path, ROOT / 'tools' / 'train.py', CONFIG))
    assert 'data/toy/msvd_qa' in message
    assert 'make_toyworld' in message or 'data_root' in message


def test_wrong_loss_name_is_one_clear_error(workplace):
    result = run(
        workplace, ROOT / 'tools' / 'train.py', CONFIG, '--work-dir', 'wrong',
        '--cfg-options', 'model.losses=[loss_qa,loss_vtn]', *OPTIONS)
    message = last_line(result)
    assert '`losses` of MELTRWrapper' in message
    assert "Did you mean 'loss_vtm'?" in message
    for name in ('loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm'):
        assert name in message


def test_checkpoint_of_another_model_is_one_clear_error(workplace):
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.zeros(3)}),
               workplace / 'other.pth')
    message = last_line(run(
        workplace, ROOT / 'tools' / 'test.py', CONFIG, 'other.pth'))
    assert 'only 0 of the' in message
    assert 'backbone.conv1.weight' in message and 'Violet' in message


def test_help_is_that_of_the_stock_script(tmp_path):
    ours = run(tmp_path, ROOT / 'tools' / 'train.py', '--help')
    assert ours.returncode == 0 and '--cfg-options' in ours.stdout


def test_summary(workplace, killed_run):
    script = ROOT / 'tools' / 'analysis' / 'summarize_run.py'
    missing = run(workplace, script, 'nowhere')
    assert missing.returncode != 0 and 'tools/test.py' in missing.stderr
    folder = killed_run / 'test' / '20260101_000000'
    folder.mkdir(parents=True)
    (folder / f'{folder.name}.json').write_text(json.dumps({
        'qa/accuracy': 61.5, 'qa/chance': 7.1, 'qa/majority': 12.0,
        'sentiment/MAE': 1.25, 'data_time': 0.1, 'time': 0.2}))
    time.sleep(0.01)
    result = run(workplace, script, 'work')
    assert result.returncode == 0, result.stderr
    for text in ('qa/accuracy', '61.50', 'qa/majority', '12.00',
                 'sentiment/MAE', '1.25', 'task_weights.png', 'epoch_'):
        assert text in result.stdout
