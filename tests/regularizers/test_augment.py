"""Random changes of images: what they do, and that they are each trial's own."""

import pytest
import torch

from dropout_lab.data import load
from dropout_lab.regularizers.augment import DRAWS, augment, crop, flip, shift
from dropout_lab.rng import PackRandomness, Streams
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

CPU = torch.device("cpu")


def images(n=5, channels=2, height=6, width=7):
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(1))


def test_shift_moves_by_whole_pixels_and_fills_with_black():
    x = images()
    by = torch.tensor([[0, 0], [1, 0], [0, -2], [-3, 2], [5, 6]])
    moved = shift(x, by)
    for image, (down, right), found in zip(x, by.tolist(), moved, strict=True):
        wanted = torch.zeros_like(image)
        for r in range(6):
            for c in range(7):
                if 0 <= r - down < 6 and 0 <= c - right < 7:
                    wanted[:, r, c] = image[:, r - down, c - right]
        assert torch.equal(found, wanted)


def test_flip_turns_those_it_is_told_to():
    x = images()
    which = torch.tensor([True, False, True, True, False])
    turned = flip(x, which)
    assert torch.equal(turned[which], x[which].flip(3))
    assert torch.equal(turned[~which], x[~which])


def test_crop_enlarges_a_window():
    x = images(2, 1, 8, 8)
    same = crop(x, torch.ones(2), torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
    assert torch.allclose(same, x, atol=1e-5)
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)  # a pixel's value is its column
    corners = crop(ramp.repeat(2, 1, 1, 1), torch.full((2,), 0.5), torch.tensor([[0.0, 0.5], [1.0, 0.5]]))
    wanted = torch.arange(8) / 2 - 0.25  # half as steep, from the left end of the image
    assert torch.allclose(corners[0, 0, 3], wanted.clamp(0), atol=1e-5)
    assert torch.allclose(corners[1, 0, 3], (wanted + 4).clamp(max=7), atol=1e-5)


def test_every_move_and_side_is_as_likely():
    x = torch.zeros(1, 4000, 1, 9, 9)
    x[..., 4, 3] = 1
    bits = PackRandomness([Streams(0, 0)], "augment", CPU).bits((1, 4000, DRAWS))
    found = augment(x, bits, ["flip", "shift"], 2, 0.5)[0, :, 0]
    assert found.sum() == 4000
    _, rows, columns = found.nonzero(as_tuple=True)
    counts = torch.bincount(rows, minlength=9).float() / 4000
    assert counts[2:7].tolist() == pytest.approx([0.2] * 5, abs=0.03)
    counts = torch.bincount(columns, minlength=9).float() / 4000  # from column 3, or 5 if it was turned
    assert counts[1:8].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.2, 0.1, 0.1], abs=0.03)


def test_a_trial_sees_the_same_changes_alone_and_in_any_pack(trials):
    words = ["model.hidden=[4]", "seeds=2", "regularizer.augment=[crop],[flip],[shift],[crop,flip,shift]"]
    every = [*trials(*words, "regularizer=augment,none"), *trials(*words, "regularizer=augment", "regularizer.shift=1")]
    packed = Pack(every, load("digits"))
    alone = [Pack([trial], load("digits")) for trial in every]
    seen = lambda pack, rows: pack.feed.batch(rows, pack.regularizers.examples)[0]  # noqa: E731
    for _ in range(2):
        rows = packed.feed.epoch(50)[0]
        x, (plain, _) = seen(packed, rows), packed.feed.fetch(rows)
        for m, pack in enumerate(alone):
            mine = pack.feed.epoch(50)[0]
            assert torch.equal(mine[0], rows[m])
            assert torch.equal(seen(pack, mine)[0], x[m])
            assert torch.equal(x[m], plain[m]) == (every[m].point.regularizer == "none")
    left = packed.select([3, 1])
    rows = left.feed.epoch(50)[0]
    assert torch.equal(seen(left, rows)[1], seen(alone[1], alone[1].feed.epoch(50)[0])[0])


def test_only_training_batches_are_changed_and_before_they_are_normalised(trials):
    words = ["model.hidden=[4]", "seeds=1", "data.label_noise=0.5", "data.normalise=none,zscore"]
    for trial in trials(*words, "regularizer=augment", "regularizer.augment=[shift,flip]"):
        pack = Pack([trial], load("digits"))
        plain = load("digits")
        for part in ("train", "val", "test"):
            rows = pack.feed.index[part]
            x, y = pack.feed.fetch(rows)
            if trial.config.data.normalise == "none":
                assert torch.equal(x[0], torch.from_numpy(plain.x)[rows[0]])
            wrong = (y[0] != torch.from_numpy(plain.y)[rows[0]]).float().mean()
            assert wrong == (0.5 if part == "train" else 0)
        seen = []
        forward = pack.model.forward
        pack.model.forward = lambda params, x, hook, own=forward, seen=seen: seen.append(x) or own(params, x, hook)
        rows = pack.feed.index["train"][:, :8]
        pack.step(rows)
        x, _ = pack.feed.fetch(rows)
        assert not torch.equal(seen[0], x)
        # What comes in from outside is black, which normalisation makes the lowest value.
        assert seen[0].min() == pack.feed.fetch(pack.feed.index["train"])[0].min()


def test_training_with_everything_at_once_agrees_alone_and_packed(trials):
    words = ["model.hidden=[16]", "train.epochs=2", "seeds=2", "rate=0.2", "data.train_size=300"]
    words += ["regularizer=none,augment", "regularizer.augment=[shift,crop]"]
    every = trials(*words, "data.label_noise=0.2", "data.normalise=zscore")
    packed = train_pack(every, load("digits"))
    for trial, result in zip(every, packed, strict=True):
        (alone,) = train_pack([trial], load("digits"))
        assert result.measured["n_train"] == 300
        assert alone.curve[0]["train_loss"] == pytest.approx(result.curve[0]["train_loss"], rel=1e-4)
        assert abs(alone.measured["test_accuracy"] - result.measured["test_accuracy"]) <= 2.01 / 359
