"""What a model calls at its places: the variant of a pack in its training-time form, and in its test-time form."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn.functional import relu

from dropout_lab.dropout.layer import LayerDropout
from dropout_lab.dropout.products import Product

if TYPE_CHECKING:
    from dropout_lab.dropout.noise import Noise

Params = Mapping[str, Tensor]


class Training:
    """The training-time form at every place of a model; see :meth:`Noise.training`."""

    training = True

    def __init__(self, noise: "Noise", params: Params):
        self._noise, self._params = noise, params

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x [M, ...], activations or recurrent weights, as the variant changes them at this place."""
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
        if noise._counts is not None:
            noise.teller(name, rate)(relu(x), out)
        return out

    def product(self, name: str, operation: Product, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights bear this name, as the variant changes it."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, LayerDropout)
        own = noise.learned(name, self._params)
        rate, told = noise.rates[name], noise.teller(name, noise.rates[name])
        return noise.variant.product(operation, x, weight, bias, rate, noise.random[name], own, told)


class Testing:
    """The test-time form at every place of a model; see :meth:`Noise.testing`."""

    training = False

    def __init__(self, noise: "Noise", params: Params):
        self._noise, self._params = noise, params

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

    def product(self, name: str, operation: Product, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights bear this name, at test time."""
        noise = self._noise
        if name not in noise.rates:
            return operation(x, weight, bias)
        assert isinstance(noise.variant, LayerDropout)
        return noise.variant.expected_product(operation, x, weight, bias, noise.rate(name, self._params))
