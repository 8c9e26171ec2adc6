"""Files of torch.save, honest and hostile, by both unpicklers."""
import collections
import os
import pickle
import random
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from hostile import Runs
from mmengine.logging import HistoryBuffer

from meltr_mm import safe_checkpoints
from meltr_mm.pickled_arrays import MAKERS, RefusedFileError
from meltr_mm.safe_checkpoints import (
    WeightsUnpickler,
    load_from_local,
    load_torch_file,
    names_in,
)


@pytest.fixture(params=[False, True], ids=['torch', 'ours'])
def unpickler(request, monkeypatch):
    """torch's own, and the one that takes its place before torch 2.6."""
    if request.param:
        monkeypatch.setattr(safe_checkpoints, '_TORCH_IS_TOLD', False)
        monkeypatch.setattr(torch._weights_only_unpickler, 'Unpickler',
                            WeightsUnpickler)
    elif not safe_checkpoints._TORCH_IS_TOLD:
        pytest.skip('this torch has no other')


@pytest.fixture(params=[True, False], ids=['zip', 'legacy'])
def save(request, tmp_path):

    def write(content):
        torch.save(content, tmp_path / 'x.pth',
                   _use_new_zipfile_serialization=request.param)
        return str(tmp_path / 'x.pth')

    return write


class Asks:

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_what_a_run_writes_is_read(unpickler, save):
    history = HistoryBuffer()
    history.update(.5)
    history.update(1.5)
    content = dict(
        state_dict=collections.OrderedDict(
            w=torch.arange(4.), h=torch.zeros(2, dtype=torch.bfloat16),
            b=torch.ones(1, dtype=torch.bool),
            p=torch.nn.Parameter(torch.ones(2))),
        message_hub=dict(log_scalars={'train/loss': history},
                         runtime_info=dict(number=np.float64(2))),
        optimizer=dict(state={0: dict(step=1)}),
        param_schedulers=[dict(milestones=collections.Counter([4, 8]))],
        others=[{1, 2}, torch.device('cpu'), torch.uint8],
        meta=dict(epoch=1, dataset_meta=dict(vocab=('a', ), none=None,
                                             sizes=np.arange(3),
                                             empty=np.zeros(0))))
    made = load_torch_file(save(content))
    assert list(made['state_dict']) == ['w', 'h', 'b', 'p']
    assert made['state_dict']['w'].tolist() == [0, 1, 2, 3]
    assert made['state_dict']['h'].dtype == torch.bfloat16
    assert made['param_schedulers'] == content['param_schedulers']
    assert made['others'] == content['others']
    sizes = made['meta']['dataset_meta']['sizes']
    assert type(sizes) is np.ndarray and sizes.tolist() == [0, 1, 2]
    assert made['meta']['dataset_meta']['empty'].shape == (0, )
    history = made['message_hub']['log_scalars']['train/loss']
    assert isinstance(history, HistoryBuffer) and history.mean() == 1
    history.update(2.5)
    assert history.max() == 2.5 and history.statistics('mean') == 1.5
    # And from a checkpoint of it.
    assert load_torch_file(save(dict(h=history)))['h'].max() == 2.5


@pytest.mark.parametrize('content, message', [
    (lambda folder: Runs(folder), r'asks for posix\.system'),
    (lambda folder: dict(a=[Runs(folder)]), r'asks for posix\.system'),
    (lambda folder: Asks(eval, ('1', )), r'asks for builtins\.eval'),
    (lambda folder: torch.load, r'asks for torch\.serialization\.load'),
    (lambda folder: torch.nn.Linear(1, 1),
     r'asks for torch\.nn\.modules\.linear\.Linear'),
    (lambda folder: Asks(getattr, (torch.Tensor, 'tofile')),
     "public attributes of HistoryBuffer, but .* asks for 'tofile'"),
    (lambda folder: Asks(getattr, (HistoryBuffer, '__class__')),
     "public attributes of HistoryBuffer, but .* asks for '__class__'"),
    (lambda folder: Asks(np.ndarray, ((10**15, ), )),
     'an array must come with its data'),
])
def test_anything_else_is_refused(unpickler, save, content, message,
                                  tmp_path):
    path = save(content(tmp_path))
    with pytest.raises(RefusedFileError,
                       match=rf'x\.pth: refused: .*{message}') as error:
        load_torch_file(path)
    assert '\n' not in str(error.value)
    assert 'weights_only' not in str(error.value)
    assert not (tmp_path / 'marker').exists()


@pytest.mark.parametrize('protocol', [2, 4])
def test_a_pickle_that_is_no_checkpoint_is_named_as_well(protocol, tmp_path):
    (tmp_path / 'x.pth').write_bytes(
        pickle.dumps(Runs(tmp_path), protocol=protocol))
    with pytest.raises(RefusedFileError, match=r'asks for posix\.system'):
        load_torch_file(tmp_path / 'x.pth')
    assert not (tmp_path / 'marker').exists()


def test_what_the_allow_list_holds_makes_no_arrays_of_a_shape():
    """No constructor of numpy is in it, and none of its functions."""
    if not safe_checkpoints._TORCH_IS_TOLD:
        pytest.skip('this torch has no list to add to')
    safe_checkpoints.allow_histories()
    listed = dict(reversed(item) for item in
                  torch.serialization.get_safe_globals()
                  if isinstance(item, tuple))
    assert set(MAKERS) <= set(listed)
    for name, maker in listed.items():
        assert maker.__module__.startswith(('meltr_mm.', 'mmengine.')), name


def test_programs_of_torchscript_are_refused(tmp_path):
    """torch before 2.6 runs them, though it is asked for weights only."""
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), tmp_path / 'x.pth')
    with pytest.raises(RefusedFileError, match='program of TorchScript'):
        load_torch_file(tmp_path / 'x.pth')
    with tarfile.open(tmp_path / 'y.pth', 'w') as archive:
        archive.add(tmp_path / 'x.pth', 'pickle')
    with pytest.raises(RefusedFileError, match='archive of torch before 0.4'):
        load_torch_file(tmp_path / 'y.pth')


@pytest.mark.parametrize('content', [b'', b'no weights', b'PK\3\4', b'\x80'])
def test_other_files(content, tmp_path):
    path = tmp_path / 'x.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'x\.pth: cannot be read as') as e:
        load_torch_file(path)
    assert not isinstance(e.value, RefusedFileError)
    assert 'weights_only' not in str(e.value)
    with pytest.raises(FileNotFoundError, match='there is no such file'):
        load_torch_file(tmp_path)


def test_cut_short(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(w=torch.zeros(1000)), path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r'x\.pth: cannot be read as'):
        load_torch_file(path)


class Shell:
    """Stands for a class of another package."""


def test_shells(unpickler, save):
    path = save(dict(a=own(), b=torch.ones(1)))
    with pytest.raises(RefusedFileError, match=r'asks for .*Own'):
        load_torch_file(path)
    name, = (name for name in names_in(path) if name.endswith('Own'))
    made = load_torch_file(path, shells={name: Shell})
    assert type(made['a']) is Shell and made['a'].x == 3
    with pytest.raises(RefusedFileError, match=r'asks for .*Own'):
        load_torch_file(path)


class Own:
    x = 3


def own():
    made = Own()
    made.x = 3
    return made


def test_steps_that_torch_never_writes(tmp_path, unpickler):
    for number, text in enumerate((
            b'(i' + b'os\nsystem\n.',  # INST
            b'cposix\nsystem\n(S"true"\ntR.',
            b'ccollections\nOrderedDict\n(N}S"a"\nI1\nstb.',  # of the class
    )):
        path = tmp_path / f'{number}.pth'
        path.write_bytes(text)
        with pytest.raises(ValueError, match='refused|cannot be read'):
            load_torch_file(path)
    assert not hasattr(collections.OrderedDict, 'a')


def test_the_config_of_mmcv_1_is_left_out(tmp_path):
    torch.save(dict(meta=dict(config='import os', epoch=3)),
               tmp_path / 'x.pth')
    assert load_from_local(str(tmp_path / 'x.pth'))['meta'] == dict(epoch=3)
    torch.save([1], tmp_path / 'x.pth')
    assert load_from_local(str(tmp_path / 'x.pth')) == [1]
    with pytest.raises(FileNotFoundError):
        load_from_local(os.path.join('~', 'no such file'))


def test_damaged_checkpoints_end_in_a_sentence(tmp_path, unpickler):
    """Whatever a byte is changed to, there is no other kind of error."""
    history = HistoryBuffer()
    history.update(1.)
    torch.save(dict(state_dict=dict(w=torch.arange(4.)), h=history,
                    n=np.float64(3), a=np.array(['x', 'yz'])),
               tmp_path / 'x.pth')
    with zipfile.ZipFile(tmp_path / 'x.pth') as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    pickled, = (name for name in parts if name.endswith('data.pkl'))
    whole, draw, outcomes = parts[pickled], random.Random(0), set()
    for _ in range(150):
        damaged = bytearray(whole)
        place = draw.randrange(len(whole))
        damaged[place:place + draw.randrange(3)] = draw.choice(
            [b'R', b'b', b'c', b'\x85', b'K\xff', bytes(2)])
        parts[pickled] = bytes(damaged)
        with zipfile.ZipFile(tmp_path / 'x.pth', 'w') as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        try:
            load_torch_file(tmp_path / 'x.pth')
            outcomes.add('read')
        except ValueError as error:
            assert '\n' not in str(error)
            outcomes.add(type(error))
    assert outcomes == {'read', ValueError, RefusedFileError}
