"""Every variant and schedule through the engine, where it fits and where it does not."""

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.hooks import TrainingHook
from dropout_lab.dropout.schedules import SCHEDULES
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.preflight import check_trials, drop_invalid
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

SMALL = {
    "mlp": ["model.hidden=[16,16]"],
    "cnn": ["model.channels=[4,4]", "model.head=[8]"],
    "lstm": ["model.units=8", "model.layers=2"],
    "gru": ["model.units=8", "model.bidirectional=true"],
    "rnn": ["model.units=8", "model.layers=2"],
    "resmlp": ["model.width=16", "model.blocks=2"],
    "rescnn": ["model.maps=4", "model.blocks=2"],
    "transformer": ["model.width=8", "model.heads=2", "model.blocks=1"],
}
ONLY = {
    "mlp": "units",
    "cnn": "maps and units",
    "lstm": "steps and units",
    "gru": "units",
    "rnn": "steps and units",
    "resmlp": "units",
    "rescnn": "maps",
    "transformer": "steps",
}
# Variant -> what it needs, and the models that do not have it.
WITHOUT = {
    "spatial": ("maps or steps", ["mlp", "gru", "resmlp"]),
    "feature_alpha": ("maps or steps", ["mlp"]),
    "dropblock": ("maps", ["mlp", "lstm", "gru", "rnn", "resmlp", "transformer"]),
    "block": ("units or steps", ["rescnn"]),
    "recurrent": ("candidates of gated cells", ["rnn"]),
    "rnndrop": ("memory cells", ["gru", "rnn"]),
    "stochastic_depth": ("paths", ["mlp", "cnn", "lstm", "gru", "rnn"]),
    "attention": ("scores", ["mlp", "cnn", "lstm", "gru", "rnn", "resmlp", "rescnn"]),
}
REFUSED = (
    {
        (variant, model): f"requires {need}, but this network has only {ONLY[model]}"
        for variant, (need, models) in WITHOUT.items()
        for model in models
    }
    | {
        (variant, model): "requires recurrent states, which this network does not have"
        for variant, made in VARIANTS.items()
        if made.in_sequences
        for model in ("mlp", "cnn", "resmlp", "rescnn", "transformer")
    }
    | {
        (variant, model): "cannot become the SELU network"
        for variant in ("alpha", "feature_alpha")
        for model in ("lstm", "gru", "rnn", "resmlp", "rescnn", "transformer")
    }
)


@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_trains_where_it_fits_and_is_refused_where_it_does_not(variant, model, trials):
    every = trials(f"variant={variant}", f"model={model}", *SMALL[model], "rate=0.2,0.4", "seeds=1", "train.epochs=2")
    if (variant, model) in REFUSED:
        with pytest.raises(ConfigError, match=REFUSED[variant, model]):
            check_trials(every)
        return
    check_trials(every)
    kind = VARIANTS[variant]
    for trial, result in zip(every, train_pack(every, load("digits")), strict=True):
        assert result.status == "ok"
        rates = trial.config.site_rates
        mean = sum(rates) / len(rates)
        if not kind.learns:
            assert result.curve[-1]["rate"] == pytest.approx(mean)
        fraction = result.measured["drop_fraction"]
        assert 0 < fraction < 0.5
        if kind.zeroing == "rate":
            assert fraction == pytest.approx(mean, abs=0.1 if variant == "stochastic_depth" else 0.06)


def test_a_rate_for_each_layer_reaches_each_layer(trials):
    (trial,) = trials("model.hidden=[64,64]", "rate=[0.1,0.8]", "seeds=1")
    pack = Pack([trial], load("digits"))
    assert {site: rates.item() for site, rates in pack.noise.rates.items()} == {"hidden0": 0.1, "hidden1": 0.8}


def test_cutout_needs_a_picture_and_one_rate(trials):
    with pytest.raises(ConfigError, match="requires maps, but this network has only units"):
        check_trials(trials("variant=cutout", "data=wine", "seeds=1"))
    with pytest.raises(ConfigError, match="acts on the input only and accepts a single rate"):
        check_trials(trials("variant=cutout", "rate=[0.1,0.2]", "seeds=1"))


def test_a_variant_that_finds_no_place_is_refused(trials):
    with pytest.raises(ConfigError, match="requires maps, but this network has only units"):
        check_trials(trials("variant=dropblock", "model=cnn", "rate=[0,0,0.5]", "seeds=1"))


def test_skip_invalid_leaves_out_what_makes_no_sense_and_says_so(arms_of):
    said = []
    every = arms_of("variant=spatial,inverted,dropblock", "model=mlp,cnn", "rate=0.2,0.5")
    kept = drop_invalid(every, said.append)
    assert len(kept) == 8
    assert said == [
        "skipped 2 arms: variant=spatial model=mlp: requires maps or steps, but this network has only units",
        "skipped 2 arms: variant=dropblock model=mlp: requires maps, but this network has only units",
    ]
    with pytest.raises(ConfigError, match="skip_invalid excludes every arm"):
        drop_invalid(arms_of("variant=spatial"), said.append)


def test_selu_networks_start_self_normalising(trials):
    pack = Pack(trials("variant=alpha", "model.hidden=[256,256,256]", "rate=0", "seeds=1"), load("digits"))
    assert pack.params["hidden0.bias"].abs().max() == 0
    weight = pack.params["hidden1.weight"]
    assert weight.std().item() == pytest.approx(256**-0.5, rel=0.02)


def test_alpha_at_rate_zero_is_its_own_network(config):
    from dropout_lab.trial import canonical

    assert canonical(config("variant=alpha", "rate=0")).variant == "alpha"
    assert canonical(config("variant=alpha", "rate=0")).identity != canonical(config("rate=0")).identity


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_really_applied_is_in_the_curves(schedule, trials):
    words = ["schedule.patience=1", "train.lr=0.3"] if schedule == "plateau" else []
    (trial,) = trials(f"schedule={schedule}", *words, "rate=0.4", "seeds=1", "train.epochs=8", "model.hidden=[8]")
    (result,) = train_pack([trial], load("digits"))
    rates = [row["rate"] for row in result.curve]
    assert max(rates) <= 0.4
    rising, falling = rates == sorted(rates), rates == sorted(rates, reverse=True)
    assert {"annealed": falling, "early": falling}.get(schedule, rising)
    assert (len(set(rates)) > 1) == (schedule != "constant")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_test_time_form_takes_the_rate_of_the_weights_it_judges(schedule, trials):
    # Standard dropout multiplies by keep at test time; a jump of the rate must fall on the same side of both looks.
    words = [f"schedule={schedule}", "variant=standard", "rate=0.8", "train.epochs=6", "model.hidden=[32]", "seeds=3"]
    words += ["schedule.fraction=1"] if schedule in ("early", "late") else []
    stopping = ["regularizer=none,early_stopping", "regularizer.early_stopping=2"]
    every = trials(*words, *stopping)
    for trial, result in zip(every, train_pack(every, load("digits")), strict=True):
        stops = trial.point.regularizer == "early_stopping"
        epoch = result.measured["best_epoch"] if stops else result.measured["epochs_run"]
        assert result.measured["val_loss"] == pytest.approx(result.curve[epoch - 1]["val_loss"], rel=1e-5)


def test_a_jump_right_after_the_best_epoch(trials):
    words = ["variant=standard", "schedule=late", "rate=0.8", "train.epochs=10", "seeds=3", "train.lr=0.005"]
    every = trials(*words, "regularizer=early_stopping")
    for result in train_pack(every, load("digits")):
        best = result.measured["best_epoch"]
        assert result.measured["val_loss"] == pytest.approx(result.curve[best - 1]["val_loss"], rel=1e-5)


def test_what_is_dropped_is_counted_at_the_trials_own_sites(trials):
    words = ["model.hidden=[32,32]", "seeds=1", "train.epochs=2"]
    every = [*trials(*words, "rate=[0,0.5],[0.2,0.5],0.5"), *trials(*words, "rate=0.5", "input_rate=0.2")]
    for trial, packed in zip(every, train_pack(every, load("digits")), strict=True):
        (alone,) = train_pack([trial], load("digits"))
        assert packed.measured["drop_fraction"] == pytest.approx(alone.measured["drop_fraction"], abs=0.01)


def test_the_thinned_network_is_reckoned_only_where_units_fall(trials):
    def active(*words):
        (result,) = train_pack(trials(*words, "seeds=1", "train.epochs=1"), load("digits"))
        return result.measured["active_parameters"], result.measured["parameters"]

    small, size = active("rate=0.5")
    assert small < size
    assert active("variant=gaussian") == (size, size)
    assert active("variant=alpha")[0] == size
    assert active("variant=maxdropout")[0] is None
    assert active("variant=spatial", "model=cnn")[0] is None
    assert active("variant=none")[0] == size


def test_a_rate_that_would_do_nothing_is_refused(trials):
    for words, message in {
        ("variant=cutout", "input_rate=0.2"): "does not accept an input_rate",
        ("variant=alpha", "input_rate=0.2"): "does not accept an input_rate",
        ("variant=spatial", "model=cnn", "input_rate=0.2"): "does not accept an input_rate",
        ("variant=dropblock", "model=lstm", "input_rate=0.2"): "requires maps, but this network has only units",
        ("variant=block", "model=cnn", "rate=[0.1,0,0.5]"): "has no effect at block0; set the rate of these sites to 0",
    }.items():
        with pytest.raises(ConfigError, match=message):
            check_trials(trials(*words, "seeds=1"))
    check_trials(trials("variant=block", "model=cnn", "rate=[0,0,0.5]", "seeds=1"))


def test_what_selu_settles_is_no_part_of_a_trial(config):
    from dropout_lab.trial import canonical

    base = canonical(config("variant=alpha", "rate=0"))
    assert base.identity == canonical(config("variant=alpha", "rate=0", "schedule=linear")).identity
    assert base.identity == canonical(config("variant=alpha", "rate=0", "model.activation=tanh")).identity
    assert base.columns["model.activation"] == "selu"


def test_a_profile_is_its_list_of_rates(config):
    from dropout_lab.trial import canonical

    linear = canonical(config("profile=linear", "rate=0.3", "model.hidden=[8,8,8]"))
    assert linear.config.rate == [0.15, 0.3, 0.45]
    assert linear.identity == canonical(config("rate=[0.15,0.3,0.45]", "model.hidden=[8,8,8]")).identity
    falling = canonical(config("profile=falling", "rate=0.3", "model.hidden=[8,8,8]"))
    assert falling.config.rate == [0.45, 0.3, 0.15]
    for profile in ("linear", "falling"):
        with pytest.raises(ConfigError, match=rf"rate=0.8: must be below 0\.6666\S* under profile={profile} here"):
            config(f"profile={profile}", "rate=0.8", "model.hidden=[8,8,8]")
    with pytest.raises(ConfigError, match="requires a single rate"):
        config("profile=linear", "rate=[0.1,0.2]")


def stepped(every):
    """A pack after a step and the same pack before it, the parameters it had, its learning rate and its batch."""
    made, reference = (Pack(every, load("digits")) for _ in range(2))
    rows = made.feed.epoch(64)[0]
    reference.feed.epoch(64)
    start = {name: p.detach().clone() for name, p in made.params.items()}
    made.step(rows)
    return made, reference, start, made.optimizer.lr[0].item(), reference.feed.fetch(rows)


def test_r_drop_adds_the_divergence_of_two_passes(trials):
    """One step of SGD against the same two passes written out."""
    words = ["train=sgd", "model.hidden=[16]", "train.momentum=0", "rate=0.4", "variant=r_drop", "variant.kl_weight=3"]
    made, reference, start, lr, (x, y) = stepped(trials(*words, "seeds=2"))
    hook = TrainingHook(reference.noise, reference.params)
    a, b = (reference.model.forward(reference.params, x, hook) for _ in range(2))
    assert not torch.equal(a, b)
    p, q = a.softmax(2), b.softmax(2)
    apart = ((p * (p / q).log()).sum(2) + (q * (q / p).log()).sum(2)) / 2
    data = [nn.functional.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="none") for out in (a, b)]
    loss = (sum(data) / 2).view(2, -1).mean(1) + 3 * apart.mean(1)
    grads = torch.autograd.grad(loss.sum(), list(reference.params.values()))
    for (name, p), grad in zip(made.params.items(), grads, strict=True):
        torch.testing.assert_close(p.detach(), start[name] - lr * grad, rtol=3e-4, atol=1e-6)


def test_stochastic_depth_follows_the_linear_rule_unless_told_otherwise(config):
    def rates(*words):
        return config("variant=stochastic_depth", "model=resmlp", *words).site_rates

    assert rates("rate=0.4") == [0.1, 0.2, 0.3, 0.4]
    assert rates("rate=0.4", "profile=flat") == [0.4] * 4
    assert rates("rate=[0.4,0,0,0.2]") == [0.4, 0, 0, 0.2]
    assert config("model=resmlp", "rate=0.4").site_rates == [0.4] * 4


def test_plateau_raises_the_rate_when_the_validation_loss_stalls(trials):
    words = ["schedule=plateau", "schedule.steps=4", "schedule.patience=2", "rate=0.8", "train.epochs=12"]
    every = trials(*words, "train.lr=0.03,0.0001", "model.hidden=[16]", "seeds=1")
    climbed = []
    for trial, result in zip(every, train_pack(every, load("digits")), strict=True):
        best, waited, stalls = float("inf"), 0, 0
        for row in result.curve:
            assert row["rate"] == pytest.approx(0.2 * min(stalls + 1, 4)), trial.config.train.lr
            waited = 0 if row["val_loss"] < best else waited + 1
            best = min(best, row["val_loss"])
            if waited == 2:
                stalls, waited = stalls + 1, 0
        climbed.append(stalls)
    assert climbed[0] > climbed[1]


def test_trials_without_dropout_are_planned_beside_any_variant(trials):
    from dropout_lab.sweeps.plan import plan_packs

    every = trials("variant=dropconnect,none", "rate=0.3", "seeds=2")
    assert len(plan_packs(every, set(), [], lambda config: 10)) == 1
    apart = trials("variant=dropconnect", "variant.mask=example,batch", "rate=0.3", "seeds=2")
    assert len(plan_packs(apart, set(), [], lambda config: 10)) == 2


def test_a_picture_is_not_dropped_whole(trials):
    for variant in ("concrete", "spatial"):
        with pytest.raises(ConfigError, match="does not accept an input_rate on these images"):
            check_trials(trials(f"variant={variant}", "model=cnn", "input_rate=0.2", "seeds=1"))
    check_trials(trials("variant=concrete", "data=wine", "input_rate=0.2", "seeds=1"))
