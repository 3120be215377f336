"""What falls together: squares, groups, the upper part of the range."""

import pytest
import torch
from torch import nn

from dropout_lab.dropout import MAPS, Alpha, Block, Cutout, DropBlock, FeatureAlpha, MaxDropout

from .contract import random


class TestDropBlock:
    def test_what_falls_is_whole_squares_inside_the_map(self):
        x = torch.ones(200, 3, 9, 9)
        fallen = DropBlock(0.05, block_size=3).sample(x, 0.05, random(), MAPS) == 0
        whole = -nn.functional.max_pool2d(-fallen.float(), 3, stride=1)  # places whose whole square fell
        covered = nn.functional.max_pool2d(nn.functional.pad(whole, (2, 2, 2, 2)), 3, stride=1) > 0
        assert torch.equal(covered, fallen)
        assert fallen.any()

    def test_the_border_is_corrected_for(self):
        x = torch.ones(4000, 4, 8, 8)
        found = (DropBlock(0.02, block_size=5).sample(x, 0.02, random(), MAPS) == 0).float().mean().item()
        assert found == pytest.approx(0.02, rel=0.1)  # without the correction it would be 0.005

    def test_each_map_has_its_own_squares_and_the_scale_is_what_is_left(self):
        x = torch.ones(50, 3, 8, 8)
        out = DropBlock(0.2).sample(x, 0.2, random(), MAPS)
        assert not torch.equal(out[:, 0] == 0, out[:, 1] == 0)
        assert out.max().item() == pytest.approx(1 / (out != 0).float().mean().item(), rel=1e-5)

    def test_a_map_smaller_than_the_block(self):
        out = DropBlock(0.5, block_size=7).sample(torch.ones(500, 2, 2, 3), 0.5, random(), MAPS)
        per_map = (out == 0).flatten(2)
        assert (per_map.all(2) | ~per_map.any(2)).all()


class TestCutout:
    def test_one_rectangle_a_picture_in_all_channels(self):
        out = Cutout(0.25).sample(torch.ones(300, 3, 12, 12), 0.25, random(), MAPS)
        hole = out == 0
        assert torch.equal(hole[:, 0], hole[:, 1])
        for picture in hole[:, 0]:
            rows, columns = picture.any(1), picture.any(0)
            assert torch.equal(picture, rows[:, None] & columns[None, :])
            assert 3 <= rows.sum() <= 6
            assert 3 <= columns.sum() <= 6

    def test_squares_may_overhang(self):
        out = Cutout(0.25).sample(torch.ones(4000, 1, 12, 12), 0.25, random(), MAPS)
        sizes = (out == 0).flatten(1).sum(1)
        assert sizes.max() == 36
        assert (sizes < 36).float().mean() > 0.5


def test_block_drops_groups():
    out = Block(0.5, block_size=4).sample(torch.ones(1000, 10), 0.5, random()) == 0
    for start, stop in [(0, 4), (4, 8), (8, 10)]:
        group = out[:, start:stop]
        assert (group.all(1) | ~group.any(1)).all()
    assert not torch.equal(out[:, 0], out[:, 4])


def test_maxdropout_drops_the_upper_part_of_the_range_of_each_model():
    x = torch.stack([torch.linspace(0, 1, 101), torch.linspace(5, 25, 101)])
    out = MaxDropout().sample(x, torch.tensor([0.3, 0.3]), random())
    assert (out[0] == 0)[x[0] > 0.7 + 1e-6].all()
    assert torch.equal(out[0][x[0] < 0.7 - 1e-6], x[0][x[0] < 0.7 - 1e-6])
    assert torch.equal(out[0] == 0, torch.cat([torch.tensor([True]), (out[1] == 0)[1:]]))


def test_feature_alpha_between_units_is_alpha():
    x = torch.randn(50, 20)
    assert torch.equal(FeatureAlpha().sample(x, 0.3, random(2)), Alpha().sample(x, 0.3, random(2)))
