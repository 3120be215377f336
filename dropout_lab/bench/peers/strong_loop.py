"""Optimized plain PyTorch loop: data as tensors, no DataLoader, a fused optimizer, all trials in one process.

It follows PyTorch's performance tuning guide for CPUs: gradients set to None, no gradients in evaluation, channels last
for convolutions, denormals flushed, no reading of tensor values inside an epoch.
"""

import time
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.task import Task, answer, divide, load, parse

LOOK = 8192  # batch size of evaluations


def main() -> None:
    """Train every trial, one after another."""
    task = parse()
    if task.threads:
        torch.set_num_threads(task.threads)
    torch.set_flush_denormal(True)
    images, classes, test = load(task)
    x, y = torch.from_numpy(images), torch.from_numpy(classes)
    if task.model == "cnn":
        x = x.to(memory_format=torch.channels_last)
    started = time.time()
    grid = product(task.seeds, task.rates, task.max_norms)
    parts = {seed: divide(task, seed, len(x), test) for seed in task.seeds}
    answer([train(task, rate, bound, seed, x, y, parts[seed]) for seed, rate, bound in grid], started)


def train(task: Task, rate: float, bound: float, seed: int, x: Tensor, y: Tensor, parts: tuple) -> float:
    """Train one network and return its accuracy on the test set."""
    torch.manual_seed(seed)
    model = network(task, rate)
    if task.model == "cnn":
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = optimizer_of(task, model)
    rows, val, test = (torch.from_numpy(part) for part in parts)
    for _ in range(task.epochs):
        model.train()
        order = rows[torch.randperm(len(rows))]
        for xs, ys in zip(x[order].split(task.batch_size), y[order].split(task.batch_size), strict=True):
            loss = cross_entropy(model(xs), ys)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if bound:
                project(model, bound)
        evaluate(model, x[val], y[val])
    return evaluate(model, x[test], y[test])[1]


def optimizer_of(task: Task, model: nn.Module) -> torch.optim.Optimizer:
    """Return the fused optimizer of a task."""
    if task.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=task.lr, momentum=task.momentum, fused=True)
    return torch.optim.Adam(model.parameters(), lr=task.lr, fused=True)


@torch.no_grad()
def project(model: nn.Module, bound: float) -> None:
    """Scale down the incoming weights of each unit whose norm exceeds the bound."""
    for weight in model.parameters():
        if weight.dim() > 1:
            norm = torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True)
            weight.mul_((bound / norm).clamp_(max=1))


@torch.inference_mode()
def evaluate(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return mean loss and accuracy."""
    model.eval()
    outs = torch.cat([model(part) for part in x.split(LOOK)])
    return float(cross_entropy(outs, y)), float((outs.argmax(1) == y).float().mean())


if __name__ == "__main__":
    main()
