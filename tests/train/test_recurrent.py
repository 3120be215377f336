"""Recurrent dropout in the engine: the masks reach the step, once, and are shared as each variant says."""

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.data.text import Corpus, TextOptions, encode_corpus, to_labelled_dataset
from dropout_lab.dropout.hooks import EvalHook, TrainingHook
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks
from dropout_lab.dropout.kernels.rnn_reference import run_sequence_reference
from dropout_lab.models import PlainHook, build_model
from dropout_lab.models.recurrent import PARTS
from dropout_lab.rng import Streams
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.pack import Pack
from dropout_lab.trial import canonical

from .test_texts import running, sentences

LANGUAGE = ["data=ptb", "model.units=6", "model.embedding=6", "train.batch_size=4", "data.bptt=7"]
FITS = [
    *((kind, variant) for kind in RNN_CELLS for variant in ("naive", "variational", "weight_drop", "zoneout")),
    ("lstm", "recurrent"),
    ("gru", "recurrent"),
    ("lstm", "rnndrop"),
]


class Recording:
    """A hook that keeps what it was asked for."""

    def __init__(self, inner):
        self.inner, self.training = inner, inner.training
        self.carries_previous, self.per_gate = inner.carries_previous, inner.per_gate
        self.masks, self.seen = {}, {}

    def mask(self, name, shape, like):
        self.masks[name] = self.inner.mask(name, shape, like)
        return self.masks[name]

    def __call__(self, name, x):
        self.seen[name] = (x, self.inner(name, x))
        return self.seen[name][1]

    def product(self, name, operation, x, weight, bias):
        return self.inner.product(name, operation, x, weight, bias)


class Replaying(PlainHook):
    """A hook that gives the same masks again."""

    def __init__(self, masks):
        self.masks = masks

    def mask(self, name, shape, like):
        return self.masks.get(name)


def recorded(kind, variant, trials, *words, rate="0.4"):
    """A pass of two models in training, and what was masked with what."""
    every = trials(*LANGUAGE, f"model={kind}", f"variant={variant}", f"rate={rate}", "seeds=2", *words)
    pack = Pack(every, running())
    hook = Recording(TrainingHook(pack.noise, pack.params))
    x, _ = pack.feed.fetch(pack.feed.epoch(4)[0])
    out, state = pack.model.advance(pack.params, x, hook, None)
    return pack, hook, x, out, state


@pytest.mark.parametrize(("kind", "variant"), FITS)
def test_the_state_and_weight_of_every_step_carry_the_mask(kind, variant, trials):
    """The layer's states are those of a plain loop over cells with the masks that were drawn."""
    pack, hook, x, _, state = recorded(kind, variant, trials)
    read = hook.seen["input"][1]
    words = hook.masks["words"]
    if words is not None:
        there = words[..., 0] if words.shape[3] == 1 else words[:, :, 0].expand(-1, 4, -1).gather(2, x)
        read = read * there.unsqueeze(3)
    weights = [pack.params[f"layer0.{part}"] for part in PARTS]
    weights[1] = hook.seen["layer0.weight_hh"][1]
    masks = {
        f"keep_{part}" if variant == "zoneout" else part: mask.transpose(1, 2)
        for part in ("state", "candidate", "cell")
        if (mask := hook.masks.get(f"layer0.{part}")) is not None
    }
    assert bool(masks) == (variant != "weight_drop")
    start = tuple(torch.zeros(2, 4, 6) for _ in range(2 if kind == "lstm" else 1))
    out, ends = run_sequence_reference(kind, read.transpose(1, 2), weights, start, CellMasks(**masks))
    torch.testing.assert_close(hook.seen["layer0"][0], out.transpose(1, 2))
    torch.testing.assert_close(state, ends)
    if variant == "weight_drop":
        assert ((weights[1] == 0).float().mean() - 0.4).abs() < 0.15


@pytest.mark.parametrize("kind", RNN_CELLS)
def test_a_variational_mask_is_the_same_at_every_step_and_another_for_each_example(kind, trials):
    _, hook, *_ = recorded(kind, "variational", trials)
    state, words = hook.masks["layer0.state"], hook.masks["words"]
    assert state.shape == (2, 4, 1, 6)
    assert not torch.equal(state[:, 0], state[:, 1])
    assert not torch.equal(state[0], state[1])  # another seed
    assert words.shape[2] == 1
    for name in ("input", "layer0"):
        after = hook.seen[name][1]
        dropped = after == 0
        assert dropped.any()
        assert torch.equal(dropped, dropped[:, :, :1].expand_as(dropped))
        assert not torch.equal(dropped[:, 0], dropped[:, 1])
    assert hook.masks.keys() >= {"words", "layer0.state"}


@pytest.mark.parametrize("kind", RNN_CELLS)
def test_naive_masks_differ_between_steps(kind, trials):
    _, hook, *_ = recorded(kind, "naive", trials)
    state = hook.masks["layer0.state"]
    assert state.shape == (2, 4, 7, 6)
    assert not torch.equal(state[:, :, 0], state[:, :, 1])
    assert hook.masks["words"].shape == (2, 4, 7, 1)


def test_gates_can_have_their_own_masks(trials):
    _, hook, *_ = recorded("lstm", "variational", trials, "variant.gate_masks=own")
    state = hook.masks["layer0.state"]
    assert state.shape == (2, 4, 4, 1, 6)
    assert not torch.equal(state[:, :, 0], state[:, :, 1])
    assert hook.seen["input"][1].shape == (2, 4, 4, 7, 6)


@pytest.mark.parametrize(("kind", "variant"), [("lstm", "variational"), ("gru", "variational"), ("lstm", "rnndrop")])
def test_a_carried_state_is_not_masked_twice(kind, variant, trials):
    """Two windows with the same masks are one pass over both: what is carried on bears no mask of its own."""
    pack, hook, x, *_ = recorded(kind, variant, trials)
    same = Replaying({name: mask for name, mask in hook.masks.items() if mask is not None})
    whole, _ = pack.model.advance(pack.params, x, same, None)
    first, state = pack.model.advance(pack.params, x[:, :, :3], same, None)
    second, _ = pack.model.advance(pack.params, x[:, :, 3:], same, state)
    torch.testing.assert_close(torch.cat([first, second], 2), whole)


@pytest.mark.parametrize(("kind", "variant"), [*FITS, ("lstm", "non_recurrent")])
def test_evaluation_is_deterministic_and_without_noise(kind, variant, trials):
    pack = Pack(trials(*LANGUAGE, f"model={kind}", f"variant={variant}", "rate=0.4", "seeds=2"), running())
    hook = EvalHook(pack.noise, pack.params)
    first, second = (evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, hook) for _ in range(2))
    assert first == second
    plain = evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, PlainHook())
    assert (first == plain) == (variant != "zoneout")


def test_parts_have_rates_of_their_own(trials):
    words = [*LANGUAGE, "model=lstm", "model.layers=2", "variant=variational", "rate=0.5", "seeds=1", "input_rate=0.1"]
    parts = ["embedding_rate=0.2", "recurrent_rate=0.3", "inter_layer_rate=0.4", "output_rate=0.6"]
    (trial,) = trials(*words, *parts)
    rates = Pack([trial], running()).rates[0]
    expected = {"input": 0.1, "words": 0.2, "layer0.state": 0.3, "layer1.state": 0.3, "layer0": 0.4, "layer1": 0.6}
    assert {name: rates[name] for name in expected} == expected
    (whole,) = trials(*[word for word in words if not word.startswith("input_rate")])
    assert {Pack([whole], running()).rates[0][name] for name in expected} == {0.5}


def test_a_rate_that_has_no_effect_is_no_part_of_a_trial(config):
    def same(base, *more):
        return canonical(config(*base, *more)).identity == canonical(config(*base)).identity

    lstm = ["data=ptb", "model=lstm"]
    assert same([*lstm, "variant=inverted"], "recurrent_rate=0.2")
    assert same([*lstm, "variant=variational"], "inter_layer_rate=0.2")  # of one layer
    assert same([*lstm, "variant=variational"], "recurrent_rate=0.5")  # which is the rate
    assert same([*lstm, "variant=zoneout"], "output_rate=0.2")
    assert same(["model=lstm", "variant=variational"], "embedding_rate=0.2")  # images have no tokens
    assert same([*lstm, "variant=none"], "recurrent_rate=0.2")
    assert not same([*lstm, "variant=variational"], "recurrent_rate=0.2")
    assert canonical(config(*lstm, "variant=variational", "rate=0", "recurrent_rate=0.2")).variant == "variational"
    assert canonical(config(*lstm, "variant=variational", "rate=0.3")).values["input_rate"] == 0.3
    assert canonical(config(*lstm, "variant=inverted", "rate=0.3")).values["input_rate"] == 0


def test_the_terms_of_weight_drop_are_in_the_loss(trials):
    pack, hook, *_ = recorded("lstm", "weight_drop", trials, "variant.ar=2", "variant.tar=1", rate="0.4,0")
    before, after = hook.seen["layer0"]
    expected = 2 * after.square().mean((1, 2, 3)) + before.diff(dim=2).square().mean((1, 2, 3))
    drops = torch.tensor([rates["layer0"] > 0 for rates in pack.rates])
    found = pack.noise.mean_state_penalty()
    torch.testing.assert_close(found, torch.where(drops, expected, 0))
    assert drops.tolist() == [True, True, False, False]
    assert pack.noise.mean_state_penalty() is None


class TestNetworks:
    def texts(self, bidirectional=True, layers=2):
        texts, y = sentences(8)
        data = to_labelled_dataset(
            "rt_polarity", encode_corpus(Corpus(texts, y, ("no", "yes")), TextOptions("spaces", 12, "back"), str), 99
        )
        return torch.from_numpy(np.where(data.x < 0, 0, data.x + 2)).unsqueeze(0), data.symbols + 40

    @pytest.mark.parametrize("kind", RNN_CELLS)
    @pytest.mark.parametrize("pad", ["front", "back"])
    def test_both_directions_read_the_text_alone(self, kind, pad, config):
        """As torch does with packed sequences, where padding is at the back."""
        x, symbols = self.texts()
        words = [f"model={kind}", "data=rt_polarity", "model.layers=2", "model.units=5", "model.embedding=4"]
        model = build_model(config(*words, "model.bidirectional=true").model, (x.shape[2],), 3, symbols=symbols)
        params = model.init([Streams(0, 0)], torch.device("cpu"))
        net = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind](4, 5, 2, bidirectional=True, batch_first=True)
        with torch.no_grad():
            for name, p in net.named_parameters():
                part, layer = name.replace("_reverse", "").rsplit("_l", 1)
                p.copy_(params[f"layer{layer}{'.reverse' if 'reverse' in name else ''}.{part}"][0])
        lengths = (x[0] > 0).sum(1)
        if pad == "front":  # a text without padding, so that nothing stands before it
            x, lengths = x[:, lengths == lengths.max()][:, :, : int(lengths.max())], lengths[lengths == lengths.max()]
        packed = nn.utils.rnn.pack_padded_sequence(
            params["embedding.weight"][0][x[0]], lengths, batch_first=True, enforce_sorted=False
        )
        ends = net(packed)[1]
        last = (ends[0] if kind == "lstm" else ends)[-2:].transpose(0, 1).flatten(1)
        expected = last @ params["output.weight"][0] + params["output.bias"][0]
        torch.testing.assert_close(model.forward(params, x, PlainHook())[0], expected)

    @pytest.mark.parametrize("pooling", ["mean", "max"])
    def test_pooling_is_over_the_tokens_alone(self, pooling, config):
        x, symbols = self.texts()
        conf = config("model=gru", "data=rt_polarity", "model.units=5", f"model.pooling={pooling}").model
        model = build_model(conf, (x.shape[2],), 3, symbols=symbols)
        params = model.init([Streams(0, 0)], torch.device("cpu"))
        whole = model.forward(params, x, PlainHook())[0]
        for i, text in enumerate(x[0]):
            alone = model.forward(params, text[text > 0].view(1, 1, -1), PlainHook())[0, 0]
            torch.testing.assert_close(whole[i], alone)

    def test_a_tied_output_has_the_vectors_of_the_tokens(self, trials):
        words = [*LANGUAGE, "model=lstm", "model.tied=true", "seeds=1", "rate=0.2", "variant=variational"]
        pack = Pack(trials(*words), running())
        assert "output.weight" not in pack.params
        before = pack.params["embedding.weight"].detach().clone()
        x, _ = pack.feed.fetch(pack.feed.epoch(4)[0])
        seen = Recording(PlainHook())
        out, _ = pack.model.advance(pack.params, x, seen, None)
        expected = seen.seen["layer0"][1] @ before.transpose(1, 2).unsqueeze(1) + pack.params["output.bias"]
        torch.testing.assert_close(out, expected)
        pack.step(pack.feed.epoch(4)[0])
        assert (pack.params["embedding.weight"][0] != before[0]).any(1).all()  # every token's vector is an output

    @pytest.mark.parametrize(
        ("words", "shape", "message"),
        [
            (["model.tied=true"], (), "embeddings of size 64 and 32 units"),
            (["model.tied=true"], (9,), "for running text only"),
            (["model.bidirectional=true"], (), "cannot read running text backwards"),
        ],
    )
    def test_what_cannot_be_is_refused(self, words, shape, message, config):
        with pytest.raises(ValueError, match=message):
            build_model(config("model=lstm", "model.units=32", *words).model, shape, 9, symbols=9)

    def test_initial_values_within_a_given_bound(self, config):
        model = build_model(config("model=lstm", "model.init_range=0.05").model, (1, 8, 8), 3)
        params = model.init([Streams(0, 0)], torch.device("cpu"))
        for p in params.values():
            assert p.abs().max() <= 0.05
        assert max(p.abs().max() for p in params.values()) > 0.049
