"""Matching of text and video, with the alignment of words and patches."""
from typing import TYPE_CHECKING, Dict

from torch import Tensor, nn
from transformers import BertConfig

from ...layers import labelled_cross_entropy
from ..word_patch_alignment import inner_masks, transport_distance
from .head import AllInOneHead, LossFunction

if TYPE_CHECKING:
    from ..batch import AllInOneBatch


class MatchingHead(AllInOneHead):
    """Image-text matching (ITM) and word-patch alignment (WPA).

    Half of the texts are shown with their own video, half with another; see
    :attr:`AllInOneBatch.half_matched_states`.

    Args:
        bert (BertConfig): Gives the width of the states.
        alignment_weight (float): Factor on the alignment loss.
            Defaults to 0.1.
    """

    def __init__(self,
                 bert: BertConfig,
                 alignment_weight: float = 0.1) -> None:
        super().__init__()
        self.fc = nn.Linear(bert.hidden_size, 2)
        self.alignment_weight = alignment_weight

    def loss_functions(self) -> Dict[str, LossFunction]:
        """Name the losses: ``loss_itm`` and ``loss_wpa``."""
        return dict(loss_itm=self.matching_loss, loss_wpa=self.alignment_loss)

    def logits(self, batch: 'AllInOneBatch') -> Tensor:
        """Score "other video" and "own video" for each text, (B, 2)."""
        return self.fc(batch.model.pool(batch.half_matched_states))

    def matching_loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Cross entropy, mean over the batch."""
        return labelled_cross_entropy(
            self.logits(batch), batch.is_matched.long())

    def alignment_loss(self, batch: 'AllInOneBatch') -> Tensor:
        """Pull words to the patches of their video, push them from others.

        The transport distances of matched pairs minus those of the others,
        over the size of the batch, times ``alignment_weight``.
        """
        L = batch.text_mask.shape[1]
        states = batch.half_matched_states
        words, patches = states[:, :L], states[:, L:]
        distances = transport_distance(
            words, patches, *inner_masks(batch.text_mask, patches.shape[1]))
        sign = 2 * batch.is_matched.to(distances.dtype) - 1
        return self.alignment_weight * (sign * distances).mean()
