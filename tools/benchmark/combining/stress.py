"""R3: problems in which something is wrong with the losses.

Classification of 200 samples by a small network. A hidden code z of six
numbers makes the inputs, and decides the class through features of it; more
losses share the trunk:

* related: predicts those features, from which the class is read off;
* harmful: teaches the classifier other classes;
* noise: fits random numbers, which costs capacity;
* ignorable: trains parameters of its own.
"""
from typing import Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS
from torch import Tensor, nn
from torch.nn import functional as F

CODE, INPUTS, FEATURES, CLASSES, WIDTH = 6, 40, 12, 8, 16
TRAIN, TEST, UPDATES = 200, 1000, 400
# Cell: share of wrong primary labels, and the other losses (kind, scale).
CELLS: Dict[str, Tuple[float, List[Tuple[str, float]]]] = {
    'stress_wrong_labels': (0.4, [('related', 1)]),
    'stress_harmful': (0.2, [('related', 1), ('harmful', 1)]),
    'stress_noise': (0.2, [('related', 1), ('noise', 5), ('noise', 5)]),
    'stress_ignorable': (0.2, [('related', 1), ('ignorable', 1)]),
    'stress_scales': (0.2, [('related', 0.01), ('noise', 100)]),
    'stress_twelve': (0.2, [
        ('related', 1), ('related', 0.1), ('related', 10), ('harmful', 1),
        ('harmful', 1), ('noise', 1), ('noise', 10), ('noise', 0.1),
        ('noise', 1), ('ignorable', 1), ('ignorable', 10)]),
}


def names(cell: str) -> List[str]:
    """Names of a cell's losses, the primary one first."""
    return ['loss_class'] + [
        f'loss_{kind}_{index}'
        for index, (kind, _) in enumerate(CELLS[cell][1])]


@DATASETS.register_module()
class StressSamples(torch.utils.data.Dataset):
    """Samples of a cell, drawn from its world.

    Args:
        cell (str): A key of ``CELLS``.
        world_seed (int): Decides functions, samples and noise.
        test (bool): The test samples, with the right classes.
    """

    def __init__(self, cell: str, world_seed: int, test: bool = False
                 ) -> None:
        wrong, others = CELLS[cell]
        generator = torch.Generator().manual_seed(world_seed)

        def normal(*shape):
            return torch.randn(*shape, generator=generator)

        mix = normal(CODE, INPUTS)
        unmix = normal(INPUTS, INPUTS) / INPUTS**0.5
        inner = 1.5 * normal(CODE, FEATURES) / CODE**0.5
        outer = normal(FEATURES, CLASSES)
        # The samples come after the functions, so that test samples obey
        # those of the training samples.
        count = TRAIN + TEST
        code = normal(count, CODE)
        self.inputs = torch.tanh(code @ mix / 2) @ unmix + 0.5 * normal(
            count, INPUTS)
        features = torch.tanh(code @ inner)
        scores = features @ outer
        classes = (scores - scores.mean(0)).argmax(-1)
        self.targets = {'loss_class': torch.where(
            torch.rand(count, generator=generator) < (0 if test else wrong),
            torch.randint(CLASSES, (count, ), generator=generator), classes)}
        for name, (kind, _) in zip(names(cell)[1:], others):
            if kind == 'harmful':
                order = torch.randperm(CLASSES, generator=generator)
                self.targets[name] = order[classes]
            elif kind == 'related':
                self.targets[name] = features + 0.3 * normal(count, FEATURES)
            else:
                self.targets[name] = normal(count, FEATURES)
        self.rows = range(TRAIN, count) if test else range(TRAIN)

    def full_init(self) -> None:
        """Nothing to be read."""

    def get_data_info(self, idx: int) -> dict:
        """What SeededSplit groups by."""
        return dict(sample_idx=idx)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, idx: int) -> dict:
        row = self.rows[idx]
        return dict(inputs=self.inputs[row],
                    targets={k: v[row] for k, v in self.targets.items()})


@MODELS.register_module()
class StressModel(BaseModel):
    """A trunk of two layers, and a head per loss.

    Args:
        cell (str): A key of ``CELLS``.
    """

    def __init__(self, cell: str) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(INPUTS, WIDTH), nn.Tanh(), nn.Linear(WIDTH, WIDTH),
            nn.Tanh())
        self.classifier = nn.Linear(WIDTH, CLASSES)
        kinds = ['class'] + [kind for kind, _ in CELLS[cell][1]]
        scales = [1.] + [scale for _, scale in CELLS[cell][1]]
        self.kinds = dict(zip(names(cell), kinds))
        self.scales = dict(zip(names(cell), scales))
        self.heads = nn.ModuleDict({
            name: nn.Linear(INPUTS if kind == 'ignorable' else WIDTH,
                            FEATURES)
            for name, kind in self.kinds.items()
            if kind not in ('class', 'harmful')})

    def forward(self, inputs: Tensor, targets: Dict[str, Tensor],
                mode: str = 'tensor',
                losses: Optional[Sequence[str]] = None
                ) -> Union[Dict[str, Tensor], List[Tensor]]:
        """Losses by name, or for each sample whether it is right."""
        hidden = self.trunk(inputs)
        if mode != 'loss':
            return list(self.classifier(hidden).argmax(-1)
                        == targets['loss_class'])
        return {name: self.scales[name] * self._loss(
            name, inputs, hidden, targets[name])
            for name in losses or self.kinds}

    def _loss(self, name: str, inputs: Tensor, hidden: Tensor,
              target: Tensor) -> Tensor:
        kind = self.kinds[name]
        if kind in ('class', 'harmful'):
            return F.cross_entropy(self.classifier(hidden), target)
        source = inputs if kind == 'ignorable' else hidden
        return F.mse_loss(self.heads[name](source), target)


@METRICS.register_module()
class StressAccuracy(BaseMetric):
    """Share of right answers, in percent."""

    def process(self, data_batch: dict, data_samples: List[Tensor]) -> None:
        """Note the answers of a batch."""
        self.results += [float(right) for right in data_samples]

    def compute_metrics(self, results: List[float]) -> Dict[str, float]:
        """The share."""
        return dict(accuracy=100 * sum(results) / len(results))


def config(cell: str, world_seed: int) -> Config:
    """The config of a cell, as a user would write one.

    Args:
        cell (str): A key of ``CELLS``.
        world_seed (int): The world that the samples are from.

    Returns:
        Config: With MELTR in its default form.
    """
    samples = dict(
        type='StressSamples', cell=cell, world_seed=world_seed)
    loader = dict(
        batch_size=32, num_workers=0, drop_last=True, dataset=samples,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='InfiniteSampler', shuffle=True))
    return Config(dict(
        default_scope='mmaction',
        model=dict(
            type='MELTRWrapper',
            model=dict(type='StressModel', cell=cell),
            losses=names(cell), primary='loss_class',
            meltr=dict(type='MELTR', hidden_dims=(32, 64),
                       feedforward_dim=128, dropout=0., start='sum',
                       scale_losses=True, normalise=True)),
        optim_wrapper=dict(
            type='AIDOptimWrapper', constructor='AIDOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=3e-3, weight_decay=0.01),
            meta_optimizer=dict(type='Adam', lr=1e-2),
            inverse_hessian=dict(type='AdamPreconditioner'),
            gamma=0., interval=10),
        train_dataloader=loader,
        test_dataloader=dict(
            batch_size=500, num_workers=0,
            dataset=dict(samples, test=True),
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=UPDATES,
                       val_interval=10**9),
        param_scheduler=dict(type='CosineAnnealingLR', by_epoch=False,
                             T_max=UPDATES, eta_min_ratio=0.05),
        test_cfg=dict(type='TestLoop'),
        test_evaluator=dict(type='StressAccuracy')))
