"""The schemas over ``conf/``: every setting with its type, range, default, CSV column and role.

Nothing here imports torch, so a wrong word on the command line is answered at once.
"""

from dropout_lab.config.data import DataConf
from dropout_lab.config.infer import InferConf
from dropout_lab.config.models import (
    MODELS,
    CNNConf,
    CustomConf,
    LSTMConf,
    MLPConf,
    ModelConf,
    ResCNNConf,
    ResMLPConf,
    TransformerConf,
)
from dropout_lab.config.regularizers import RegularizerConf, regularizer_names, regularizer_of
from dropout_lab.config.training import TrainConf
from dropout_lab.config.variants import ScheduleConf, VariantConf
from dropout_lab.config.whole import GROUPS, Config, applies, settings_table, value_at

__all__ = [
    "GROUPS",
    "MODELS",
    "CNNConf",
    "Config",
    "CustomConf",
    "DataConf",
    "InferConf",
    "LSTMConf",
    "MLPConf",
    "ModelConf",
    "RegularizerConf",
    "ResCNNConf",
    "ResMLPConf",
    "ScheduleConf",
    "TrainConf",
    "TransformerConf",
    "VariantConf",
    "applies",
    "regularizer_names",
    "regularizer_of",
    "settings_table",
    "value_at",
]
