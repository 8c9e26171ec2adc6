"""The part of a fixture that every model has: MELTR and its meta step."""
from functools import partial
from typing import Callable, List, Sequence

import torch
from torch import Tensor, nn

from meltr_mm.meltr import MELTR
from meltr_mm.meltr.hypergradient import Hypergradient, hypergradient
from parity_checks.report import Report

# Of the largest element: rounding noise of the recording is 1.7e-5.
OUTPUT_RTOL = 1e-4
GRADIENT_RTOL = 1e-3
# Of the largest in a group of gradients, for members that are zero but for
# rounding, such as those of attention's key biases.
GRADIENT_FLOOR = 1e-6
# The recorded step is compared with the last one's.
ESTIMATORS = ('double_backward', 'vjp', 'jvp')


def build_meltr(recorded: dict) -> MELTR:
    """Build MELTR with the recorded sizes and weights, in eval mode.

    Args:
        recorded (dict): Entry 'meltr' of the fixture.

    Returns:
        MELTR: The module.
    """
    config = recorded['config']
    meltr = MELTR(
        num_tasks=config['t_dim'],
        hidden_dims=(config['h1_dim'], config['h2_dim']),
        feedforward_dim=config['f_dim'],
        num_heads=config['nhead'])
    meltr.load_state_dict(recorded['state_dict'])
    return meltr.eval()


def check_meltr(report: Report, recorded: dict, model: nn.Module,
                meltr: MELTR, primary: Callable[[], Tensor],
                losses: Callable[[], Tensor]) -> None:
    """Compare MELTR's output, hypergradients and update step.

    Args:
        report (Report): Gets the rows.
        recorded (dict): Entry 'meltr' of the fixture.
        model (nn.Module): The model whose losses they are.
        meltr (MELTR): From :func:`build_meltr`; its weights are stepped.
        primary (callable): -> the primary loss, ().
        losses (callable): -> the task losses, (T,).
    """
    values = losses()
    report.close('meltr.input', values, recorded['input'].flatten(),
                 OUTPUT_RTOL)
    report.close('meltr.output', meltr(values), recorded['output'].squeeze(),
                 OUTPUT_RTOL)
    *_, result = check_hypergradient(
        report, 'meltr', recorded,
        ('hypergrad', 'hypergrad_none', 'val_loss'), meltr,
        partial(hypergradient, model, meltr, primary, losses,
                gamma=float(recorded['gamma'])))
    if 'step' in recorded:
        _check_step(report, recorded['step'], meltr, result.grads)


def check_hypergradient(report: Report, path: str, recorded: dict,
                        entries: Sequence[str], meltr: MELTR,
                        compute: Callable[..., Hypergradient],
                        value_rtol: float = OUTPUT_RTOL,
                        grad_rtol: float = GRADIENT_RTOL,
                        floor: float = GRADIENT_FLOOR) -> List[Hypergradient]:
    """Compare the hypergradient by every exact estimator.

    Args:
        report (Report): Gets the rows.
        path (str): Where the fixture has `recorded`.
        recorded (dict): Part of the fixture.
        entries (Sequence[str]): Which of its entries are the gradients,
            before the minus of the update, and, unless they were not
            recorded, the names of the parameters without one and the
            primary loss with its regulariser.
        meltr (MELTR): The module.
        compute (callable): Gives the result of ``estimator=...``.
        value_rtol (float): Tolerance of the loss. Defaults to OUTPUT_RTOL.
        grad_rtol (float): Tolerance of the gradients. Defaults to
            GRADIENT_RTOL.
        floor (float): For gradients that are zero but for rounding, of the
            largest of all. Defaults to GRADIENT_FLOOR.

    Returns:
        list[Hypergradient]: The result of each of :data:`ESTIMATORS`.
    """
    grads, *others = entries
    expected = recorded[grads]
    floor *= largest(expected)
    results = []
    for estimator in ESTIMATORS:
        result = compute(estimator=estimator)
        if others:
            none, value = others
            report.equal(f'{path}.{none}',
                         [name for name, _ in meltr.named_parameters()
                          if name not in result.grads],
                         recorded[none], estimator)
            report.close(f'{path}.{value}', result.value,
                         recorded[value].squeeze(), value_rtol,
                         variant=estimator)
        for name, grad in expected.items():
            report.close(f'{path}.{grads}.{name}',
                         -_grad(result.grads, name, grad), grad, grad_rtol,
                         floor, estimator)
        results.append(result)
    return results


def _check_step(report: Report, step: dict, meltr: MELTR,
                grads: dict) -> None:
    """Clip, step AdamW, and compare gradients and weights."""
    for name, parameter in meltr.named_parameters():
        parameter.grad = grads.get(name)
    nn.utils.clip_grad_norm_(meltr.parameters(), step['max_grad_norm'])
    optimizer = torch.optim.AdamW(
        meltr.parameters(),
        lr=step['lr'],
        betas=(step['beta1'], step['beta2']),
        weight_decay=step['weight_decay'])
    expected = step['grad_after_minus_and_clip']
    parameters = dict(meltr.named_parameters())
    floor = GRADIENT_FLOOR * largest(expected)
    for name, grad in expected.items():
        report.close(f'meltr.step.grad_after_minus_and_clip.{name}',
                     _grad({name: parameters[name].grad}, name, grad), grad,
                     GRADIENT_RTOL, floor)
    optimizer.step()
    check_stepped(report, 'meltr.step.state_dict_after', meltr,
                  step['state_dict_after'], expected, step['lr'])


def check_stepped(report: Report, path: str, meltr: MELTR, after: dict,
                  grads: dict, lr: float, noise: float = 1e-4) -> None:
    """Compare weights after the first step of Adam.

    Args:
        report (Report): Gets the rows.
        path (str): Where the fixture has the weights.
        meltr (MELTR): Ours, stepped.
        after (dict[str, Tensor]): Recorded weights.
        grads (dict[str, Tensor]): Recorded gradients, of any common scale.
        lr (float): Learning rate.
        noise (float): Which part of the largest gradient may be rounding.
            Defaults to 1e-4.
    """
    parameters = dict(meltr.named_parameters())
    bound = noise * largest(grads)
    for name, weight in after.items():
        # Adam's first step is lr times the sign of the gradient: where that
        # is rounding noise, an element may go either way.
        certain = torch.ones_like(weight, dtype=torch.bool)
        if name in grads:
            certain = grads[name].abs() > bound
        report.close(f'{path}.{name}', parameters[name], weight, 0., 2 * lr)
        if certain.any():
            report.close(
                f'{path}.{name}',
                parameters[name][certain],
                weight[certain],
                0.,
                0.01 * lr,
                variant='gradient not 0')


def check_train_grad(report: Report, recorded: dict, model: nn.Module,
                     rename: Callable[[str], str], melted: Tensor,
                     primary: Tensor) -> None:
    """Compare the gradients of the model under MELTR's loss.

    Args:
        report (Report): Gets the rows.
        recorded (dict): Entry 'train_grad' of the fixture.
        model (nn.Module): The model.
        rename (callable): Official parameter name -> ours.
        melted (Tensor): MELTR's output, scalar.
        primary (Tensor): The primary loss, scalar.
    """
    floor = GRADIENT_FLOOR * max(recorded['norms'].values())
    grads = _model_grads(model, melted)
    for name, norm in recorded['norms'].items():
        grad = grads[rename(name)]
        report.close(f'train_grad.norms.{name}',
                     torch.zeros(()) if grad is None else grad.norm(),
                     torch.as_tensor(norm), GRADIENT_RTOL, floor)
    for name, tensor in recorded['tensors'].items():
        report.close(f'train_grad.tensors.{name}',
                     _grad(grads, rename(name), tensor), tensor,
                     GRADIENT_RTOL, floor)
    report.equal('train_grad.none', _without(grads),
                 [rename(name) for name in recorded['none']])
    report.equal('train_grad.primary_none',
                 _without(_model_grads(model, primary)),
                 [rename(name) for name in recorded['primary_none']])


def _model_grads(model: nn.Module, loss: Tensor) -> dict:
    names, parameters = zip(*model.named_parameters())
    grads = torch.autograd.grad(loss, parameters, allow_unused=True)
    return dict(zip(names, grads))


def _without(grads: dict) -> list:
    return [name for name, grad in grads.items() if grad is None]


def _grad(grads: dict, name: str, like: Tensor) -> Tensor:
    grad = grads.get(name)
    return torch.zeros_like(like) if grad is None else grad


def largest(tensors: dict) -> float:
    """Find the largest absolute element of several tensors.

    Args:
        tensors (dict[str, Tensor]): The tensors.

    Returns:
        float: Its size.
    """
    return max(tensor.abs().max().item() for tensor in tensors.values())
