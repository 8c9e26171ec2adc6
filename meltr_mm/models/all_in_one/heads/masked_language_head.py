"""Masked language modelling."""
from typing import TYPE_CHECKING, Dict

from torch import Tensor
from transformers import BertConfig

from ...layers import IGNORED, build_mlm_head, labelled_cross_entropy
from .head import AllInOneHead, LossFunction

if TYPE_CHECKING:
    from ..batch import AllInOneBatch


class MaskedLanguageHead(AllInOneHead):
    """Masked language modelling (MLM): name the hidden words.

    BERT's head on the words' joint states, its decoder not tied to the word
    embeddings. Reads ``masked_text_ids`` and ``mlm_labels``, (L,) int64 with
    -1 = not hidden.

    Args:
        bert (BertConfig): Gives the width and the vocabulary.
    """

    def __init__(self, bert: BertConfig) -> None:
        super().__init__()
        self.decoder = build_mlm_head(bert)

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the loss: ``loss_mlm``."""
        return dict(loss_mlm=self.loss)

    def loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Mean over the hidden words of the batch, 0 where there are none."""
        labels = batch.field('mlm_labels')
        states = batch.masked_states[:, :labels.shape[1]]
        # The vocabulary is the widest tensor of the model: score only the
        # words that count. The sum over no rows keeps the graph.
        hidden = labels != IGNORED
        return labelled_cross_entropy(
            self.decoder(states[hidden]), labels[hidden])
