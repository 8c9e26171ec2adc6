import pytest
import torch

from meltr_mm.models.all_in_one.vit import temporal_roll


@pytest.mark.parametrize('N, moving', [(8, 1), (17, 2), (197, 24)])
def test_equals_a_loop_over_tokens(N, moving):
    B, T = 2, 4
    tokens = torch.arange(B * T * N).view(B, T, N, 1)
    rolled = temporal_roll(tokens)
    for b in range(B):
        for t in range(T):
            for n in range(N):
                source = t
                if 1 <= n <= moving:
                    source = (t - 1) % T
                elif n >= N - moving:
                    source = (t + 1) % T
                assert rolled[b, t, n] == tokens[b, source, n]


def test_too_few_tokens():
    with pytest.raises(ValueError, match='at least 8 tokens.*has 5'):
        temporal_roll(torch.zeros(1, 3, 5, 2))
