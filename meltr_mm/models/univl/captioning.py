"""Video captioning with UniVL."""
from typing import TYPE_CHECKING, List, Optional

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

from ...datasets.caption_text import caption_text
from ...datasets.transforms.tokenizing import load_tokenizer
from .beam_search import Hypothesis, beam_search
from .tasks import UniVLTask

if TYPE_CHECKING:
    from .batch import UniVLBatch
    from .univl import UniVL


@MODELS.register_module()
class UniVLCaptioning(UniVLTask):
    """Write a caption for a video and its transcript.

    Loss of the target: ``loss_decoder``. Captions are searched by
    :func:`~meltr_mm.models.univl.beam_search.beam_search`, the encoders run
    once and the decoder remembers what it has read.

    Args:
        hidden_size (int): Given by the model.
        tokenizer (str, optional): Turns ids into text: a directory, a hub
            name or 'minilm'. Defaults to None: only ids are predicted.
        beam_size (int): Hypotheses; 1 is greedy search. Defaults to 5.
        max_length (int): Most tokens of a caption. Defaults to 20.
        stopping (str): 'standard' or 'official'. Defaults to 'standard'.
        length_penalty (float): For the standard rule. Defaults to 1.
        start_id (int, optional): Id of [CLS], which begins a caption.
            Defaults to the tokenizer's, or 101 without one.
        end_id (int, optional): Id of [SEP], which ends it. Defaults to the
            tokenizer's, or 102 without one.

    Raises:
        ImportError, ValueError: If the tokenizer cannot be loaded, or has
            other ids than those given.
    """

    def __init__(self,
                 hidden_size: int,
                 tokenizer: Optional[str] = None,
                 beam_size: int = 5,
                 max_length: int = 20,
                 stopping: str = 'standard',
                 length_penalty: float = 1.,
                 start_id: Optional[int] = None,
                 end_id: Optional[int] = None) -> None:
        super().__init__(hidden_size)
        known = 101, 102
        if tokenizer is not None:
            loaded = load_tokenizer(tokenizer)
            known = loaded.cls_token_id, loaded.sep_token_id
        given = tuple(
            own if one is None else one
            for one, own in zip((start_id, end_id), known, strict=True))
        if tokenizer is not None and given != known:
            raise ValueError(
                f'start_id and end_id must be those of tokenizer='
                f'{tokenizer!r}, {known}, but are {given}; leave them out')
        self.tokenizer = tokenizer
        self.start_id, end_id = given
        self.search = dict(
            end=end_id,
            beam_size=beam_size,
            max_length=max_length,
            stopping=stopping,
            length_penalty=length_penalty)

    def scores(self, model: 'UniVL', batch: 'UniVLBatch') -> Tensor:
        """Score each next token of the true captions, (B, L, V)."""
        return model.caption_scores(model.decode(batch, batch.states))

    def predict(self, model: 'UniVL',
                batch: 'UniVLBatch') -> List[ActionDataSample]:
        """Set ``pred_ids`` (int64), and ``pred_caption`` with a tokenizer.

        ``pred_ids`` are the tokens of the best hypothesis, up to the end
        token where there is one; ``pred_caption_score`` (float) is what it
        was ranked by.
        """
        for sample, hypotheses in zip(
                batch.data_samples, self.hypotheses(model, batch),
                strict=True):
            ids, score = hypotheses[0]
            sample.set_data(
                dict(pred_ids=torch.tensor(ids), pred_caption_score=score))
            if self.tokenizer is not None:
                tokens = load_tokenizer(
                    self.tokenizer).convert_ids_to_tokens(ids)
                sample.set_data(dict(pred_caption=caption_text(tokens)))
        return list(batch.data_samples)

    def hypotheses(self, model: 'UniVL',
                   batch: 'UniVLBatch') -> List[List[Hypothesis]]:
        """Search captions.

        Args:
            model (UniVL): The model.
            batch (UniVLBatch): B videos with their transcripts.

        Returns:
            list[list[Hypothesis]]: Per video, best first.
        """
        with torch.no_grad():
            writer = _CaptionWriter(model, batch.states, batch.pair_mask)
        return beam_search(
            writer,
            len(batch.states),
            start=self.start_id,
            device=batch.states.device,
            **self.search)


class _CaptionWriter:
    """UniVL's decoder as beam search needs it."""

    def __init__(self, model: 'UniVL', memory: Tensor, mask: Tensor) -> None:
        self.model = model
        self.cache = model.decoder.start(memory, mask)

    def advance(self, tokens: Tensor) -> Tensor:
        states, self.cache = self.model.decoder.step(
            tokens, self.cache, self.model.text_encoder.embeddings)
        return self.model.caption_scores(states)

    def select(self, captions: Tensor, rows: Tensor) -> None:
        self.cache = self.cache.select(captions, rows)
