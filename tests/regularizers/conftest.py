"""What the tests of regularizers share."""

import pytest
import torch

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers import NetworkInfo, PackChoice, build_stack
from dropout_lab.rng import Streams

CPU = torch.device("cpu")


@pytest.fixture
def made():
    """The regularizers of models that choose by keyword, ``{}`` for none; over a network with these weights."""

    def make(*models, weights=None, **scene):
        confs = [RegularizerConf(chosen=dict.fromkeys(_names(chosen), True), **chosen) for chosen in models]
        streams = [Streams(0, m) for m in range(len(models))]
        return build_stack(NetworkInfo(weights or {"a.weight": (1,)}, **scene), PackChoice(confs, streams, CPU))

    return make


def _names(chosen):
    from dropout_lab.config import regularizer_names

    return [name for name in chosen if name in regularizer_names()]
