"""Token embeddings."""

import torch
from torch import Tensor
from torch.nn.functional import embedding

from dropout_lab.models.base import Parameter, Params

NAME = "embedding.weight"
PAD, OTHER = 0, 1  # symbols for padding and for tokens outside the vocabulary


def embedding_parameters(symbols: int, width: int) -> dict[str, Parameter]:
    """Return the parameters: one vector of ``width`` numbers per symbol."""
    return {NAME: Parameter((symbols, width), width)}


def embed(params: Params, x: Tensor) -> Tensor:
    """Return the vectors [M, B, T, D] of symbols x [M, B, T]; zeros for padding."""
    weight = params[NAME]
    models, symbols, _ = weight.shape
    # One lookup for all models in the concatenation of their tables.
    first = torch.arange(models, device=x.device).view(-1, 1, 1) * symbols
    return embedding(x + first, weight.flatten(0, 1)) * token_mask(x).unsqueeze(3)


def token_mask(x: Tensor) -> Tensor:
    """Return the mask [M, B, T] of the positions of x [M, B, T] that hold a token, not padding."""
    return x != PAD
