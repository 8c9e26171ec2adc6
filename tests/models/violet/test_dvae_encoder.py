import torch
from torch import nn

from meltr_mm.models.violet.dvae_encoder import DVAEEncoder, from_dall_e


def test_shapes():
    encoder = DVAEEncoder(width=8, num_codes=20)
    pixels = torch.rand(2, 3, 24, 32)
    assert encoder(pixels).shape == (2, 20, 3, 4)
    codes = encoder.encode(pixels)
    assert codes.shape == (2, 3, 4) and codes.max() < 20


def test_number_of_parameters_of_the_published_encoder():
    def conv(inputs, outputs, side):
        return inputs * outputs * side**2 + outputs

    expected = conv(3, 256, 7) + conv(2048, 8192, 1)
    before = 256
    for width in (256, 512, 1024, 2048):
        for inputs in (before, width):
            hidden = width // 4
            expected += (conv(inputs, hidden, 3) + 2 * conv(hidden, hidden, 3)
                         + conv(hidden, width, 1))
            expected += conv(inputs, width, 1) if inputs != width else 0
        before = width
    with torch.device('meta'):
        encoder = DVAEEncoder()
    assert sum(p.numel() for p in encoder.parameters()) == expected


def test_by_hand():
    """Every convolution is a constant: what is left is arithmetic."""
    encoder = DVAEEncoder(width=4, num_codes=2)
    for module in encoder.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    # The stem copies the red pixel; skips that widen copy the first channel.
    encoder.stem.weight.data[0, 0, 3, 3] = 1.
    for group in encoder.groups[1:]:
        group[0].skip.weight.data[0, 0] = 1.
    # A residual branch adds a 64th of its last bias.
    encoder.groups[0][0].residual[7].bias.data[0] = 64.
    encoder.head[1].weight.data[1, 0] = 3.
    pixels = torch.zeros(1, 3, 8, 16)
    pixels[0, 0, 2, 5] = 1.
    logits = encoder(pixels)
    # Pooling keeps the largest of each 8x8: 0.9 on the left, 0.1 elsewhere.
    torch.testing.assert_close(
        logits[0, 1], torch.tensor([[3 * (0.9 + 1.), 3 * (0.1 + 1.)]]))
    assert (logits[0, 0] == 0).all()
    assert encoder.encode(pixels).tolist() == [[[1, 1]]]


def test_names_of_the_published_weights():
    encoder = DVAEEncoder(width=4, num_codes=2)
    published = {'blocks.input.w': encoder.stem.weight,
                 'blocks.input.b': encoder.stem.bias,
                 'blocks.output.conv.w': encoder.head[1].weight,
                 'blocks.output.conv.b': encoder.head[1].bias}
    for g, group in enumerate(encoder.groups, 1):
        for b, block in enumerate(group, 1):
            prefix = f'blocks.group_{g}.block_{b}'
            convs = {f'res_path.conv_{i}': block.residual[2 * i - 1]
                     for i in (1, 2, 3, 4)}
            if isinstance(block.skip, nn.Conv2d):
                convs['id_path'] = block.skip
            for name, conv in convs.items():
                published[f'{prefix}.{name}.w'] = conv.weight
                published[f'{prefix}.{name}.b'] = conv.bias
    renamed = from_dall_e(published)
    assert set(renamed) == set(encoder.state_dict())
    for name, value in encoder.named_parameters():
        assert renamed[name] is value
