"""JAX program that trains all trials at once: a step under vmap over the trials, an epoch in lax.scan under jit."""

import time
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dropout_lab.bench.peers.task import answer, divide, load, parse

CLASSES = 10
Params = list[tuple[jax.Array, jax.Array]]


def init(key: jax.Array, widths: list[int]) -> Params:
    """Return weights and biases, uniform within 1/sqrt(fan_in) as in torch.nn.Linear."""
    params = []
    for fan_in, fan_out in pairwise(widths):
        key, *keys = jax.random.split(key, 3)
        bound = fan_in**-0.5
        shapes = [(fan_in, fan_out), (fan_out,)]
        w, b = (jax.random.uniform(k, s, minval=-bound, maxval=bound) for k, s in zip(keys, shapes, strict=True))
        params.append((w, b))
    return params


def forward(params: Params, x: jax.Array, rate: jax.Array, key: jax.Array | None) -> jax.Array:
    """Return the outputs [B, K] for x [B, D], with dropout if a key is given."""
    for weight, bias in params[:-1]:
        x = jax.nn.relu(x @ weight + bias)
        if key is not None:
            key, own = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(own, 1 - rate, x.shape), x / (1 - rate), 0)
    weight, bias = params[-1]
    return x @ weight + bias


def loss(params: Params, x: jax.Array, y: jax.Array, rate: jax.Array, key: jax.Array | None) -> jax.Array:
    """Return the mean cross-entropy."""
    return optax.softmax_cross_entropy_with_integer_labels(forward(params, x, rate, key), y).mean()


def trial_epoch(
    optimizer: Any, batch: int, x: jax.Array, y: jax.Array, state: Any, rows: jax.Array, val: jax.Array, rate: jax.Array
) -> tuple[Any, jax.Array]:
    """Train one trial for one epoch; return its new state and its loss on the validation set."""

    def step(state: Any, own: jax.Array) -> tuple[Any, jax.Array]:
        params, moments, key = state
        key, mask = jax.random.split(key)
        value, grads = jax.value_and_grad(loss)(params, x[own], y[own], rate, mask)
        updates, moments = optimizer.update(grads, moments, params)
        return (optax.apply_updates(params, updates), moments, key), value

    params, moments, key = state
    key, mine = jax.random.split(key)
    order = jax.random.permutation(mine, rows)
    full = len(rows) // batch * batch
    state, _ = jax.lax.scan(step, (params, moments, key), order[:full].reshape(-1, batch))
    if full < len(rows):  # the last, smaller batch
        state, _ = step(state, order[full:])
    return state, loss(state[0], x[val], y[val], rate, None)


def main() -> None:
    """Train all trials at once."""
    task = parse()
    images, classes, official = load(task)
    x, y = jnp.asarray(images.reshape(len(images), -1)), jnp.asarray(classes)
    started = time.time()
    grid = [(rate, seed) for rate in task.rates for seed in task.seeds]
    parts = [divide(task, seed, len(x), official) for _, seed in grid]
    rows, val, test = (jnp.asarray(np.stack(part)) for part in zip(*parts, strict=True))
    rates, keys = jnp.array([rate for rate, _ in grid]), jnp.stack([jax.random.key(seed) for _, seed in grid])
    optimizer = optax.adam(task.lr)

    def start(key: jax.Array) -> Any:
        params = init(key, [x.shape[1], *task.hidden, CLASSES])
        return params, optimizer.init(params), key

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any) -> tuple[Any, jax.Array]:
        own = partial(trial_epoch, optimizer, task.batch_size, x, y)
        return jax.vmap(own)(state, rows, val, rates)

    state = jax.jit(jax.vmap(start))(keys)
    before = time.time()
    compiled = epoch.lower(state).compile()
    seconds = time.time() - before
    for _ in range(task.epochs):
        state, _ = compiled(state)
    right = jax.jit(jax.vmap(lambda p, own: (forward(p, x[own], jnp.zeros(()), None).argmax(1) == y[own]).mean()))
    answer([float(score) for score in right(state[0], test)], started, compiling=seconds)


if __name__ == "__main__":
    main()
