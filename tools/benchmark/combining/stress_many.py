"""The stress tests with many seeds at once.

A run of a stress test is bound by Python, not by arithmetic. Here S runs that
differ in their seeds are one: each tensor of the model, of the combiner and of
the optimisers has a leading axis S, and every line is that of AID with dual
batches as AIDOptimWrapper computes it. A test holds it equal to the product.

Shape legend: S runs, B samples, T losses.
"""
import time
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from meltr_mm.combiners import LearntWeights, UncertaintyWeights
from meltr_mm.meltr import MELTR
from meltr_mm.meltr.loss_transformer import SCALE_ITERATIONS

from . import methods, stress
from .methods import OFFICIAL_META_LR

Params = Dict[str, Tensor]
HEADS, HELD_OUT, BATCH, CAPACITY = 8, 0.2, 32, 10
LR, META_LR, DECAY = 3e-3, 1e-2, 0.01
# Those of stress.config.
SETTINGS = dict(start='sum', scale='1', normalise='1',
                hessian='project', gamma='0', meta='training', interval='10',
                meta_lr=str(META_LR), fraction=str(HELD_OUT),
                meta_batch=str(BATCH))


def supports(method: str) -> bool:
    """Whether a method is written down here."""
    name, options = methods.parse(method)
    return (name in ('primary', 'sum', 'scaled_sum', 'fading_sum', 'rlw',
                     'uncertainty', 'meltr', 'meltr_official',
                     'learnt_weights')
            or name.startswith('oracle')) and set(options) <= set(SETTINGS)


def stacked(modules: Sequence[torch.nn.Module]) -> Params:
    """Parameters of equal modules, one behind the other, (S, ...)."""
    named = [dict(module.named_parameters()) for module in modules]
    return {name: torch.stack([n[name].detach() for n in named])
            .requires_grad_() for name in named[0]}


def linear(params: Params, name: str, x: Tensor) -> Tensor:
    """A linear layer of each run, (S, N, in) -> (S, N, out)."""
    y = x @ params[f'{name}.weight'].mT
    bias = params.get(f'{name}.bias')
    return y if bias is None else y + bias.unsqueeze(1)


def task_losses(params: Params, model: stress.StressModel, inputs: Tensor,
                targets: Dict[str, Tensor], names: Sequence[str]) -> Tensor:
    """Losses (S, T) on a batch per run: inputs (S, B, I)."""
    hidden = torch.tanh(linear(params, 'trunk.0', inputs))
    hidden = torch.tanh(linear(params, 'trunk.2', hidden))
    values = []
    for name in names:
        kind, target = model.kinds[name], targets[name]
        if kind in ('class', 'harmful'):
            logits = linear(params, 'classifier', hidden)
            value = F.cross_entropy(
                logits.mT, target, reduction='none').mean(1)
        else:
            source = inputs if kind == 'ignorable' else hidden
            value = (linear(params, f'heads.{name}', source)
                     - target).square().mean((1, 2))
        values.append(model.scales[name] * value)
    return torch.stack(values, 1)


def meltr(phi: Params, losses: Tensor, base: Optional[Tensor]) -> Tensor:
    """M of each run, (S, T) -> (S,); see :class:`meltr_mm.meltr.MELTR`."""
    hidden = linear(phi, 'loss_fc1', losses.unsqueeze(-1)).relu()
    tokens = linear(phi, 'loss_fc2', hidden) + phi['task_embedding.weight']

    def norm(x, name):
        x = F.layer_norm(x, x.shape[-1:])
        return x * phi[f'encoder.{name}.weight'].unsqueeze(1) + phi[
            f'encoder.{name}.bias'].unsqueeze(1)

    qkv = tokens @ phi['encoder.self_attn.in_proj_weight'].mT + phi[
        'encoder.self_attn.in_proj_bias'].unsqueeze(1)
    runs, tasks, width = tokens.shape
    query, key, value = qkv.view(
        runs, tasks, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
    scores = query @ key.mT * (width // HEADS)**-0.5
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
    tokens = norm(
        tokens + linear(phi, 'encoder.self_attn.out_proj', mixed), 'norm1')
    inner = linear(phi, 'encoder.linear1', tokens).relu()
    tokens = norm(tokens + linear(phi, 'encoder.linear2', inner), 'norm2')
    total = linear(phi, 'fc1', tokens.mean(1, keepdim=True)).flatten()
    return total if base is None else total + losses @ base


class Runs:
    """S runs of one method on one cell.

    Args:
        cell (str): The cell.
        method (str): The method.
        seeds (Sequence[tuple[int, int]]): World seed and seed of each run.
        capacity (int): Batches of the history.
    """

    def __init__(self, cell: str, method: str,
                 seeds: Sequence[Tuple[int, int]],
                 capacity: int = CAPACITY) -> None:
        self.name, options = methods.parse(method)
        self.options = dict(SETTINGS, **options)
        self.capacity = capacity
        self.learns = self.name in ('meltr', 'meltr_official',
                                    'learnt_weights')
        if self.name == 'meltr_official':
            self.options.update(dict(
                start='random', scale='0', normalise='0',
                hessian='identity', gamma='0.1',
                meta='training', interval='3',
                meta_lr=str(OFFICIAL_META_LR)), **options)
        cfg = stress.config(cell, 0)
        self.names = list(cfg.model.losses)
        if self.name == 'primary':
            self.names = self.names[:1]
        worlds = {world: (stress.StressSamples(cell, world),
                          stress.StressSamples(cell, world, test=True))
                  for world in {world for world, _ in seeds}}
        train = [worlds[world][0] for world, _ in seeds]
        test = [worlds[world][1] for world, _ in seeds]
        self.inputs = torch.stack([w.inputs[:stress.TRAIN] for w in train])
        self.targets = {k: torch.stack([
            w.targets[k][:stress.TRAIN] for w in train])
            for k in train[0].targets}
        self.test_inputs = torch.stack(
            [w.inputs[stress.TRAIN:] for w in test])
        self.test_classes = torch.stack(
            [w.targets['loss_class'][stress.TRAIN:] for w in test])
        # One per run, so that it does not matter which others run with it.
        self.generators = [
            torch.Generator().manual_seed(1000 * world + seed)
            for world, seed in seeds]
        self.picks = torch.Generator().manual_seed(0)
        self.orders, models, combiners = [], [], []
        for world, seed in seeds:
            torch.manual_seed(1000 * world + seed)
            models.append(stress.StressModel(cell))
            combiners.append(self._combiner())
            self.orders.append(torch.randperm(stress.TRAIN))
        self.model = models[0]
        self.w = stacked(models)
        self.base = getattr(combiners[0], 'base', None)
        self.phi = stacked(combiners)
        self.held_out = int(
            float(self.options['fraction']) * stress.TRAIN)
        if not self.learns or self.options['meta'] == 'training':
            self.held_out = 0
        ordinary = {**self.w, **({} if self.learns else self.phi)}
        self.optimizer = torch.optim.AdamW(
            ordinary.values(), lr=LR, weight_decay=DECAY, foreach=True)
        self.meta_optimizer = torch.optim.Adam(
            self.phi.values(), lr=float(self.options['meta_lr']),
            foreach=True) if self.learns else None
        self.fixed = None
        if self.name.startswith('oracle'):
            self.fixed = torch.tensor(methods.oracle_weights(
                cfg, int(self.name.rpartition('_')[2])))
        # Mean losses of the first iterations, where losses are scaled.
        self.size = None
        scaled = self.name == 'meltr' and self.options['scale'] == '1'
        if self.name in ('scaled_sum', 'fading_sum') or scaled:
            self.size = torch.ones(len(seeds), len(self.names))
        # Of the absolute weights, where MELTR is normalised.
        self.weight_sum = None
        if self.name.startswith('meltr') and self.options['normalise'] == '1':
            self.weight_sum = 1 if self.options['start'] == 'primary' else \
                len(self.names)
        # Share of the losses but the primary one, where they fade.
        self.share = 1.
        self.history: List[tuple] = []
        self.trace: List[Tensor] = []

    def _combiner(self) -> torch.nn.Module:
        if self.name in ('meltr', 'meltr_official'):
            return MELTR(len(self.names), (32, 64), 128, dropout=0., primary=0,
                         start=self.options['start'])
        if self.name == 'learnt_weights':
            return LearntWeights(len(self.names))
        if self.name == 'uncertainty':
            return UncertaintyWeights(len(self.names))
        return torch.nn.Identity()

    # ------------------------------------------------------------- batches

    def draw(self, held_out: bool) -> Tensor:
        """Rows (S, B) of a batch, of the held-out or the other samples."""
        rows = []
        size = int(self.options['meta_batch']) if held_out else BATCH
        for order, generator in zip(self.orders, self.generators):
            order = order[:self.held_out] if held_out else \
                order[self.held_out:]
            rows.append(order[torch.randperm(
                len(order), generator=generator)[:size]])
        return torch.stack(rows)

    def batch(self, rows: Tensor) -> tuple:
        """The samples of rows (S, B)."""
        run = torch.arange(len(rows)).unsqueeze(1)
        return self.inputs[run, rows], {
            name: target[run, rows] for name, target in self.targets.items()}

    def losses(self, batch: tuple, params: Optional[Params] = None,
               names: Optional[Sequence[str]] = None) -> Tensor:
        """Losses (S, T)."""
        return task_losses(params or self.w, self.model, *batch,
                           names or self.names)

    # ------------------------------------------------------------- a step

    def total(self, losses: Tensor) -> Tensor:
        """M of each run, (S,)."""
        if self.size is not None:
            losses = losses / self.size
        if self.name == 'fading_sum':
            primary, others = losses[:, 0], losses[:, 1:].sum(1)
            return self.size[:, 0] * (primary + self.share * others)
        if self.name in ('meltr', 'meltr_official'):
            return meltr(self.phi, losses, self.base)
        if self.name == 'learnt_weights':
            return (F.softplus(self.phi['raw']) * losses).sum(1)
        if self.name == 'uncertainty':
            scale = self.phi['log_variance']
            return ((-scale).exp() * losses + scale / 2).sum(1)
        if self.name == 'rlw':
            draws = torch.stack([
                torch.randn(losses.shape[1], generator=generator)
                for generator in self.generators])
            return losses.shape[1] * (draws.softmax(1) * losses).sum(1)
        return losses.sum(1) if self.fixed is None else losses @ self.fixed

    def weights(self, losses: Tensor, graph: bool = False) -> tuple:
        """Losses as leaves, M and dM/dl."""
        losses = losses.detach().requires_grad_()
        total = self.total(losses)
        slopes, = torch.autograd.grad(
            total.sum(), losses, create_graph=graph)
        if self.weight_sum is not None:
            sizes = slopes if self.size is None else slopes * self.size
            slopes = slopes * (self.weight_sum / sizes.abs().sum(
                1, keepdim=True))
        return losses, total, slopes

    def step(self, rows: Tensor, update: int) -> None:
        """Train on a batch, and the combiner when it is time."""
        self.share = max(0., 1 - 2 * (update - 1) / stress.UPDATES)
        batch = self.batch(rows)
        losses = self.losses(batch)
        _, _, slopes = self.weights(losses)
        self.trace.append(slopes.detach())
        self.optimizer.zero_grad()
        if self.name == 'uncertainty':
            self.total(losses).sum().backward()
        else:
            (slopes.detach() * losses).sum().backward()
        self.optimizer.step()
        if self.size is not None and update <= SCALE_ITERATIONS:
            self.size += (losses.detach() - self.size) / update
        if self.learns and update % int(self.options['interval']) == 0:
            self.meta_step(batch)
        self.history = (self.history + [batch])[-self.capacity:]

    def _pick(self, batch: tuple) -> tuple:
        if not self.history:
            return batch
        index = int(torch.randint(
            len(self.history), (), generator=self.picks))
        return self.history[index]

    def meta_step(self, batch: tuple) -> None:
        """One step of the combiner."""
        validation = self.batch(self.draw(True)) if self.held_out else \
            self._pick(batch)
        training = self._pick(batch)
        params = list(self.w.values())
        value = self.losses(validation, names=self.names[:1]).sum()
        v = torch.autograd.grad(value, params, allow_unused=True)
        v = [torch.zeros_like(p) if g is None else g
             for g, p in zip(v, params)]
        gamma = float(self.options['gamma'])
        if gamma:
            losses = self.losses(training)
            seen, total, slopes = self.weights(losses)
            gap = (seen.sum(1) - total).sign().unsqueeze(1)
            pull = gamma * gap * (1 - slopes)
            extra = torch.autograd.grad(
                (pull.detach() * losses).sum(), params, allow_unused=True)
            v = [a if b is None else a + b for a, b in zip(v, extra)]
        v = self.solved([g.detach() for g in v])
        keys = list(self.w)

        def evaluate(values):
            return self.losses(training, dict(zip(keys, values)))

        with torch.no_grad():
            losses, products = torch.func.jvp(
                evaluate, (params, ), (list(v), ))
        _, _, slopes = self.weights(losses, graph=True)
        grads = torch.autograd.grad(
            -(slopes * products).sum(), list(self.phi.values()),
            allow_unused=True)
        for p, grad in zip(self.phi.values(), grads):
            p.grad = grad
        self.meta_optimizer.step()

    def solved(self, v: List[Tensor]) -> List[Tensor]:
        """What stands for the inverse Hessian, see AdamPreconditioner."""
        if self.options['hessian'] == 'identity':
            return v
        scales, moments = [], []
        for p in self.w.values():
            state = self.optimizer.state.get(p, {})
            if 'exp_avg' not in state:
                scales.append(torch.zeros_like(p))
                moments.append(torch.zeros_like(p))
                continue
            corrected = state['exp_avg_sq'] / (
                1 - 0.999**float(state['step']))
            scales.append(1 / (corrected.sqrt() + 1e-8))
            moments.append(state['exp_avg'])

        def inner(*lists):
            return sum(torch.stack([
                torch.stack(factors).prod(0).flatten(1).sum(1)
                for factors in zip(*lists)]))

        def per_run(x, like):
            return x.view(-1, *[1] * (like.ndim - 1))

        count = sum(p[0].numel() for p, s in zip(self.w.values(), scales)
                    if s.any())
        mean = inner(scales) / count
        if self.options['hessian'] == 'project':
            share = inner(scales, moments, v) / inner(
                scales, moments, moments).clamp(min=1e-30)
            v = [g - m * per_run(share, g) for g, m in zip(v, moments)]
        return [s * g / per_run(mean, g) for s, g in zip(scales, v)]

    def accuracy(self) -> Tensor:
        """Share of right answers on the test samples, in percent, (S,)."""
        with torch.no_grad():
            hidden = torch.tanh(linear(self.w, 'trunk.0', self.test_inputs))
            hidden = torch.tanh(linear(self.w, 'trunk.2', hidden))
            answers = linear(self.w, 'classifier', hidden).argmax(-1)
        return 100 * (answers == self.test_classes).float().mean(1)

    def train(self, updates: int) -> None:
        """All updates, with a rate that falls as a cosine."""
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimizer, updates, eta_min=0.05 * LR)
        for update in range(1, updates + 1):
            self.step(self.draw(False), update)
            scheduler.step()


def run(cell: str, method: str, seeds: Sequence[Tuple[int, int]],
        points: int = 20) -> List[dict]:
    """Make the runs of one method.

    Args:
        cell (str): The cell.
        method (str): The method.
        seeds (Sequence[tuple[int, int]]): World seed and seed of each run.
        points (int): Points of the weights over time. Defaults to 20.

    Returns:
        list[dict]: ``metrics``, ``updates``, ``seconds`` (their share of the
        whole) and ``weights`` of each run.
    """
    start = time.process_time()
    runs = Runs(cell, method, seeds)
    runs.train(stress.UPDATES)
    values = runs.accuracy().tolist()
    seconds = (time.process_time() - start) / len(seeds)
    trace = torch.stack(runs.trace)  # (updates, S, T)
    means = torch.stack([part.mean(0) for part in trace.chunk(points)])
    return [dict(
        metrics=dict(accuracy=value), updates=stress.UPDATES,
        seconds=round(seconds, 2),
        weights={name: [round(x, 4) for x in means[:, i, t].tolist()]
                 for t, name in enumerate(runs.names)})
        for i, value in enumerate(values)]
