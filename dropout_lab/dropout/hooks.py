"""What a model calls at its places in one pass: the variant's training-time or its test-time form."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torch.nn.functional import relu

from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.pack_dropout import PackDropout, Params
from dropout_lab.dropout.weight_dropout import WeightDropout, ignore


class TrainingHook:
    """The training-time form at every site of a model, as the model calls it in a training pass."""

    training = True

    def __init__(self, noise: PackDropout, params: Params):
        self._noise, self._params = noise, params
        self.holds, self.per_gate = noise.holds, noise.per_gate

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """The factors at a place inside a recurrent layer or a text, of this shape [M, ...] but 1 along axes that share
        them; None for no dropout."""
        noise = self._noise
        if name not in noise.rates:
            return None
        assert noise.variant is not None
        layout, rate = noise.places[name].layout, noise.rates[name]
        shared = noise.variant.shared.get(layout, ())
        ones = like.new_ones([1 if axis - len(shape) in shared else size for axis, size in enumerate(shape)])
        out = noise.variant.sample(ones, rate, noise.random[name], layout)
        noise.teller(name, rate)(ones, out)
        return out

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x [M, ...], activations or recurrent weights, as the variant changes them at this place."""
        out = self._changed(name, x)
        self._noise.charge(name, x, out)
        return out

    def _changed(self, name: str, x: Tensor) -> Tensor:
        noise = self._noise
        if name not in noise.rates:
            return x
        assert noise.variant is not None
        noise.saw(name, x)
        rate = noise.rate(name, self._params)
        out = noise.variant.sample(x, rate, noise.random[name], noise.places[name].layout)
        noise.teller(name, rate)(x, out)
        return out

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations of x [M, ...], as the variant changes them at this place."""
        noise = self._noise
        if name not in noise.rates or activation is not relu:
            return self(name, activation(x))
        assert noise.variant is not None
        noise.saw(name, x)
        rate = noise.rate(name, self._params)
        out = noise.variant.rectified(x, rate, noise.random[name], noise.places[name].layout)
        tell = noise.teller(name, rate)
        if tell is not ignore:
            tell(relu(x), out)
        return out

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights bear this name, as the variant changes it."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, WeightDropout)
        own = noise.learned(name, self._params)
        rate, told = noise.rates[name], noise.teller(name, noise.rates[name])
        return noise.variant.product(operation, x, weight, bias, rate, noise.random[name], own, told)


class EvalHook:
    """The test-time form at every site of a model, as the model calls it in the deterministic network."""

    training = False
    per_gate = False

    def __init__(self, noise: PackDropout, params: Params):
        self._noise, self._params = noise, params
        self.holds = noise.holds

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """The expected factor at a place inside a recurrent layer or a text, [M, 1, ...]; None if that is 1."""
        noise = self._noise
        if name not in noise.rates:
            return None
        assert noise.variant is not None
        ones = like.new_ones([shape[0], *[1] * (len(shape) - 1)])
        out = noise.variant.expected(ones, noise.rates[name])
        return None if out is ones else out

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x [M, ...] as the variant changes it at this place at test time."""
        noise = self._noise
        if name not in noise.rates:
            return x
        assert noise.variant is not None
        return noise.variant.expected(x, noise.rate(name, self._params))

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations of x [M, ...] as the variant changes them at this place at test time."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights bear this name, at test time."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, WeightDropout)
        return noise.variant.expected_product(operation, x, weight, bias, noise.rate(name, self._params))
