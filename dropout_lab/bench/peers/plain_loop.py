"""PyTorch tutorial program: a data set with transforms, DataLoaders and a loop; one process trains one network."""

import time

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.task import Task, answer, divide, load, parse
from dropout_lab.data.torchvision_import import torchvision

torchvision()  # a torchvision built for CUDA cannot be imported with a CPU-only torch without this

from torchvision import datasets, transforms  # noqa: E402


class Digits(Dataset):
    """Digits of scikit-learn with a transform, like the data sets of torchvision."""

    def __init__(self, task: Task, transform: transforms.Compose):
        images, self.targets, _ = load(task)
        self.images, self.transform = images.transpose(0, 2, 3, 1), transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple:
        return self.transform(self.images[row]), self.targets[row]


def loaders(task: Task, seed: int) -> list[DataLoader]:
    """Return the DataLoaders of the training, validation and test sets."""
    transform = transforms.Compose([transforms.ToTensor()])
    if task.data == "mnist":
        train: Dataset = datasets.MNIST(task.root, train=True, transform=transform)
        test: Dataset = datasets.MNIST(task.root, train=False, transform=transform)
        rows, val, _ = divide(task, seed, len(train), torch.tensor([], dtype=torch.int64).numpy())  # type: ignore[arg-type]
        parts = [Subset(train, rows.tolist()), Subset(train, val.tolist()), test]
    else:
        digits = Digits(task, transform)
        parts = [Subset(digits, rows.tolist()) for rows in divide(task, seed, len(digits))]
    return [DataLoader(p, task.batch_size if i == 0 else 1000, shuffle=i == 0) for i, p in enumerate(parts)]


def main() -> None:
    """Train one network."""
    task = parse()
    (seed,), (rate,) = task.seeds, task.rates
    torch.manual_seed(seed)
    train_loader, val_loader, test_loader = loaders(task, seed)
    started = time.time()
    model = network(task, rate)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=task.lr)
    for _ in range(task.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
        evaluate(model, val_loader)
    answer([evaluate(model, test_loader)], started)


def evaluate(model: nn.Module, loader: DataLoader) -> float:
    """Return the accuracy."""
    model.eval()
    right, seen = 0, 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            seen += len(y)
    return right / seen


if __name__ == "__main__":
    main()
