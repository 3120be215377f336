"""Networks of the PyTorch peers, built from torch.nn modules."""

from torch import Tensor, nn

from dropout_lab.bench.peers.task import Task

CLASSES = 10


class Rows(nn.Module):
    """LSTM over the rows of an image [B, 1, H, W], with dropout on its last state."""

    def __init__(self, width: int, units: int, rate: float):
        super().__init__()
        self.lstm = nn.LSTM(width, units, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(rate), nn.Linear(units, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x.squeeze(1))[0][:, -1])


def network(task: Task, rate: float) -> nn.Module:
    """Return the network of a task, with nn.Dropout after each hidden layer."""
    side = 8 if task.data == "digits" else 28
    if task.model == "lstm":
        return Rows(side, task.units, rate)
    layers: list[nn.Module] = []
    width, hidden = 1, task.hidden
    if task.model == "cnn":
        for channels in task.channels:
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(rate)]
            width, side = channels, side // 2
        hidden = task.head
    layers.append(nn.Flatten())
    width *= side**2
    for units in hidden:
        layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(rate)]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, CLASSES))
