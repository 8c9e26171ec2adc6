"""How much the decoder's key/value cache saves in captioning.

    python tools/benchmark/captioning.py [--length 48] [--beam-size 5]

Writes captions with UniVL's decoder at its published size from random
weights, once with the cache, once as the official code does: each step runs
the cross encoder and the decoder over everything again. Prints seconds for
both; the captions must be the same. The end token never comes, so that every
caption has the full length.
"""
import argparse
import time
from typing import Callable, List

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor

import meltr_mm  # noqa: F401
from meltr_mm.models.univl import UniVL, UniVLBatch
from meltr_mm.models.univl.beam_search import Hypothesis, beam_search

START, NEVER = 101, -1


class UncachedWriter:
    """Reads everything again for each token.

    Args:
        model (UniVL): The model.
        batch (UniVLBatch): The videos with their transcripts.
    """

    def __init__(self, model: UniVL, batch: UniVLBatch) -> None:
        self.model = model
        self.pairs = (batch.text, batch.text_mask, batch.video,
                      batch.video_mask)
        self.ids = torch.empty(
            len(batch.text), 0, dtype=torch.int64, device=batch.text.device)

    def advance(self, tokens: Tensor) -> Tensor:
        """Append tokens (A, k) and score the next ones, (A, k, V)."""
        A, k = tokens.shape
        self.ids = torch.cat([self.ids, tokens.reshape(-1, 1)], dim=1)
        pairs = [part.repeat_interleave(k, dim=0) for part in self.pairs]
        states = self.model.decoder(
            self.ids, torch.ones_like(self.ids),
            self.model.cross_encoder(*pairs),
            torch.cat([pairs[1], pairs[3]], dim=1),
            self.model.text_encoder.embeddings)
        return self.model.caption_scores(states[:, -1]).view(A, k, -1)

    def select(self, captions: Tensor, rows: Tensor) -> None:
        """Go on with some captions and hypotheses."""
        self.pairs = tuple(part[captions] for part in self.pairs)
        self.ids = self.ids[rows]


def random_batch(model: UniVL, videos: int, words: int,
                 frames: int) -> UniVLBatch:
    """Make videos without padding.

    Args:
        model (UniVL): The model.
        videos (int): B.
        words (int): W.
        frames (int): F.

    Returns:
        UniVLBatch: Random.
    """
    samples = []
    for _ in range(videos):
        sample = ActionDataSample()
        sample.set_data(
            dict(
                text_ids=torch.randint(1000, 30000, (words, )),
                text_mask=torch.ones(words, dtype=torch.int64),
                video_mask=torch.ones(frames, dtype=torch.int64)))
        samples.append(sample)
    return UniVLBatch(model, torch.randn(videos, frames, 1024), samples)


def timed(run: Callable[[], List[List[Hypothesis]]]) -> tuple:
    """Run once, (seconds, token ids of the best hypotheses)."""
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, [h[0].tokens for h in found]


@torch.no_grad()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--length', type=int, default=48)
    parser.add_argument('--beam-size', type=int, default=5)
    parser.add_argument('--videos', type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(0)
    search = dict(beam_size=args.beam_size, max_length=args.length,
                  end=NEVER)
    model = MODELS.build(
        dict(
            type='UniVL',
            bert=dict(num_hidden_layers=1),
            video_layers=1,
            task=dict(type='UniVLCaptioning', end_id=NEVER,
                      beam_size=args.beam_size, max_length=args.length)))
    model.eval()
    # Larger scores than N(0, 0.02) gives, so that the best token is clear.
    model.caption_head.transform.LayerNorm.weight.mul_(10)
    batch = random_batch(model, args.videos, words=48, frames=48)
    cached, ours = timed(lambda: model.task.hypotheses(model, batch))
    uncached, theirs = timed(
        lambda: beam_search(UncachedWriter(model, batch), args.videos,
                            start=START, **search))
    print(f'{args.videos} captions of {args.length} tokens, beam '
          f'{args.beam_size}: {cached:.1f} s with the cache, {uncached:.1f} s '
          f'without, {uncached / cached:.1f} x; same captions: '
          f'{ours == theirs}')


if __name__ == '__main__':
    main()
