"""Declaration of settings and validation of their values.

Nothing in this package imports torch or omegaconf, so that every component can declare its options with it.
"""

from dropout_lab.settings.fields import Options, Setting, Spec, Validated, list_fields, option_values, setting
from dropout_lab.settings.validators import MOST

__all__ = ["MOST", "Options", "Setting", "Spec", "Validated", "list_fields", "option_values", "setting"]
