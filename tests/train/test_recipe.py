"""The recipe of language models: clipped gradients, a falling learning rate, bits per character."""

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.train.gradients import clip_gradients, gradient_norms
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

from .test_recurrent import LANGUAGE
from .test_texts import running

FALLING = ["lr_schedule=exponential", "lr_schedule.gamma=0.5"]


class TestRecipe:
    def test_gradients_are_clipped_for_each_model_by_itself(self):
        random = torch.Generator().manual_seed(0)
        grads = [torch.randn(3, 4, 5, generator=random), torch.randn(3, 7, generator=random)]
        before = [g.clone() for g in grads]
        clip_gradients(grads, torch.tensor([1.0, torch.inf, 100.0]))
        for m, bound in enumerate((1.0, None, None)):
            mine, old = ([g[m].clone() for g in each] for each in (grads, before))
            if bound is not None:
                plain = [nn.Parameter(g.clone()) for g in old]
                for p, g in zip(plain, old, strict=True):
                    p.grad = g.clone()
                nn.utils.clip_grad_norm_(plain, bound)
                old = [p.grad for p in plain]
            for a, b in zip(mine, old, strict=True):
                torch.testing.assert_close(a, b)
        torch.testing.assert_close(gradient_norms([g[1:2] for g in grads]), gradient_norms(grads)[1:2])

    def test_the_rate_falls_after_so_many_epochs(self, trials):
        every = trials(
            *LANGUAGE,
            "model=lstm",
            "train=sgd",
            "train.lr=2,4",
            "lr_schedule=exponential",
            "lr_schedule.gamma=0.5",
            "lr_schedule.hold=2",
            "seeds=1",
        )
        pack = Pack(every, running())
        found = []
        for epoch in range(1, 5):
            pack.begin(epoch)
            found.append(pack.optimizer.lr.tolist())
        assert found == [[2, 4], [2, 4], [1, 2], [0.5, 1]]
        pack = pack.select([1])
        pack.begin(5)
        assert pack.optimizer.lr.tolist() == [0.5]

    @pytest.mark.parametrize("optimizer", ["sgd", "adam"])
    def test_training_with_both_equals_a_plain_loop(self, optimizer, trials):
        """Three epochs against torch's own clipping, schedule and optimizer."""
        rate = {"sgd": 0.5, "adam": 0.01}[optimizer]
        words = [*LANGUAGE, "model=gru", f"train={optimizer}", f"train.lr={rate}", "variant=none", "seeds=1"]
        (trial,) = trials(
            *words,
            "train.grad_clip_norm=0.1",
            "lr_schedule=exponential",
            "lr_schedule.gamma=0.5",
            "lr_schedule.hold=1",
            "train.epochs=3",
        )
        data = running((200, 60, 60))
        pack = Pack([trial], data)
        table, gru, output = nn.Embedding(data.symbols, 6), nn.GRU(6, 6, batch_first=True), nn.Linear(6, data.symbols)
        named = {"embedding.weight": table.weight, "output.weight": output.weight, "output.bias": output.bias}
        named |= {f"layer0.{name.removesuffix('_l0')}": p for name, p in gru.named_parameters()}
        with torch.no_grad():
            for name, p in named.items():
                start = pack.params[name][0]
                p.copy_(start.T if name == "output.weight" else start)
        weights = list(named.values())
        made = torch.optim.SGD(weights, rate, 0.9) if optimizer == "sgd" else torch.optim.Adam(weights, rate)
        for epoch in range(1, 4):
            for group in made.param_groups:
                group["lr"] = rate * 0.5 ** max(0, epoch - 1)
            state = None
            for rows in pack.begin(epoch):
                pack.step(rows)
                x, y = (t[0] for t in pack.feed.fetch(rows))
                h, state = gru(table(x), state)
                state = state.detach()
                made.zero_grad()
                nn.functional.cross_entropy(output(h).flatten(0, 1), y.flatten()).backward()
                assert nn.utils.clip_grad_norm_(named.values(), 0.1) > 0.1
                made.step()
        for name, p in named.items():
            found = pack.params[name][0].detach()
            torch.testing.assert_close(found.T if name == "output.weight" else found, p.detach(), rtol=5e-3, atol=1e-3)

    def test_characters_have_bits(self, trials):
        (result,) = train_pack(
            trials(*LANGUAGE, "model=rnn", "data.tokenizer=characters", "train.epochs=1", "seeds=1", "rate=0"),
            running(),
        )
        measured = result.measured
        assert measured["test_bits_per_character"] == pytest.approx(np.log2(measured["test_perplexity"]))
        (result,) = train_pack(trials(*LANGUAGE, "model=rnn", "train.epochs=1", "seeds=1", "rate=0"), running())
        assert "test_bits_per_character" not in result.measured
