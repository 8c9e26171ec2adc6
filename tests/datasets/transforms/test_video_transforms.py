import base64
import io
import pickle

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from PIL import Image

from meltr_mm.datasets.transforms import (
    DecodeJPEGFrames,
    LoadVQCodes,
    MaskVideoBlocks,
    PadToSquareResize,
    SampleFramesEvenly,
)
from meltr_mm.datasets.transforms.frames import (
    even_frame_indices,
    pad_to_square_resize,
)
from meltr_mm.datasets.transforms.masking import (
    code_labels,
    draw_blocks,
)


class TestSampleFramesEvenly:

    @pytest.mark.parametrize('total, count, expected', [
        (24, 4, [4, 9, 14, 19]),
        (60, 5, [10, 20, 30, 40, 50]),
        (100, 5, [16, 33, 50, 66, 83]),
        (2, 4, [0, 0, 1, 1]),
        (1, 2, [0, 0]),
    ])
    def test_rule(self, total, count, expected):
        assert even_frame_indices(total, count).tolist() == expected

    def test_transform(self):
        sample = TRANSFORMS.build(dict(type='SampleFramesEvenly', clip_len=4))
        results = sample(dict(total_frames=24))
        assert results['frame_inds'].tolist() == [4, 9, 14, 19]
        assert (results['clip_len'], results['num_clips']) == (4, 1)

    def test_errors(self):
        with pytest.raises(ValueError, match='at least 1, but got 0'):
            SampleFramesEvenly(0)
        with pytest.raises(ValueError, match=r'a\.mp4: the video has no fr'):
            SampleFramesEvenly(2)(dict(total_frames=0, filename='a.mp4'))


class TestPadToSquareResize:

    @pytest.mark.parametrize('shape, rows, columns', [
        ((4, 8), slice(2, 6), slice(0, 8)),
        ((8, 4), slice(0, 8), slice(2, 6)),
    ])
    def test_pads_the_shorter_side_equally(self, shape, rows, columns):
        image = np.full((*shape, 3), 200, np.uint8)
        padded = pad_to_square_resize(image, 8)
        expected = np.zeros((8, 8, 3), np.uint8)
        expected[rows, columns] = 200
        assert np.array_equal(padded, expected)

    def test_odd_difference_is_stretched(self):
        # 5 - 2 = 3: one row above, one below, then 4 rows become 5.
        image = np.full((2, 5, 3), 200, np.uint8)
        result = pad_to_square_resize(image, 5)
        assert result.shape == (5, 5, 3)
        assert (result[0] == 0).all() and (result[2] == 200).all()

    def test_shrinking_is_antialiased(self):
        # Without antialiasing every fourth pixel would be taken: all black.
        image = np.zeros((16, 16, 3), np.uint8)
        image[:, 1::4] = 240
        result = pad_to_square_resize(image, 4)
        assert 30 < result[:, 1:-1].mean() < 90

    def test_transform(self):
        results = PadToSquareResize(32)(
            dict(imgs=[np.zeros((10, 20, 3), np.uint8)] * 2))
        assert [img.shape for img in results['imgs']] == [(32, 32, 3)] * 2
        assert results['imgs'][0].dtype == np.uint8
        assert results['img_shape'] == (32, 32)


class TestDecodeJPEGFrames:

    @pytest.fixture
    def img_file(self, tmp_path):
        buffer = io.BytesIO()
        Image.new('RGB', (12, 8), (250, 0, 0)).save(buffer, 'JPEG')
        jpeg = base64.b64encode(buffer.getvalue()).decode()
        path = tmp_path / 'img_msvd.pkl'
        path.write_bytes(pickle.dumps(dict(a=[jpeg] * 2, b=[jpeg, 'x'])))
        return str(path)

    def test_frames(self, img_file):
        results = DecodeJPEGFrames(img_file, 2)(dict(video_id='a'))
        assert len(results['imgs']) == 2
        assert results['imgs'][0].shape == (8, 12, 3)
        # RGB: a red image stays red.
        assert results['imgs'][0].mean((0, 1)) == pytest.approx([250, 0, 0],
                                                                abs=6)
        assert results['img_shape'] == (8, 12)
        assert (results['clip_len'], results['num_clips']) == (2, 1)

    def test_errors(self, img_file, tmp_path):
        with pytest.raises(ValueError, match=r"no frames of the video 'c'"):
            DecodeJPEGFrames(img_file, 2)(dict(video_id='c'))
        with pytest.raises(ValueError, match=r"clip_len=5 .*'a' has 2"):
            DecodeJPEGFrames(img_file, 5)(dict(video_id='a'))
        with pytest.raises(ValueError, match=r"frame 1 of the video 'b'"):
            DecodeJPEGFrames(img_file, 2)(dict(video_id='b'))
        with pytest.raises(FileNotFoundError, match=r'none\.pkl'):
            DecodeJPEGFrames(str(tmp_path / 'none.pkl'), 2)


class TestLoadVQCodes:

    def test_list_of_arrays(self, tmp_path):
        path = tmp_path / 'vq.pkl'
        frames = [np.full((3, 4), i, np.uint16) for i in range(2)]
        path.write_bytes(pickle.dumps(dict(a=frames)))
        imgs = [np.zeros((96, 128, 3), np.uint8)] * 2
        results = LoadVQCodes(str(path))(dict(video_id='a', imgs=imgs))
        assert results['vq_codes'].dtype == torch.int64
        assert results['vq_codes'].shape == (2, 3, 4)
        assert results['vq_codes'][1].unique().tolist() == [1]

    def test_none(self):
        assert LoadVQCodes(None)(dict(video_id='a')) == dict(video_id='a')


class TestMaskVideoBlocks:

    def test_labels(self):
        codes = torch.arange(12).view(2, 2, 3)
        mask = torch.zeros(2, 2, 3, dtype=torch.bool)
        mask[0, 1, 2] = mask[1, 0, 0] = True
        assert code_labels(codes, mask).tolist() == [
            -1, -1, -1, -1, -1, -1, 5,
            -1, 6, -1, -1, -1, -1, -1
        ]  # yapf: disable

    def test_sizes(self):
        # One frame has one box; at 7x10 its sides are 1..3 and 1..5.
        np.random.seed(0)
        masks = [draw_blocks((1, 7, 10))[0] for _ in range(300)]
        assert {mask.any(1).sum() for mask in masks} == {1, 2, 3}
        assert {mask.any(0).sum() for mask in masks} == {1, 2, 3, 4, 5}
        # Every place is reached.
        assert np.any(masks, 0).all()

    def test_lengths(self):
        # The first of T boxes lasts 1..T-1 frames, so none lasts T alone.
        np.random.seed(0)
        masks = [draw_blocks((2, 3, 3)) for _ in range(300)]
        assert {mask.sum() for mask in masks} == {1, 2}

    @pytest.mark.parametrize('grid', [(1, 3, 4), (5, 7, 7)])
    def test_as_often_as_in_the_official_order(self, grid):
        np.random.seed(0)
        one, other = (
            np.stack([draw_blocks(grid, official) for _ in range(2000)])
            for official in (False, True))
        # Each cell alone: three standard errors of 0.5 are 0.05.
        assert one.mean(0) == pytest.approx(other.mean(0), abs=0.05)
        # How much is hidden, and for how long: the spread, not the mean only.
        for share in (lambda masks: masks.mean((1, 2, 3)),
                      lambda masks: masks.any((2, 3)).mean(1)):
            assert share(one).mean() == pytest.approx(
                share(other).mean(), abs=0.01)
            assert share(one).std() == pytest.approx(
                share(other).std(), abs=0.005)

    @pytest.mark.parametrize('grid', [(1, 3, 3), (4, 3, 4), (6, 7, 5)])
    def test_something_is_hidden_and_seen(self, grid):
        for _ in range(50):
            mask = draw_blocks(grid)
            assert mask.shape == grid
            assert mask.any() and not mask.all()

    @pytest.mark.parametrize('grid', [(4, 2, 3), (4, 3, 1)])
    def test_small_grid(self, grid):
        with pytest.raises(
                ValueError, match=f'3x3 cells.*{grid[1]}x{grid[2]}'):
            draw_blocks(grid)

    def test_without_codes_there_are_no_labels(self):
        np.random.seed(0)
        results = MaskVideoBlocks()(dict(imgs=[np.zeros((96, 96, 3))] * 4))
        assert results['patch_mask'].any() and 'mvm_labels' not in results

    def test_pixels_stay(self):
        imgs = [np.full((96, 96, 3), 9, np.uint8)] * 4
        results = MaskVideoBlocks()(
            dict(imgs=imgs, vq_codes=torch.zeros(4, 3, 3, dtype=torch.long)))
        assert all((img == 9).all() for img in results['imgs'])
        assert results['patch_mask'].any()
