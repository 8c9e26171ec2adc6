"""The README's lines in the default scope of any OpenMMLab library."""
import pytest
from aid_building import build
from mmengine.registry import HOOKS, MODELS, DefaultScope
from shared_trunk import TASKS, SharedTrunk, batch

SCOPES = ['mmaction', 'mmpretrain', 'mmdet', 'mmseg']


@pytest.mark.parametrize('scope', SCOPES)
def test_names_need_no_prefix(scope):
    with DefaultScope.overwrite_default_scope(scope):
        wrapper = MODELS.build(dict(
            type='MELTRWrapper', model=SharedTrunk().double(),
            losses=list(TASKS), primary=TASKS[0],
            meltr=dict(type='MELTR'))).double()
        optim_wrapper = build(wrapper, type='AmpAIDOptimWrapper',
                              dtype='bfloat16', optimizer=dict(
                                  type='AdamW', lr=1e-3))
        hooks = [HOOKS.build(dict(type=name)) for name in (
            'TaskWeightPlotHook', 'ResumeHook', 'ValidateOnResumeHook')]
    wrapper.float()
    wrapper.train_step(
        {k: v.float() for k, v in batch(0).items()}, optim_wrapper)
    assert optim_wrapper.meta_steps == 1
    assert len(hooks) == 3
