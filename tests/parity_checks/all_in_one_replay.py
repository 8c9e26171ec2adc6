"""Our All-in-one with the weights and inputs of a fixture."""
from typing import List, Optional

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from meltr_mm.meltr import MELTR
from meltr_mm.models.all_in_one import AllInOne, AllInOneBatch
from meltr_mm.models.all_in_one.checkpoint import from_official
from meltr_mm.models.layers import IGNORED, load_strict
from parity_checks.meltr import build_meltr
from parity_checks.samples import split_batch

# Official name of a task -> our loss.
LOSSES = dict(mlm='loss_mlm', ind_itc='loss_itc')


class Replay:
    """Our model with the recorded weights, and its inputs.

    Args:
        fixture (dict): Content of the file.
        dtype (torch.dtype): Of weights and frames. Defaults to float32.
    """

    def __init__(self,
                 fixture: dict,
                 dtype: torch.dtype = torch.float32) -> None:
        inputs, config = fixture['inputs'], fixture['config']
        self.model = build_model(fixture).to(dtype)
        self.frames = inputs['video'].to(dtype).transpose(1, 2)
        self.names = [LOSSES[task] for task in config['current_tasks']]
        self.meltr: MELTR = build_meltr(
            dict(
                config=config['meltr'],
                state_dict=fixture['meltr']['state_dict'])).to(dtype)

    def permute(self, order: Tensor) -> None:
        """Use a recorded order of the patches, (B, T, P), from now on."""
        self.model.vit.patch_order = 'random'
        self.model.vit.draw_patch_order = lambda count: order.flatten(0, 1)

    def batch(self, samples: List[ActionDataSample]) -> AllInOneBatch:
        """Make a batch without features yet."""
        return AllInOneBatch(self.model, self.frames, samples)

    def losses(self, samples: List[ActionDataSample],
               names: Optional[List[str]] = None) -> Tensor:
        """Evaluate the task losses, or those named, (T,)."""
        names = names or self.names
        values = self.model.loss(self.batch(samples), names)
        return torch.stack([values[name] for name in names])


def build_model(fixture: dict) -> AllInOne:
    """Build our model with the recorded sizes and weights, in eval mode.

    Args:
        fixture (dict): Content of the file.

    Returns:
        AllInOne: With every head.
    """
    config = fixture['config']
    model = MODELS.build(
        dict(
            type='AllInOne',
            heads=dict(
                mlm=dict(),
                itc=dict(
                    shared_dim=config['shared'],
                    temperature=config['temperature']),
                itm=dict(),
                rank=dict(),
                qa=dict(num_answers=config['n_ans']),
                mc=dict()),
            target='qa',
            **sizes(config)))
    load_strict(
        model,
        from_official({
            **fixture['state_dict'],
            **fixture['extra_heads_state_dict']
        }))
    return model.eval()


def sizes(config: dict) -> dict:
    """Give the recorded sizes of the two parts.

    Args:
        config (dict): Entry 'config' of a fixture.

    Returns:
        dict: Options `vit` and `bert` of AllInOne.
    """
    vit = dict(
        num_frames=config['T'],
        img_size=config['img'],
        patch_size=config['patch'],
        num_heads=config['heads'],
        num_layers=config['layers'])
    bert = dict(
        vocab_size=config['vocab'],
        hidden_size=config['hidden'],
        num_attention_heads=config['heads'],
        max_position_embeddings=config['max_text_len'])
    # Fixtures of training have the defaults.
    if 'mlp_ratio' in config:
        vit['mlp_ratio'] = config['mlp_ratio']
        bert['layer_norm_eps'] = config['bert_layer_norm_eps']
    return dict(vit=vit, bert=bert)


def make_samples(inputs: dict, labels: Optional[Tensor] = None,
                 **fields: Tensor) -> List[ActionDataSample]:
    """Make the data samples of the recorded inputs.

    Args:
        inputs (dict): The fixture's inputs, or one of its batches.
        labels (Tensor, optional): The labels, (B,); negative = none.
            Defaults to no labels at all.
        **fields (Tensor): More fields, (B, ...).

    Returns:
        list[ActionDataSample]: B samples.
    """
    fields.update(
        text_ids=inputs['text_ids'],
        text_mask=inputs['text_masks'],
        masked_text_ids=inputs['mlm_ids'],
        # The official label of "not hidden" is -100.
        mlm_labels=inputs['mlm_labels'].clamp(min=IGNORED))
    samples = split_batch(fields)
    if labels is not None:
        for sample, label in zip(
                samples, labels.clamp(min=IGNORED)):
            sample.set_gt_label(int(label))
    return samples
