"""A network of the user's own as a model: its places, weights, buffers, and what is refused."""

import torch
from torch import nn

from dropout_lab.dropout import MAPS, STEPS, UNITS
from dropout_lab.models import PlainHook
from dropout_lab.models.custom import Custom
from dropout_lab.rng import Streams

CPU = torch.device("cpu")
SHAPE, OUTPUTS = (1, 8, 8), 5


def custom(make):
    return Custom(SHAPE, OUTPUTS, make, "nets:make")


def sequence(*layers):
    return lambda shape, outputs: nn.Sequential(*layers)


class Marking(PlainHook):
    """Adds one at every place, and notes what was there."""

    def __init__(self, training=False):
        self.training, self.seen = training, {}

    def __call__(self, name, x):
        self.seen.setdefault(name, []).append(tuple(x.shape))
        return x + 1


class Reader(nn.Module):
    """Rows as time steps; a convolution over time beside the recurrence."""

    def __init__(self, shape, outputs):
        super().__init__()
        self.input = nn.Dropout(0.9)
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.between = nn.Dropout(0.9)
        self.conv = nn.Conv1d(6, 4, 3, padding=1)
        self.channels = nn.Dropout1d(0.9)
        self.out = nn.Linear(4, outputs)

    def forward(self, x):
        h = self.between(self.lstm(self.input(x.squeeze(1)))[0])
        return self.out(self.channels(self.conv(h.transpose(1, 2))).mean(2))


def test_each_dropout_is_a_place_in_order_with_the_layout_of_what_reaches_it():
    model = custom(
        sequence(
            nn.Conv2d(1, 3, 3, padding=1), nn.Dropout2d(), nn.Dropout(), nn.Flatten(), nn.AlphaDropout(),
            nn.Linear(192, OUTPUTS),
        )
    )  # fmt: skip
    assert {name: (place.layout, place.depth) for name, place in model.places.items()} == {
        "input": (MAPS, None), "1": (MAPS, 0), "2": (MAPS, 1), "4": (UNITS, 2)
    }  # fmt: skip
    assert model.sites == ("1", "2", "4")
    assert model.depth == 3
    reader = custom(Reader)
    assert [(name, place.layout) for name, place in reader.places.items()][1:] == [
        ("input module", STEPS), ("between", STEPS), ("channels", STEPS)
    ]  # fmt: skip


def test_the_hook_stands_where_the_dropout_stood_and_its_own_rate_is_nothing():
    model = custom(Reader)
    params = model.init([Streams(0, 1)], CPU)
    x = torch.randn(1, 7, *SHAPE)
    for training in (False, True):
        hook = Marking(training)
        out = model.forward(params, x, hook)
        assert hook.seen == {
            "input": [(1, 7, 1, 8, 8)],
            "input module": [(1, 7, 8, 8)],
            "between": [(1, 7, 8, 6)],
            "channels": [(1, 7, 8, 4)],  # features last, so that a channel falls over all steps
        }
        plain = Reader(SHAPE, OUTPUTS)
        plain.load_state_dict({n: p[0] for n, p in params.items()})
        for name in ("input", "between", "channels"):
            plain.get_submodule(name).forward = lambda h: h + 1
        torch.testing.assert_close(out[0], plain(x[0] + 1))
    assert not torch.equal(out, model.forward(params, x, PlainHook()))


def test_seeds_differ_repeat_and_leave_torchs_generator_alone():
    model = custom(Reader)
    state = torch.get_rng_state()
    first, again, other = (model.init([Streams(0, seed)], CPU) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in first.items():
        assert torch.equal(value, again[name])
        assert not torch.equal(value, other[name])
    torch.manual_seed(Streams(0, 1).key("init") % 2**63)
    for name, value in Reader(SHAPE, OUTPUTS).named_parameters():
        assert torch.equal(value, first[name][0]), "the module's own initialisation"


def test_the_users_object_is_not_touched():
    mine = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(0.3), nn.Linear(64, OUTPUTS))
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    model = custom(lambda shape, outputs: mine)
    params = {n: p.requires_grad_(n not in model.fixed) for n, p in model.init([Streams(0, 0)], CPU).items()}
    model.forward(params, torch.randn(1, 9, *SHAPE), Marking(training=True)).sum().backward()
    assert isinstance(mine[2], nn.Dropout)
    assert mine[2].p == 0.3
    assert mine.training
    assert all(torch.equal(value, before[name]) for name, value in mine.state_dict().items())
    assert all(p.grad is None for p in mine.parameters())


def test_buffers_follow_training_and_serve_evaluation():
    class Counting(nn.Module):
        """Running statistics written in place, and a buffer that is put in anew."""

        def __init__(self, shape, outputs):
            super().__init__()
            self.norm, self.drop, self.out = nn.BatchNorm1d(64), nn.Dropout(), nn.Linear(64, outputs)
            self.register_buffer("seen", torch.tensor(0))

        def forward(self, x):
            self.seen = self.seen + len(x) * self.training
            return self.out(self.drop(self.norm(x.flatten(1))))

    model = custom(Counting)
    params = model.init([Streams(0, 0)], CPU)
    assert model.fixed == {"norm.running_mean", "norm.running_var", "norm.num_batches_tracked", "seen"}
    assert model.size == 64 + 64 + 64 * OUTPUTS + OUTPUTS
    plain = Counting(SHAPE, OUTPUTS)
    plain.drop = nn.Identity()
    plain.load_state_dict({n: p[0] for n, p in params.items()})
    for batch in torch.randn(3, 10, *SHAPE):
        torch.testing.assert_close(model.forward(params, batch[None], _training())[0], plain(batch))
    plain.eval()
    probe = torch.randn(4, *SHAPE)
    kept = {n: p.clone() for n, p in params.items()}
    torch.testing.assert_close(model.forward(params, probe[None], PlainHook())[0], plain(probe))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(params[name][0], value)
        assert torch.equal(params[name], kept[name]), "evaluation writes nothing"
    assert params["seen"].item() == 30


def _training():
    hook = PlainHook()
    hook.training = True
    return hook


def test_weights_that_regularizers_act_on():
    class Many(nn.Module):
        def __init__(self, shape, outputs):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
            self.lstm, self.attend = nn.LSTM(6, 8), nn.MultiheadAttention(8, 2)
            self.frozen, self.drop, self.out = nn.Linear(2, 2), nn.Dropout(), nn.Linear(144, outputs)
            self.frozen.requires_grad_(False)

        def forward(self, x):
            return self.out(self.drop(self.norm(self.conv(x)).flatten(1)))

    model = custom(Many)
    assert model.weights == {
        "conv.weight": (2, 3, 4),
        "lstm.weight_ih_l0": (2,),
        "lstm.weight_hh_l0": (2,),
        "attend.in_proj_weight": (2,),
        "attend.out_proj.weight": (2,),
        "out.weight": (2,),
    }
    assert {"frozen.weight", "frozen.bias"} <= model.fixed


def test_a_dropout_used_twice_is_one_place_and_one_that_is_never_called_is_none():
    shared, idle = nn.Dropout(), nn.Dropout()

    class Twice(nn.Module):
        def __init__(self, shape, outputs):
            super().__init__()
            self.idle, self.first, self.again = idle, shared, shared
            self.hidden, self.out = nn.Linear(64, 9), nn.Linear(9, outputs)

        def forward(self, x):
            return self.out(self.again(self.hidden(self.first(x.flatten(1)))))

    model = custom(Twice)
    assert model.sites == ("first",)
    hook = Marking()
    model.forward(model.init([Streams(0, 0)], CPU), torch.randn(1, 4, *SHAPE), hook)
    assert hook.seen["first"] == [(1, 4, 64), (1, 4, 9)]


def test_an_encoder_layer_does_not_pass_by_its_places_in_evaluation():
    model = custom(
        sequence(
            nn.Flatten(1, 2), nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), nn.Flatten(),
            nn.Linear(64, OUTPUTS),
        )
    )  # fmt: skip
    assert model.sites == ("1.dropout", "1.dropout1", "1.dropout2")
    hook = Marking()
    with torch.inference_mode():
        model.forward(model.init([Streams(0, 0)], CPU), torch.randn(1, 4, *SHAPE), hook)
    assert hook.seen.keys() == model.places.keys()


def test_lazy_layers_take_their_sizes_from_the_data():
    model = custom(sequence(nn.Flatten(), nn.LazyLinear(7), nn.Dropout(), nn.Linear(7, OUTPUTS)))
    assert model.size == 64 * 7 + 7 + 7 * OUTPUTS + OUTPUTS


def test_what_a_mask_takes_out_is_not_known():
    model = custom(Reader)
    assert model.active_size({"between": 0.0}) == model.size
    assert model.active_size({"between": 0.5}) is None
