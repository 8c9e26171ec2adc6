"""Every component that a config sets up, with what it is used for."""
import copy
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict

import torch
from mmengine.optim import build_optim_wrapper

from meltr_mm import datasets, meltr
from meltr_mm.datasets import transforms
from meltr_mm.inverse_hessian import ConjugateGradient, Neumann

sys.path.insert(0, str(Path(__file__).parents[1] / 'meltr'))
from shared_trunk import TASKS, SharedTrunk, batch  # noqa: E402


@dataclass
class Options:
    """One component.

    Args:
        build (Callable): Takes the options.
        options (dict): Valid ones.
        use (Callable, optional): Does with it what a training does.
    """
    build: Callable
    options: Dict[str, Any] = field(default_factory=dict)
    use: Callable = lambda built: None


def use_history(history):
    for number in range(4):
        history.append([dict(inputs=number)])
        history.draw()


def wrap(**options):
    return meltr.MELTRWrapper(**dict(
        dict(model=SharedTrunk(), meltr=dict(
            type='MELTR', hidden_dims=(4, 8), feedforward_dim=8,
            num_heads=2, dropout=0.), losses=list(TASKS), primary=TASKS[0]),
        **options))


def optim_wrapper(**options):
    model = wrap()
    return model, build_optim_wrapper(model, dict(dict(
        type='AIDOptimWrapper', constructor='AIDOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=0.05),
        meta_optimizer=dict(type='SGD', lr=0.5)), **options))


def train(pair):
    model, wrapper = pair
    for number in range(3):
        model.train_step(batch(number, dtype=torch.float32), wrapper)


def solve(component):
    component(lambda v: [2 * t for t in v], [torch.ones(2), torch.ones(3)])


CASES = dict(
    BatchHistory=Options(
        meltr.BatchHistory, dict(capacity=2, eviction='fifo', seed=1),
        use_history),
    MELTR=Options(
        meltr.MELTR,
        dict(num_tasks=2, hidden_dims=(4, 8), feedforward_dim=8, num_heads=2,
             dropout=0.1),
        lambda built: built(torch.ones(built.num_tasks)).backward()),
    MELTRWrapper=Options(
        wrap, dict(losses=list(TASKS), primary=TASKS[1], sync_losses=True,
                   model=SharedTrunk(), meltr=dict(type='MELTR')),
        lambda built: built.parse_losses(
            built(**batch(0, dtype=torch.float32), mode='loss'))),
    AIDOptimWrapper=Options(
        optim_wrapper,
        dict(estimator='vjp', gamma=0.1, direct_regulariser=True, interval=1,
             begin=1, max_skips=3, recheck=100,
             meta_clip_grad=dict(max_norm=1.), history=dict(capacity=3),
             inverse_hessian=dict(type='Neumann', terms=1)), train),
    Neumann=Options(Neumann, dict(terms=2, lr=0.1), solve),
    ConjugateGradient=Options(
        ConjugateGradient, dict(iters=2, damping=0.1, tolerance=1e-6), solve),
)


def all_cases(toy):
    """All cases, those that read toy data sets too.

    Args:
        toy (dict[str, Path]): Folders by name.
    """
    def build(kind, **options):
        return Options(getattr(datasets, kind), options, len)

    msvd = dict(data_root=str(toy['msvd_qa']), ann_file='txt_msvd-qa.json',
                split='train', data_prefix=dict(video='videos'),
                video_suffix='.mp4')
    features = toy['feature']
    cases = dict(
        MSVDQADataset=build(
            'MSVDQADataset', **msvd, vocab_size=5,
            question_types=dict(what='^what'), mapping_file='x.txt'),
        SeededSplit=build(
            'SeededSplit', dataset=dict(type='MSVDQADataset', **msvd),
            part='train', fraction=0.3, seed=0, group_by='video'),
        CMUMOSIDataset=build(
            'CMUMOSIDataset', data_root=str(features / 'cmu_mosi'),
            ann_file='unaligned_50.pkl', split='train'),
        YouCook2Dataset=build(
            'YouCook2Dataset', data_root=str(features / 'youcook2'),
            ann_file='youcookii_val.csv',
            data_file='youcookii_data.transcript.pickle',
            encoder_text='transcript'),
        MSRVTTFeatureDataset=build(
            'MSRVTTFeatureDataset',
            data_root=str(features / 'msrvtt_feature'),
            ann_file='MSRVTT_data.json', split='train_9k',
            csv_file='MSRVTT_train.9k.csv', encoder_text='caption',
            references='first', samples='captions'),
        LoadVideoFeatures=Options(
            transforms.LoadVideoFeatures,
            dict(feature_file=str(features / 'cmu_mosi'
                                  / 'mosi_s3d_features.pickle'),
                 max_frames=4, feature_dim=64, rate=1.)),
        LoadVQCodes=Options(
            transforms.LoadVQCodes,
            dict(vq_file=str(toy['msvd_qa'] / 'msvd_vq.pkl'), num_codes=64,
                 cell=32)),
    )
    return dict(CASES, **cases)


def change(options, name, value):
    """Valid options with another value for one."""
    options = {k: v if isinstance(v, torch.nn.Module) else copy.deepcopy(v)
               for k, v in options.items()}
    options[name] = copy.deepcopy(value)
    return options
