"""The contract of a regularizer, over the registry: what one trial chooses is its own, whatever its pack."""

import pytest
import torch

from dropout_lab.data import load
from dropout_lab.errors import ConfigError
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial, canonical

# Two strengths of each, strong enough to show after a few steps.
TWO = {
    "augment": "regularizer.augment=[shift],[crop,flip]",
    "batch_norm": "train.lr=0.001,0.01",
    "early_stopping": "regularizer.early_stopping=1,3",
    "elastic": "regularizer.elastic=0.01,0.1",
    "input_noise": "regularizer.input_noise=0.1,0.5",
    "kl_sparsity": "regularizer.kl_sparsity=0.1,1",
    "l1": "regularizer.l1=0.001,0.01",
    "l2": "regularizer.l2=0.01,0.1",
    "label_smoothing": "regularizer.label_smoothing=0.1,0.5",
    "layer_norm": "train.lr=0.001,0.01",
    "max_norm": "regularizer.max_norm=0.3,0.5",
    "mixup": "regularizer.mixup=0.2,2",
    "weight_decay": "regularizer.weight_decay=1,20",
    "weight_noise": "regularizer.weight_noise=0.01,0.1",
}
NETWORK = {"batch_norm", "layer_norm"}  # which trials of a pack must share
MODELS = {
    "mlp": ["model=mlp", "model.hidden=[16]"],
    "cnn": ["model=cnn", "model.channels=[4]", "model.head=[8]"],
    "lstm": ["model=lstm", "model.units=8"],
    "resmlp": ["model=resmlp", "model.width=8", "model.blocks=2"],
    "rescnn": ["model=rescnn", "model.maps=4", "model.blocks=2"],
    "transformer": ["model=transformer", "model.width=8", "model.heads=2", "model.blocks=1", "model.patch=4"],
}
EACH = sorted(REGULARIZERS)


def steps(pack, count, batch=32):
    """Train on for so many steps; the mean losses [M] of each."""
    order = [rows for _ in range(1 + count // 20) for rows in pack.feed.epoch(batch)]
    return torch.stack([pack.step(rows) for rows in order[:count]])


def weights(pack, place):
    return {name: p[place].detach() for name, p in pack.params.items()}


def agree(ours, theirs):
    """Whether trained parameters agree to rounding. The mean over a batch takes a bias away again: its gradient is
    rounding alone, which Adam makes a step of, and only the running mean, which takes it away at test time, knows."""
    idle = {"hidden0.bias", "hidden0.batch_norm.mean"} if "hidden0.batch_norm.mean" in ours else set()
    for key in ours.keys() - idle:
        torch.testing.assert_close(ours[key], theirs[key], rtol=1e-3, atol=1e-5)


def test_the_suite_knows_every_regularizer():
    assert TWO.keys() == REGULARIZERS.keys()


@pytest.mark.parametrize("name", EACH)
def test_without_strength_it_is_not_chosen(name, config):
    if name in {"early_stopping", "max_norm", *NETWORK}:
        pytest.skip("has no strength 0")
    off = "[]" if name == "augment" else "0"
    none, idle = (
        Trial(canonical(config(*words)), 0).id
        for words in (["regularizer=none"], [f"regularizer={name}", f"regularizer.{name}={off}"])
    )
    assert none == idle


@pytest.mark.parametrize("name", sorted(set(EACH) - NETWORK))
def test_a_neighbour_that_has_not_chosen_it_is_left_alone_to_the_bit(name, trials):
    words = [*MODELS["mlp"], "seeds=1", "rate=0.3"]
    (none,) = trials(*words)
    other = trials(*words, f"regularizer={name}", TWO[name])[1]
    mixed, plain = (Pack(pair, load("digits")) for pair in ([none, other], [none, none]))
    assert torch.equal(steps(mixed, 5)[:, 0], steps(plain, 5)[:, 0])
    for key, p in weights(mixed, 0).items():
        assert torch.equal(p, weights(plain, 0)[key])
    if name != "early_stopping":
        assert not torch.equal(mixed.params["hidden0.weight"][1], plain.params["hidden0.weight"][1])


@pytest.mark.parametrize("name", EACH)
def test_every_trial_has_its_own_strength_alone_as_packed(name, trials):
    words = [*MODELS["mlp"], "seeds=[1,4]", "rate=0.3", f"regularizer={name}", TWO[name]]
    every = trials(*words)
    if name not in NETWORK:
        every.append(trials(*MODELS["mlp"], "seeds=[1]", "rate=0.3")[0])
    pack = Pack(every, load("digits"))
    together = steps(pack, 6)
    assert not torch.allclose(pack.params["hidden0.weight"][0], pack.params["hidden0.weight"][2], atol=1e-6) or (
        name == "early_stopping"
    )
    for place, trial in enumerate(every):
        alone = Pack([trial], load("digits"))
        assert alone.regularizers.stopping == [pack.regularizers.stopping[place]]
        torch.testing.assert_close(steps(alone, 6)[:, 0], together[:, place], rtol=1e-4, atol=1e-5)
        agree(weights(alone, 0), weights(pack, place))


@pytest.mark.parametrize("name", EACH)
def test_who_is_left_of_a_pack_goes_on_as_before(name, trials):
    every = trials(*MODELS["mlp"], "seeds=[1,4]", "rate=0.3", f"regularizer={name}", TWO[name])
    whole = Pack(every, load("digits"))
    steps(whole, 3)
    left = whole.select([3, 1])
    assert left.regularizers.stopping == [whole.regularizers.stopping[m] for m in (3, 1)]
    steps(left, 3)
    for place, trial in enumerate((every[3], every[1])):
        alone = Pack([trial], load("digits"))
        steps(alone, 3)
        steps(alone, 3)
        agree(weights(alone, 0), weights(left, place))


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("kind", MODELS)
def test_it_is_finite_on_every_model_or_refused(kind, name, trials):
    every = trials(*MODELS[kind], "seeds=1", "rate=0.3", f"regularizer={name}", TWO[name])[:1]
    if name in NETWORK and kind in ("lstm", "transformer"):
        with pytest.raises(
            ConfigError, match=f"regularizer={name}: requires a hidden layer, which this network does not have"
        ):
            check_trials(every)
        return
    check_trials(every)
    pack = Pack(every, load("digits"))
    assert steps(pack, 3).isfinite().all()
    assert all(p.isfinite().all() for p in pack.params.values())


def test_all_of_them_together_train_and_agree_alone_and_packed(trials):
    chosen = ",".join(EACH)
    every = trials(*MODELS["cnn"], f"regularizer=[{chosen}]", "rate=0,0.3", "seeds=1", "train.epochs=2")
    packed = train_pack(every, load("digits"))
    for trial, result in zip(every, packed, strict=True):
        (alone,) = train_pack([trial], load("digits"))
        assert result.status == "ok"
        assert alone.curve[0]["train_loss"] == pytest.approx(result.curve[0]["train_loss"], rel=1e-3)


@pytest.mark.parametrize("name", EACH)
def test_what_is_measured_is_the_network_without_its_noise(name, trials):
    """Two evaluations agree to the bit, whatever was drawn between them."""
    (trial,) = trials(*MODELS["mlp"], "seeds=1", "rate=0", f"regularizer={name}")
    pack = Pack([trial], load("digits"))
    steps(pack, 2)
    x, _ = pack.feed.fetch(pack.feed.index["test"])
    outs = [pack.model.forward(pack.params, x, pack.testing(pack.params)) for _ in range(2)]
    assert torch.equal(*outs)
    halves = [pack.model.forward(pack.params, part, pack.testing(pack.params)) for part in x.split(150, 1)]
    torch.testing.assert_close(torch.cat(halves, 1), outs[0])
