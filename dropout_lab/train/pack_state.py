"""State of a pack in the middle of an epoch, from which its training continues to the bit."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from dropout_lab.train.pack import Pack, UpdatePosition


def capture_pack(pack: Pack) -> dict[str, Any]:
    """Return all that the next steps of a pack depend on, for :func:`resume_pack`.

    The rates of the dropout variant are not part of it: they follow from the training progress before each step.
    """
    return {
        "params": {name: p.detach() for name, p in pack.params.items()},
        "optimizer": pack.optimizer.state_dict(),
        "noise": pack.noise.state_dict(),
        "regularizers": pack.regularizers.state_dict(),
        "feed": pack.feed.state_dict(),
        "hidden": None if pack.state is None else list(pack.state),
        "position": list(pack.position),
    }


def resume_pack(pack: Pack, state: Mapping[str, Any]) -> Sequence[Tensor]:
    """Set a new pack of the same models to a captured state.

    Args:
        pack: the pack, without the models that had left it.
        state: output of :func:`capture_pack`.

    Returns:
        The rows of all batches of the interrupted epoch, [M, B] each.
    """
    for name, p in pack.params.items():
        p.detach().copy_(state["params"][name])
    pack.optimizer.load_state_dict(state["optimizer"])
    pack.noise.load_state_dict(state["noise"])
    pack.regularizers.load_state_dict(state["regularizers"])
    pack.feed.load_state_dict(state["feed"])
    device = pack.optimizer.lr.device
    pack.state = None if state["hidden"] is None else tuple(part.to(device) for part in state["hidden"])
    pack.position = UpdatePosition(*state["position"])
    return pack.batches()
