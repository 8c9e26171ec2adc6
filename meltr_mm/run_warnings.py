"""What would waste a run, said in its log while there is time."""
from typing import Any, Iterator, Optional, Union

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class RunWarningsHook(Hook):
    """Warn of random weights and of texts that tell nothing.

    Before training: if the config is made for a checkpoint and none was
    given. While it trains, once: if all texts of a batch are the same (as
    the transcripts of UniVL's public files are), so that no loss that
    compares texts, or hides their words, can fall.

    Args:
        starts_from (str, optional): What the config is made to start from.
            None: random weights are meant. Defaults to None.
    """

    def __init__(self, starts_from: Optional[str] = None) -> None:
        self.starts_from = starts_from
        self._said = False

    def before_train(self, runner: Runner) -> None:
        """Look whether the model has weights."""
        if self.starts_from and not runner.iter and not _has_weights(
                runner.cfg):
            runner.logger.warning(
                'Training starts from random weights, but this config is made '
                f'for {self.starts_from}: give it as --cfg-options '
                'load_from=FILE. The first lines of the config say where it '
                'comes from, docs/get_started.md how it is converted.')

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Look whether the texts of the batch differ."""
        if self._said or not isinstance(data_batch, dict):
            return
        texts = [sample.text_ids
                 for sample in data_batch.get('data_samples') or ()
                 if 'text_ids' in sample]
        if len(texts) > 1 and all(
                torch.equal(texts[0], text) for text in texts[1:]):
            self._said = True
            runner.logger.warning(
                f'All {len(texts)} texts of this batch are the same. Losses '
                'that compare texts with videos cannot fall then (joint, '
                'alignment, matching), and those of hidden words teach '
                'nothing: leave them out of model.losses, or use annotations '
                'that have texts.')


def _has_weights(cfg: Any) -> bool:
    """Whether a config names weights, of the whole model or of a part."""
    return bool(cfg.get('load_from') or cfg.get('resume')) or any(
        value and key.startswith('pretrained') or
        key == 'type' and value in ('Pretrained', 'PretrainedInit')
        for key, value in _items(cfg.get('model', {})))


def _items(node: Union[dict, list, tuple]) -> Iterator[tuple]:
    if isinstance(node, dict):
        yield from node.items()
        node = list(node.values())
    for value in node:
        if isinstance(value, (dict, list, tuple)):
            yield from _items(value)
