"""The network of UniVL's features; its numbers are held by parity_checks."""
import pytest
import torch
import torch.nn.functional as F

from meltr_mm.models.univl.s3dg import (
    S3DG,
    _MaxPool,
    load_s3dg,
    s3dg_from_howto100m,
)


@pytest.fixture(scope='module')
def published():
    """A file like s3d_howto100m.pth."""
    torch.manual_seed(0)
    weights = {key: value for key, value in S3DG().state_dict().items()
               if not key.endswith('num_batches_tracked')}
    return {**weights, 'fc.weight': torch.zeros(512, 1024),
            'fc.bias': torch.zeros(512),
            'text_module.word_embd.weight': torch.zeros(9, 300)}


def old(weights):
    """Names of an older file of the same weights."""
    named = {}
    for key, value in weights.items():
        if '.bn' in key:
            key = key.replace('.weight', '.gamma').replace('.bias', '.beta')
        named[f'module.s3dg.{key}'] = value
    return named


def test_published_and_old_files(published):
    model, again = load_s3dg(published), load_s3dg(old(published))
    clips = torch.rand(1, 3, 4, 32, 48)
    with torch.no_grad():
        features = model(clips)
        assert features.shape == (1, 1024)
        assert torch.equal(features, again(clips))
    assert not model.training
    for key, value in model.state_dict().items():
        if not key.endswith('num_batches_tracked'):
            assert torch.equal(value, published[key])


def test_other_files_are_named(published):
    published = dict(published)
    published['mixed_6a.conv_b0.conv1.weight'] = torch.zeros(1)
    del published['mixed_5c.gating_b3.fc.bias']
    published['gating.fc.bias'] = torch.zeros(191)
    with pytest.raises(ValueError) as caught:
        load_s3dg(published)
    for word in ('1 missing: mixed_5c.gating_b3.fc.bias',
                 '1 unexpected: mixed_6a.conv_b0.conv1.weight',
                 'gating.fc.bias (191,) instead of (192,)'):
        assert word in str(caught.value)


@pytest.mark.parametrize('shape', [(1, 3, 3, 32, 32), (3, 4, 32, 32),
                                   (1, 1, 4, 32, 32), (1, 3, 4, 33, 32)])
def test_other_clips_are_refused(shape):
    with pytest.raises(ValueError, match='even T, H and W, but are'):
        S3DG()(torch.rand(shape))


def test_the_text_half_is_left_out(published):
    assert set(s3dg_from_howto100m(published)) == set(S3DG().state_dict())


@pytest.mark.parametrize('kernel, stride', [
    ((1, 3, 3), (1, 2, 2)), ((3, 3, 3), (2, 2, 2)), ((2, 2, 2), (2, 2, 2)),
    ((3, 3, 3), (1, 1, 1))])
def test_pooling_is_that_of_torch(kernel, stride):
    """Padded as TensorFlow does, the odd one at the far side."""
    padding = []
    for size, step in zip(reversed(kernel), reversed(stride)):
        total = max(size - step, 0)
        padding += [total // 2, total - total // 2]
    for sizes in ((4, 6, 8), (5, 7, 3), (1, 2, 9)):
        states = torch.rand(2, 3, *sizes)
        assert torch.equal(
            _MaxPool(kernel, stride)(states),
            F.max_pool3d(F.pad(states, padding), kernel, stride,
                         ceil_mode=True))
