"""The models that the meta step is measured on, at random weights.

Dropout is off, so that every method computes the same hypergradient.
"""
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import MODELS
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from meltr_mm.meltr import MELTR

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


@dataclass
class Problem:
    """A model, MELTR, and losses on two fixed batches.

    Attributes:
        model (nn.Module): Its parameters are w.
        meltr (MELTR): The loss transformer.
        primary (Callable): The primary loss on the validation batch, and
            nothing else.
        validation (Callable): All losses (T,) on the validation batch, the
            primary one first, as the official code evaluates them.
        losses (Callable): All losses (T,) on the training batch.
    """
    model: nn.Module
    meltr: MELTR
    primary: Callable[[], Tensor]
    validation: Callable[[], Tensor]
    losses: Callable[[], Tensor]

    def train_step(self) -> None:
        """What everything is compared with: a backward pass of M(l)."""
        params = [*self.model.parameters(), *self.meltr.parameters()]
        torch.autograd.grad(
            self.meltr(self.losses()), params, allow_unused=True)


class SharedTrunkBERT(nn.Module):
    """Four classification losses on one BERT of 4 layers x 256.

    Args:
        attention (str): 'eager' or 'sdpa', torch's fused kernel.
        tokens (int): The longest sequence.
        checkpointing (bool): Recompute activations in the backward pass.
    """

    def __init__(self, attention: str, tokens: int,
                 checkpointing: bool) -> None:
        super().__init__()
        self.trunk = BertModel(
            BertConfig(
                vocab_size=1000,
                hidden_size=256,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=1024,
                hidden_dropout_prob=0.,
                attention_probs_dropout_prob=0.,
                max_position_embeddings=tokens,
                attn_implementation=attention),
            add_pooling_layer=False)
        if checkpointing:
            self.trunk.gradient_checkpointing_enable(
                dict(use_reentrant=False))
        self.heads = nn.ModuleList(nn.Linear(256, 10) for _ in range(4))

    def forward(self, ids: Tensor, labels: Tensor,
                tasks: slice = slice(None)) -> Tensor:
        """Losses (T,) of token ids (B, X) and labels (B, 4)."""
        state = self.trunk(ids).last_hidden_state[:, 0]
        return torch.stack([
            nn.functional.cross_entropy(head(state), label)
            for head, label in list(
                zip(self.heads, labels.T))[tasks]
        ])


def bert(device: str, attention: str = 'eager', tokens: int = 64,
         rows: int = 16, checkpointing: bool = False) -> Problem:
    """The shared-trunk BERT on batches of so many rows."""
    torch.manual_seed(0)
    model = SharedTrunkBERT(attention, tokens, checkpointing).to(device)
    batches = [(torch.randint(1000, (rows, tokens), device=device),
                torch.randint(10, (rows, 4), device=device))
               for _ in range(2)]
    validation, training = batches
    return Problem(model, _meltr(4, device),
                   lambda: model(*validation, slice(1))[0],
                   lambda: model(*validation), lambda: model(*training))


def violet(device: str, size: str = 'toy') -> Problem:
    """VIOLET for open-ended QA with its four losses.

    Args:
        device (str): Where it runs.
        size (str): 'toy' (batches of 16) or 'full': the sizes of
            configs/meltr_violet_msvdqa.py, batches of 4.
    """
    torch.manual_seed(0)
    cfg = _violet_config(size)
    model = MODELS.build(cfg).to(device)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.
        if hasattr(module, 'drop_prob'):
            module.drop_prob = 0.
    frames, pixels, rows = (2, 96, 16) if size == 'toy' else (5, 224, 4)
    names = ('loss_qa', 'loss_vtm', 'loss_mtm', 'loss_mvm')

    def batch():
        return dict(
            inputs=torch.randn(rows, 3, frames, pixels, pixels,
                               device=device),
            data_samples=[
                _violet_sample(cfg.task.num_answers, frames, pixels // 32
                               ).to(device) for _ in range(rows)])

    validation, training = batch(), batch()

    def evaluate(data, losses):
        return torch.stack(
            list(model(**data, mode='loss', losses=losses).values()))

    return Problem(model, _meltr(4, device),
                   lambda: evaluate(validation, names[:1])[0],
                   lambda: evaluate(validation, names),
                   lambda: evaluate(training, names))


def violet_batches(count: int) -> List[dict]:
    """Batches of 16 for toy VIOLET, as they leave a data loader."""
    answers = _violet_config('toy').task.num_answers
    return [
        dict(
            inputs=[torch.randint(256, (1, 3, 2, 96, 96), dtype=torch.uint8)
                    for _ in range(16)],
            data_samples=[_violet_sample(answers, 2, 3) for _ in range(16)])
        for _ in range(count)
    ]


def _violet_config(size: str) -> Config:
    name = 'toy/meltr_violet_msvdqa.py' if size == 'toy' else \
        'meltr_violet_msvdqa.py'
    cfg = Config.fromfile(CONFIGS / name).model.model
    cfg.pop('pretrained_bert', None)
    return cfg


def _violet_sample(answers: int, frames: int,
                   cells: int) -> ActionDataSample:
    ids = torch.randint(1000, 2000, (12, ))
    hidden = torch.zeros(12, dtype=torch.bool)
    hidden[3:5] = True
    blocks = torch.rand(frames, cells, cells) < 0.15
    codes = torch.full((frames, 1 + cells**2), -1)
    codes[:, 1:][blocks.flatten(1)] = 1
    sample = ActionDataSample().set_gt_label(
        int(torch.randint(answers, ())))
    sample.set_data(dict(
        text_ids=ids,
        text_mask=torch.ones(12, dtype=torch.int64),
        masked_text_ids=ids.masked_fill(hidden, 103),
        mtm_labels=torch.where(hidden, ids, -1),
        patch_mask=blocks,
        mvm_labels=codes.flatten()))
    return sample


def _meltr(tasks: int, device: str) -> MELTR:
    return MELTR(tasks, dropout=0.).to(device)


PROBLEMS: Dict[str, Callable[[str], Problem]] = {
    'bert': bert,
    'bert_fused': lambda device: bert(device, 'sdpa', 256),
    'bert_long': lambda device: bert(device, 'sdpa', 2048, 1),
    'bert_long_checkpointed':
    lambda device: bert(device, 'sdpa', 2048, 1, True),
    'violet': violet,
    'violet_full': lambda device: violet(device, 'full'),
}
