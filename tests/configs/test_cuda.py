"""A GPU trains as the CPU does: each model's losses, MELTR and the meta step.
"""
import copy

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from toy_configs import tiny_config
from zip_equal import zip_equal


class CommonStart(Hook):
    """The same weights on each device, and no dropout: they draw differently.
    """
    state = None

    def before_train(self, runner):
        if self.state is None:
            self.state = copy.deepcopy(runner.model.state_dict())
        runner.model.load_state_dict(self.state)
        for module in runner.model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.
            elif isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.


def trained(cfg, device, start, monkeypatch):
    """The losses of three updates, and all parameters after them."""
    monkeypatch.setattr('mmengine.runner.runner.get_device', lambda: device)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(start)
    runner.train()
    assert next(runner.model.parameters()).device.type == device
    assert runner.optim_wrapper.meta_steps == 1
    scalars = runner.message_hub.log_scalars
    return ([torch.from_numpy(scalars[f'train/{key}'].data[0])
             for key in ('loss', *cfg.model.losses)],
            {name: parameter.detach().cpu()
             for name, parameter in runner.model.named_parameters()})


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('name', [
    'univl_youcook2_retrieval', 'univl_msrvtt_captioning', 'univl_mosi',
    'violet_tgif_action', 'violet_msrvtt9k_retrieval',
    'all_in_one_tgif_action', 'all_in_one_msrvtt9k_retrieval'
])
def test_steps_equal_those_of_the_cpu(name, roots, tmp_path, monkeypatch):
    # METEOR takes seconds to start.
    monkeypatch.setattr('shutil.which', lambda name: None)
    monkeypatch.setattr('torch.backends.cudnn.allow_tf32', False)
    start, results = CommonStart(), []
    for device in ('cpu', 'cuda'):
        cfg = tiny_config(name, roots, tmp_path / device)
        cfg.model.meltr.dropout = 0.
        # Adam would turn rounding into whole steps where a gradient is 0.
        for optimizer in ('optimizer', 'meta_optimizer'):
            cfg.optim_wrapper[optimizer] = dict(
                type='SGD', lr=0.01, weight_decay=0.01)
        cfg.experiment_name = f'{name}_{device}'
        results.append(trained(cfg, device, start, monkeypatch))
    (losses, params), (gpu_losses, gpu_params) = results
    for a, b in zip_equal(losses, gpu_losses):
        torch.testing.assert_close(b, a, rtol=1e-3, atol=1e-4)
    for key, value in params.items():
        torch.testing.assert_close(
            gpu_params[key], value, rtol=1e-3, atol=2e-5,
            msg=lambda text, key=key: f'{key}: {text}')
