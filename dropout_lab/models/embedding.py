"""Tables of vectors for the symbols of a text."""

import torch
from torch import Tensor
from torch.nn.functional import embedding

from dropout_lab.models.base import Parameter, Params

NAME = "embedding.weight"
PAD, OTHER = 0, 1  # the symbols for no token, and for any token that the model does not know


def embedding_parameters(symbols: int, width: int) -> dict[str, Parameter]:
    """The parameters: a vector of ``width`` numbers for each symbol."""
    return {NAME: Parameter((symbols, width), width)}


def embed(params: Params, x: Tensor) -> Tensor:
    """The vectors [M, B, T, D] of symbols x [M, B, T]; zero where there is no token."""
    weight = params[NAME]
    models, symbols, _ = weight.shape
    # One lookup for all models, in tables laid one after the other.
    first = torch.arange(models, device=x.device).view(-1, 1, 1) * symbols
    return embedding(x + first, weight.flatten(0, 1)) * token_mask(x).unsqueeze(3)


def token_mask(x: Tensor) -> Tensor:
    """Which places of x [M, B, T] hold a token."""
    return x != PAD
