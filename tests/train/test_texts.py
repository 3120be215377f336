"""Texts through the engine: each trial's own vocabulary, streams that carry their state, plain torch.nn beside it."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.config import DataConf
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.text import (
    Corpus,
    TextOptions,
    encode_corpus,
    encode_stream,
    to_labelled_dataset,
    to_stream_dataset,
)
from dropout_lab.dropout.hooks import EvalHook
from dropout_lab.models import PlainHook, build_model
from dropout_lab.models.embedding import OTHER, PAD
from dropout_lab.rng import Streams
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack
from dropout_lab.train.text_batches import TextBatches
from dropout_lab.train.vocabulary import token_symbols

from .test_against_plain_loop import Masked

CPU = torch.device("cpu")
SMALL = {
    "mlp": ["model.hidden=[8]", "model.embedding=6"],
    "lstm": ["model.units=8", "model.embedding=6"],
    "gru": ["model.units=6", "model.embedding=6", "model.bidirectional=true", "model.pooling=max"],
    "rnn": ["model.units=8", "model.embedding=6", "model.pooling=mean"],
    "transformer": ["model.width=8", "model.heads=2", "model.blocks=1"],
}


def sentences(count=120, seed=0):
    """Texts whose class is whether they hold the word good."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, count)
    texts = []
    for label in y:
        words = [f"w{i}" for i in random.integers(0, 30, random.integers(2, 9))]
        words.insert(int(random.integers(0, len(words))), "good" if label else "bad")
        texts.append(" ".join(words))
    return texts, y.astype(np.int64)


def reviews(pad="front", vocabulary=1000):
    texts, y = sentences()
    arrays = encode_corpus(Corpus(texts, y, ("no", "yes")), TextOptions("spaces", 12, pad), str)
    return to_labelled_dataset("rt_polarity", arrays, vocabulary)


def running(lengths=(400, 60, 60), kinds=11, seed=0):
    random = np.random.default_rng(seed)
    text = [str(i) for i in random.integers(0, kinds, sum(lengths))]
    ends = np.cumsum([0, *lengths])
    return to_stream_dataset("ptb", encode_stream("ptb", [text[a:b] for a, b in pairwise(ends)]), 1000)


class TestVocabulary:
    def test_the_most_frequent_tokens_of_the_training_part_are_known(self):
        corpus = Corpus(["a b b c c c", "d d d d d e"], np.zeros(2, np.int64), ("y",))
        data = to_labelled_dataset("x", encode_corpus(corpus, TextOptions("spaces", 9, "back"), str), 2)
        assert data.symbols == 4
        table = token_symbols(data, np.array([0]))
        assert table.tolist() == [OTHER, OTHER + 2, OTHER + 1, OTHER, OTHER, PAD]  # b second, c first, -1 nothing

    def test_what_only_other_parts_hold_is_unknown_to_the_trial(self, trials):
        data = reviews()
        pack = Pack(trials("data=rt_polarity", *SMALL["mlp"], "seeds=3"), data)
        for place in range(3):
            rows = pack.feed.index["train"][place].numpy()
            seen = set(data.x[rows][data.x[rows] >= 0].tolist())
            x, _ = pack.feed.fetch(pack.feed.index["test"])
            numbers = data.x[pack.feed.index["test"][place].numpy()]
            for number, symbol in zip(numbers.flatten().tolist(), x[place].flatten().tolist(), strict=True):
                assert symbol == PAD if number < 0 else (symbol == OTHER) == (number not in seen)
        divisions = [frozenset(rows.tolist()) for rows in pack.feed.index["train"]]
        assert len(set(divisions)) == 3

    def test_select_keeps_the_own_vocabulary(self, trials):
        pack = Pack(trials("data=rt_polarity", *SMALL["mlp"], "seeds=3"), reviews())
        rows = pack.feed.index["test"]
        whole = pack.feed.fetch(rows)[0]
        assert torch.equal(pack.feed.select([2, 0]).fetch(rows[[2, 0]])[0], whole[[2, 0]])


@pytest.mark.parametrize("kind", SMALL)
class TestModels:
    def model(self, kind, config):
        conf = config(f"model={kind}", "data=rt_polarity", *SMALL[kind]).model
        return build_model(conf, (6,), 3, symbols=20)

    def test_the_stack_is_each_model_alone(self, kind, config):
        model = self.model(kind, config)
        params = model.init([Streams(0, s) for s in range(3)], CPU)
        x = torch.randint(1, 20, (3, 5, 6))
        x[:, :, :2] = PAD
        together = model.forward(params, x, PlainHook())
        assert together.shape == (3, 5, 3)
        for m in range(3):
            alone = model.forward({n: p[m : m + 1] for n, p in params.items()}, x[m : m + 1], PlainHook())
            torch.testing.assert_close(alone[0], together[m], rtol=1e-5, atol=1e-6)

    def test_what_is_no_token_counts_for_nothing(self, kind, config):
        """Padding at the back leaves the answer alone, whatever vector stands for it."""
        model = self.model(kind, config)
        params = model.init([Streams(0, 0)], CPU)
        x = torch.randint(1, 20, (1, 5, 6))
        x[:, :, 4:] = PAD
        first = model.forward(params, x, PlainHook())
        params["embedding.weight"][:, PAD] = 100.0
        torch.testing.assert_close(model.forward(params, x, PlainHook()), first)
        other = x.clone()
        other[:, :, 3] = (x[:, :, 3] % 19) + 1
        assert not torch.equal(model.forward(params, other, PlainHook()), first)

    def test_it_learns_a_word(self, kind, trials):
        words = [f"model={kind}", "data=rt_polarity", *SMALL[kind], "rate=0.1", "train.lr=0.02", "train.epochs=40"]
        found = train_pack(trials(*words, "train.batch_size=16", "seeds=2"), reviews())
        for result in found:
            assert result.status == "ok"
            assert result.measured["train_accuracy"] > 0.95


class TestStreams:
    def feed(self, data, window=7, models=2):
        conf = DataConf(kind="ptb", bptt=window)
        return TextBatches(data, conf, [Streams(0, s) for s in range(models)], CPU)

    def test_each_stream_is_read_in_one_piece_and_every_target_comes_next(self):
        data = running()
        feed = self.feed(data)
        windows = feed.epoch(4)
        read = torch.cat(windows, 2)
        assert read.shape == (2, 4, 399 // 4)
        for streams in read:
            assert torch.equal(streams.flatten(), torch.arange(4 * (399 // 4)))
        x, y = feed.fetch(windows[0])
        assert torch.equal(x[:, :, 1:], y[:, :, :-1])
        assert {w.shape[2] for w in windows[:-1]} == {7}

    def test_parts_do_not_touch(self):
        feed = self.feed(running())
        for part, low, high in (("train", 0, 399), ("val", 400, 459), ("test", 460, 519)):
            places = torch.cat([w.flatten() for w in feed.eval_batches(part)])
            assert low <= int(places.min())
            assert int(places.max()) + 1 <= high

    def test_a_state_carried_from_window_to_window_is_one_long_pass(self, config):
        conf = config("model=lstm", "model.layers=2", "model.units=5", "model.embedding=4", "data=ptb").model
        model = build_model(conf, (), 13, symbols=13)
        params = model.init([Streams(0, s) for s in range(2)], CPU)
        x = torch.randint(1, 13, (2, 3, 20))
        whole, _ = model.advance(params, x, PlainHook(), None)
        state, parts = None, []
        for window in x.split(6, dim=2):
            out, state = model.advance(params, window, PlainHook(), state)
            parts.append(out)
        torch.testing.assert_close(torch.cat(parts, 2), whole)
        assert len(state) == 4
        fresh, _ = model.advance(params, x[:, :, 6:], PlainHook(), None)
        assert not torch.allclose(fresh, whole[:, :, 6:])

    def test_a_model_that_knows_nothing_is_as_perplexed_as_there_are_symbols(self, trials):
        data = running()
        pack = Pack(trials("data=ptb", "model=lstm", "model.units=4", "seeds=2"), data)
        with torch.no_grad():
            for p in pack.params.values():
                p.zero_()
        found = evaluate_split(pack.model, pack.params, pack.feed, "test", pack.task, EvalHook(pack.noise, pack.params))
        assert found.score == pytest.approx([data.symbols] * 2)
        assert found.loss == pytest.approx([math.log(data.symbols)] * 2)

    @pytest.mark.parametrize("rate", [0.0, 0.4])
    def test_training_equals_a_plain_loop(self, rate, trials):
        """Two epochs of SGD over the same windows, the state carried and cut, with the masks of the trial's streams."""
        words = ["data=ptb", "model=lstm", "model.units=6", "model.embedding=6", "train=sgd", "data.bptt=9"]
        every = trials(*words, f"rate={rate}", "train.batch_size=5", "train.lr=0.5", "seeds=2")
        data = running()
        pack = Pack(every, data)
        start = {name: p.detach().clone() for name, p in pack.params.items()}
        for _ in range(2):
            pack.state = None
            for rows in pack.feed.epoch(5):
                pack.step(rows)
        for place in range(2):
            table, lstm, output = (
                nn.Embedding(data.symbols, 6),
                nn.LSTM(6, 6, batch_first=True),
                nn.Linear(6, data.symbols),
            )
            named = {"embedding.weight": table.weight, "output.weight": output.weight, "output.bias": output.bias}
            named |= {f"layer0.{name.removesuffix('_l0')}": p for name, p in lstm.named_parameters()}
            with torch.no_grad():
                for name, p in named.items():
                    value = start[name][place]
                    p.copy_(value.T if name == "output.weight" else value)
            mask = Masked("inverted", rate, Streams(0, every[place].seed), "layer0")
            optimizer = torch.optim.SGD(named.values(), lr=0.5, momentum=0.9)
            for _ in range(2):
                state = None
                for rows in pack.feed.epoch(5):
                    x, y = (t[place] for t in pack.feed.fetch(rows))
                    h, state = lstm(table(x), state)
                    state = tuple(part.detach() for part in state)
                    loss = nn.functional.cross_entropy(output(mask(h)).flatten(0, 1), y.flatten())
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
            for name, p in named.items():
                found = pack.params[name][place].detach()
                torch.testing.assert_close(
                    found.T if name == "output.weight" else found, p.detach(), rtol=2e-3, atol=2e-4
                )

    def test_results_alone_and_packed_with_who_leaves_early(self, trials):
        words = ["data=ptb", "model=lstm", "model.units=6", "train.epochs=12", "train.batch_size=8", "train.lr=0.1"]
        every = trials(
            *words, "rate=0,0.3", "regularizer=none,early_stopping", "regularizer.early_stopping=1", "seeds=1"
        )
        data = running()
        packed = train_pack(every, data)
        assert any(result.measured["epochs_run"] < 12 for result in packed)
        for trial, result in zip(every, packed, strict=True):
            (alone,) = train_pack([trial], data)
            assert alone.measured["test_perplexity"] == pytest.approx(result.measured["test_perplexity"], rel=1e-2)
            assert result.measured["gap"] == pytest.approx(
                result.measured["test_perplexity"] - result.measured["train_perplexity"]
            )
            assert result.curve[-1]["val_perplexity"] == pytest.approx(math.exp(result.curve[-1]["val_loss"]), rel=1e-5)

    @pytest.mark.parametrize("variant", ["spatial", "weight_drop", "concrete", "fast", "dropconnect", "r_drop"])
    def test_variants_on_running_text(self, variant, trials):
        words = ["data=ptb", "model=lstm", "model.units=6", "train.epochs=1", f"variant={variant}", "rate=0.3"]
        (result,) = train_pack(trials(*words, "train.batch_size=8", "seeds=1"), running())
        assert result.status == "ok"
        assert result.measured["drop_fraction"] > 0


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("cnn", "text", "does not read texts"),
        ("resmlp", "text", "does not read texts"),
        ("mlp", "running", "does not read running text"),
        ("transformer", "running", "does not read running text"),
    ],
)
def test_models_that_cannot_read_say_so(kind, data, message, config):
    shape = (8,) if data == "text" else ()
    with pytest.raises(ValueError, match=message):
        build_model(config(f"model={kind}").model, shape, 5, symbols=9)


def test_settings_that_texts_cannot_take_are_refused():
    from dropout_lab.train.splits import refuse_settings

    for data, settings, message in [
        (reviews(), {"normalise": "zscore"}, "requires numbers, but data=rt_polarity is text"),
        (running(), {"label_noise": 0.1}, "requires classes"),
    ]:
        with pytest.raises(ValueError, match=message):
            refuse_settings(data, DataConf(**settings))


def test_a_beginning_of_the_running_text_can_be_trained_on(trials):
    data = running()
    pack = Pack(trials("data=ptb", "model=lstm", "data.train_size=100", "seeds=1"), data)
    assert pack.feed.n_train == 100
    assert isinstance(data, Dataset)
    assert [int(w.max()) for w in pack.feed.epoch(3)][-1] == 98
