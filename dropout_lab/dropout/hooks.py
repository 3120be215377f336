"""Hooks that a model calls at its sites during a pass: the training-time and the test-time form of a variant."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torch.nn.functional import relu

from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.pack_dropout import PackDropout, Params
from dropout_lab.dropout.weight_dropout import WeightDropout, ignore


class TrainingHook:
    """Training-time form of the variant at the sites of a model."""

    training = True

    def __init__(self, noise: PackDropout, params: Params):
        self._noise, self._params = noise, params
        self.carries_previous, self.per_gate = noise.carries_previous, noise.per_gate

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return the drop mask, as factors, of a site inside a recurrent layer or a text.

        Args:
            name: site.
            shape: shape [M, ...] of the site's tensor.
            like: tensor with the dtype and device of the mask.

        Returns:
            tensor of this shape, with size 1 along shared axes; None if the site has no dropout.
        """
        noise = self._noise
        if name not in noise.rates:
            return None
        assert noise.variant is not None
        layout, rate = noise.places[name].layout, noise.rates[name]
        shared = noise.variant.shared.get(layout, ())
        ones = like.new_ones([1 if axis - len(shape) in shared else size for axis, size in enumerate(shape)])
        out = noise.variant.sample(ones, rate, noise.random[name], layout)
        noise.observer(name, rate)(ones, out)
        return out

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Apply dropout at a site to x [M, ...], activations or recurrent weights."""
        out = self._changed(name, x)
        self._noise.record_state_penalty(name, x, out)
        return out

    def _changed(self, name: str, x: Tensor) -> Tensor:
        noise = self._noise
        if name not in noise.rates:
            return x
        assert noise.variant is not None
        noise.record_width(name, x)
        rate = noise.rate(name, self._params)
        out = noise.variant.sample(x, rate, noise.random[name], noise.places[name].layout)
        noise.observer(name, rate)(x, out)
        return out

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Apply the activation function to x [M, ...], then dropout at the site."""
        noise = self._noise
        if name not in noise.rates or activation is not relu:
            return self(name, activation(x))
        assert noise.variant is not None
        noise.record_width(name, x)
        rate = noise.rate(name, self._params)
        out = noise.variant.rectified(x, rate, noise.random[name], noise.places[name].layout)
        observe = noise.observer(name, rate)
        if observe is not ignore:
            observe(relu(x), out)
        return out

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply the layer with the weights of this name, with dropout of its weights."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, WeightDropout)
        own = noise.learned(name, self._params)
        rate, observer = noise.rates[name], noise.observer(name, noise.rates[name])
        return noise.variant.product(operation, x, weight, bias, rate, noise.random[name], own, observer)


class EvalHook:
    """Test-time form of the variant at the sites of a model, for the deterministic network."""

    training = False
    per_gate = False

    def __init__(self, noise: PackDropout, params: Params):
        self._noise, self._params = noise, params
        self.carries_previous = noise.carries_previous

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return the expected mask [M, 1, ...] of a site inside a recurrent layer or a text; None if it is 1."""
        noise = self._noise
        if name not in noise.rates:
            return None
        assert noise.variant is not None
        ones = like.new_ones([shape[0], *[1] * (len(shape) - 1)])
        out = noise.variant.expected(ones, noise.rates[name])
        return None if out is ones else out

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Apply the test-time form at a site to x [M, ...]."""
        noise = self._noise
        if name not in noise.rates:
            return x
        assert noise.variant is not None
        return noise.variant.expected(x, noise.rate(name, self._params))

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Apply the activation function to x [M, ...], then the test-time form at the site."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Apply the layer with the weights of this name in its test-time form."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, WeightDropout)
        return noise.variant.expected_product(operation, x, weight, bias, noise.rate(name, self._params))
