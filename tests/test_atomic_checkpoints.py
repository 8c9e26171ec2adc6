"""Checkpoints are whole or not there, and a whole one is resumed from."""
import errno
import os
import stat

import pytest
import torch
from mmengine.fileio import get_file_backend, put, put_text
from mmengine.runner import runner as stock_runner
from mmengine.runner import save_checkpoint

from meltr_mm import atomic_checkpoints, compat

compat.apply_for_meltr()  # as a MELTRWrapper does


def test_stock_code_uses_it():
    assert isinstance(get_file_backend('x.pth'),
                      atomic_checkpoints.AtomicLocalBackend)
    assert stock_runner.find_latest_checkpoint is \
        atomic_checkpoints.find_whole_checkpoint


def test_writes_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / 'new' / 'file.txt'
    put_text('old, with an ä', path)
    assert path.read_text('utf-8') == 'old, with an ä'

    def refuse(*args):
        # All bytes are in the other file; the name still has the old ones.
        assert path.read_text('utf-8') == 'old, with an ä'
        assert path.with_name('file.txt.part').read_bytes() == b'new'
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, 'fsync', refuse)
        with pytest.raises(OSError, match=(
                'No space left')) as caught:
            put(b'new', path)
    assert caught.value.errno == errno.ENOSPC
    for text in (str(path), 'untouched', '--resume'):
        assert text in str(caught.value)
    assert os.listdir(path.parent) == ['file.txt']
    assert path.read_text('utf-8') == 'old, with an ä'
    put(b'new', path)
    assert path.read_bytes() == b'new'
    assert os.listdir(path.parent) == ['file.txt']


def test_two_processes_may_write_one_file_at_a_time(tmp_path, monkeypatch):
    """As all of a run do with its config."""
    path = tmp_path / 'config.py'
    with atomic_checkpoints._replacing(path, 'w') as file:
        file.write('a = 1')
        monkeypatch.setattr(atomic_checkpoints, 'get_rank', lambda: 1)
        put_text('a = 2', path)
        assert path.read_text() == 'a = 2'
    assert path.read_text() == 'a = 1'
    assert os.listdir(tmp_path) == ['config.py']


def test_links_devices_and_rights_are_as_before(tmp_path):
    put(b'1', tmp_path / 'file')
    plain = tmp_path / 'plain'
    plain.write_bytes(b'')
    assert stat.S_IMODE((tmp_path / 'file').stat().st_mode) == \
        stat.S_IMODE(plain.stat().st_mode)
    (tmp_path / 'link').symlink_to('file')
    put(b'2', tmp_path / 'link')
    assert (tmp_path / 'link').is_symlink()
    assert (tmp_path / 'file').read_bytes() == b'2'
    put(b'3', '/dev/null')
    assert stat.S_ISCHR(os.stat('/dev/null').st_mode)


@pytest.fixture
def work_dir(tmp_path):
    for epoch in (1, 2, 3):
        save_checkpoint(dict(epoch=torch.full((1000, ), epoch)),
                        str(tmp_path / f'epoch_{epoch}.pth'))
    save_checkpoint(dict(best=1), str(tmp_path / 'best_x_epoch_2.pth'))
    note(tmp_path, 'epoch_3.pth')
    return tmp_path


def note(folder, name):
    (folder / 'last_checkpoint').write_text(name and str(folder / name))


def found(folder):
    path = atomic_checkpoints.find_whole_checkpoint(str(folder))
    return path and os.path.relpath(path, folder)


def cut(path, keep):
    with open(path, 'r+b') as file:
        file.truncate(int(keep * path.stat().st_size))


@pytest.fixture
def warnings(monkeypatch):
    heard = []
    monkeypatch.setattr(atomic_checkpoints, 'print_log',
                        lambda message, *args: heard.append(message))
    return heard


def test_the_named_checkpoint_is_found(work_dir, warnings, tmp_path):
    assert found(work_dir) == 'epoch_3.pth'
    note(work_dir, 'epoch_2.pth')
    assert found(work_dir) == 'epoch_2.pth'
    assert not warnings
    (tmp_path / 'empty').mkdir()
    assert found(tmp_path / 'empty') is None


@pytest.mark.parametrize('keep', [0, 0.3, 0.999])
def test_half_a_checkpoint_is_passed_over(work_dir, warnings, keep):
    cut(work_dir / 'epoch_3.pth', keep)
    assert found(work_dir) == 'epoch_2.pth'
    assert 'epoch_3.pth is not whole' in warnings[0]
    assert 'epoch_2.pth' in warnings[0]


def test_damage_in_the_middle_is_found(work_dir, warnings):
    path = work_dir / 'epoch_3.pth'
    with open(path, 'r+b') as file:
        file.seek(path.stat().st_size // 2)
        file.write(b'\xff' * 64)
    assert found(work_dir) == 'epoch_2.pth'


def test_a_later_checkpoint_is_of_an_earlier_run(work_dir, warnings):
    note(work_dir, 'epoch_2.pth')
    cut(work_dir / 'epoch_2.pth', 0.5)
    assert found(work_dir) == 'epoch_1.pth'


@pytest.mark.parametrize('name', ['', 'gone', None])
def test_without_a_usable_note(work_dir, warnings, name):
    """Killed while the note was written, moved, or before the first note."""
    if name is None:
        (work_dir / 'last_checkpoint').unlink()
    elif name == 'gone':
        (work_dir / 'last_checkpoint').write_text('/elsewhere/epoch_3.pth')
    else:
        note(work_dir, name)
    assert found(work_dir) == 'epoch_3.pth'
    assert 'last_checkpoint' in warnings[0]


def test_nothing_whole_is_one_clear_error(work_dir, warnings):
    for epoch in (1, 2, 3):
        cut(work_dir / f'epoch_{epoch}.pth', 0.5)
    with pytest.raises(ValueError, match=(
            'epoch_3.pth: .*whole checkpoint.*--resume')):
        found(work_dir)


def test_a_checkpoint_on_a_server_is_resumed_as_mmengine_does(tmp_path):
    (tmp_path / 'last_checkpoint').write_text('s3://bucket/run/epoch_3.pth')
    assert atomic_checkpoints.find_whole_checkpoint(str(tmp_path)) == \
        's3://bucket/run/epoch_3.pth'
