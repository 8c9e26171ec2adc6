"""Look at the losses of a config, and say what MELTR would make of them.

    python tools/analysis/suggest.py CONFIG [--primary loss_name]
        [--cfg-options key=value ...]

Reads one training batch of any MMEngine config, with MELTR or without, and
prints its losses: their values, which have a graph, how large their gradients
are on the weights that two losses or more reach, how they agree with the
primary one's, which estimator a meta step would take and what it would cost,
and the lines to paste into the config. Nothing is trained or written.
"""
import argparse
import logging
import sys
import time
from collections import Counter
from typing import Any, Callable, List, Tuple

from mmengine.config import Config, DictAction
from mmengine.model import BaseModel
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor

import meltr_mm  # noqa: F401  registers everything
from meltr_mm.autodiff.products import AutoProducts
from meltr_mm.autodiff.tensor_lists import gradients, gramian, reached
from meltr_mm.meltr import MELTRWrapper
from meltr_mm.meltr.hypergradient import hypergradient


def build(cfg: Config) -> Tuple[BaseModel, Any]:
    """The model of a config, out of MELTR, and a training batch."""
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    model = cfg.model
    if model.get('type', '').split('.')[-1] == 'MELTRWrapper':
        model = model.model
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    loader = dict(cfg.train_dataloader, num_workers=0,
                  persistent_workers=False)
    return MODELS.build(model).train(), next(iter(
        Runner.build_dataloader(loader, seed=0)))


def losses_of(model: BaseModel, batch: Any) -> List[str]:
    """Names of what the model returns to be trained."""
    functions = getattr(model, 'loss_functions', None)
    if callable(functions):
        return list(functions())
    return [name for name in evaluate(model, batch) if 'loss' in name]


def evaluate(model: BaseModel, batch: Any, **options: Any) -> dict:
    """What a model returns in loss mode."""
    data = model.data_preprocessor(batch, True)
    if isinstance(data, dict):
        return model(**data, mode='loss', **options)
    return model(*data, mode='loss', **options)


def seconds(function: Callable, rounds: int = 3) -> float:
    """The shortest time of some calls."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


def look(model: BaseModel, batch: Any, names: List[str],
         primary: str) -> List[str]:
    """What there is to say, as lines.

    Args:
        model (BaseModel): The bare model.
        batch (Any): A batch as it leaves the loader.
        names (list[str]): Its losses.
        primary (str): The one of the target task.
    """
    wrapper = MELTRWrapper(model, dict(type='MELTR'), names, primary).train()
    params = [p for p in model.parameters() if p.requires_grad]
    outputs = evaluate(wrapper, batch, losses=names)
    values = [sum(part.mean() for part in (
        value if isinstance(value, (list, tuple)) else [value]))
        for value in map(outputs.get, names)]
    reaches = [reached([value], model) for value in values]
    counts = Counter(tensor for found in reaches for tensor in found)
    shared = [tensor for tensor, count in counts.items() if count > 1]
    products = gramian(values, params)
    sizes = products.diagonal().sqrt()
    cosines = products[names.index(primary)] / (
        sizes * sizes[names.index(primary)]).clamp(min=1e-30)
    lines = [f'{len(shared)} of {len(params)} trained tensors are reached by '
             'two losses or more.', '',
             f'{"loss":<24}{"value":>10}{"gradient":>11}{"cosine":>9}']
    for name, value, found, size, cosine in zip(
            names, values, reaches, sizes, cosines):
        lines.append(
            f'{name:<24}{value.item():>10.3g}'
            + (f'{size:>11.3g}{cosine:>9.2f}' if found else
               '  no graph: it trains nothing')
            + ('  primary' if name == primary else ''))
    unreached = [name for name, p in model.named_parameters()
                 if p.requires_grad and name not in counts]
    if unreached:
        lines += ['', f'No loss reaches {len(unreached)} tensors, such as '
                  f'{unreached[0]}.']
    return lines + ['', *cost(wrapper, batch, names, primary, params)]


def cost(wrapper: MELTRWrapper, batch: Any, names: List[str], primary: str,
         params: List[Tensor]) -> List[str]:
    """Which estimator a meta step takes, and how long, as lines."""
    auto = AutoProducts()

    def meta_step() -> None:
        hypergradient(
            wrapper.model, wrapper.meltr,
            lambda: wrapper.task_losses(batch, (primary, )),
            lambda: wrapper.task_losses(batch, names), estimator=auto)

    def train_step() -> None:
        gradients(wrapper.task_losses(batch, names).sum(), params)

    meta_step()  # decides
    ratio = seconds(meta_step) / seconds(train_step)
    lines = [f'A meta step would take {auto.chosen or "vjp"!r} and '
             f'{ratio:.1f} times a training step here; every tenth update, '
             f'the run would be {1 + ratio / 10:.1f} times as long.', '']
    return lines + [
        'To train this config with MELTR:', '',
        "custom_imports = dict(imports=['meltr_mm'], "
        'allow_failed_imports=False)',
        'model = dict(', "    _delete_=True, type='MELTRWrapper', "
        'model={{_base_.model}},', f'    losses={names!r},',
        f'    primary={primary!r},',
        "    meltr=dict(type='MELTR', start='primary', normalise=True))",
        "optim_wrapper = dict(type='AIDOptimWrapper', gamma=0., interval=10,",
        "                     constructor='AIDOptimWrapperConstructor',",
        "                     # where the model's optimiser is of Adam's kind",
        "                     inverse_hessian=dict("
        "type='AdamPreconditioner'),",
        "                     meta_optimizer=dict(type='AdamW', lr=1e-4))",
        "custom_hooks = [dict(type='ResumeHook'), "
        "dict(type='MELTRHealthHook'),",
        "                dict(type='TaskWeightPlotHook')]"]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config')
    parser.add_argument('--primary', help='the loss of the target task; '
                        'otherwise that of the config, or the first')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args()
    logging.disable(logging.INFO)
    try:
        cfg = Config.fromfile(args.config)
        if args.cfg_options:
            cfg.merge_from_dict(args.cfg_options)
        lacking = {'model', 'train_dataloader'} - set(cfg)
        if lacking:
            sys.exit(f'{args.config}: has no {min(lacking)}')
        model, batch = build(cfg)
    except OSError as error:  # a config or data that are not there
        sys.exit(str(error))
    names = list(cfg.model.get('losses', ())) or losses_of(model, batch)
    if len(names) < 2:
        sys.exit(f'{type(model).__name__} has not two losses, but {names}: '
                 'there is nothing to combine')
    primary = args.primary or cfg.model.get('primary') or names[0]
    if primary not in names:
        sys.exit(f'--primary must be one of {names}, but is {primary!r}')
    print('\n'.join(look(model, batch, names, primary)))


if __name__ == '__main__':
    main()
