"""The masks of the official code, from its seeds, bit by bit."""
import numpy as np
import pytest
import torch

from meltr_mm.datasets.transforms import MaskText, MaskVideoBlocks


@pytest.mark.parametrize(
    'name',
    ['violet_qaoe_a.pt', 'violet_retrieval_a.pt', 'violet_qamc_a.pt'])
def test_same_masks(load_fixture, name):
    fixture = load_fixture(name)
    config, inputs = fixture['config'], fixture['inputs']
    frames, rows, columns = (config[key] for key in ('T', 'h', 'w'))
    mask_text = MaskText(official_options=True)
    mask_video = MaskVideoBlocks(official_rng=True)
    torch.manual_seed(config['mask_torch_seed'])
    np.random.seed(config['mask_numpy_seed'])
    for i in range(config['B']):
        imgs = [np.empty((config['H'], config['W'], 3), np.uint8)] * frames
        codes = inputs['vq'][i].view(frames, 1 + rows * columns)[:, 1:]
        results = dict(
            text_ids=inputs['txt'][i],
            imgs=imgs,
            vq_codes=codes.reshape(frames, rows, columns))
        results = mask_video(mask_text(results))
        assert torch.equal(results['masked_text_ids'], inputs['m_txt'][i])
        assert torch.equal(results['mtm_labels'], inputs['ans_mtm'][i])
        assert torch.equal(results['mvm_labels'], inputs['ans_mvm'][i])
        pixels = results['patch_mask'].repeat_interleave(
            32, 1).repeat_interleave(32, 2)[:, None]
        assert torch.equal(inputs['img_clean'][i] * ~pixels, inputs['img'][i])
