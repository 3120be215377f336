"""The schemas of ``conf/``: every setting with its type, range, default, CSV column and role.

Nothing in this package imports torch, so that an invalid command line is reported immediately.
"""

from dropout_lab.config.conditions import get_value, has_effect
from dropout_lab.config.data import DataConf
from dropout_lab.config.deprecated import (
    DEPRECATED,
    current_key,
    current_words,
    deprecations_as_notes,
    former_columns,
    update_columns,
    update_settings,
)
from dropout_lab.config.effects import effective_settings
from dropout_lab.config.infer import InferConf
from dropout_lab.config.lr_schedule import LRScheduleConf
from dropout_lab.config.models import (
    MODELS,
    CNNConf,
    CustomConf,
    GRUConf,
    LSTMConf,
    MLPConf,
    ModelConf,
    RecurrentConf,
    ResCNNConf,
    ResMLPConf,
    RNNConf,
    TransformerConf,
)
from dropout_lab.config.regularizers import RegularizerConf, regularizer_names, regularizer_of
from dropout_lab.config.schedule import ScheduleConf
from dropout_lab.config.schema import GROUPS, ROLES, Config, list_settings
from dropout_lab.config.training import TrainConf
from dropout_lab.config.variants import VariantConf

__all__ = [
    "DEPRECATED",
    "GROUPS",
    "MODELS",
    "ROLES",
    "CNNConf",
    "Config",
    "CustomConf",
    "DataConf",
    "GRUConf",
    "InferConf",
    "LRScheduleConf",
    "LSTMConf",
    "MLPConf",
    "ModelConf",
    "RNNConf",
    "RecurrentConf",
    "RegularizerConf",
    "ResCNNConf",
    "ResMLPConf",
    "ScheduleConf",
    "TrainConf",
    "TransformerConf",
    "VariantConf",
    "current_key",
    "current_words",
    "deprecations_as_notes",
    "effective_settings",
    "former_columns",
    "get_value",
    "has_effect",
    "list_settings",
    "regularizer_names",
    "regularizer_of",
    "update_columns",
    "update_settings",
]
