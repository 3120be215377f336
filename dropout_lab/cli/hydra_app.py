"""The Hydra application that runs the words of a command."""

import os
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO

from dropout_lab.cli.flags import fold_lines
from dropout_lab.cli.hydra_guard import guarded_plugins, is_raised_by_hydra
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError


def render_page(flags: list[str], settings: list[str]) -> str:
    """Return a page that Hydra prints before it exits, such as its help."""
    from dropout_lab.config.compose import to_hydra
    from dropout_lab.sweeps.grid import expand_grid

    flags = [flag for flag in flags if flag not in ("--dry-run", "--multirun", "-m")]
    with redirect_stdout(StringIO()) as page, suppress(SystemExit):  # Hydra exits after some of these pages
        run_hydra([*flags, *to_hydra(expand_grid(settings)[0])])
    text = page.getvalue().rstrip()
    return fold_lines(text) if {"--help", "-h"} & set(flags) else text


def run_hydra(words: list[str]) -> None:
    """Run ``hydra.main`` on the words, and raise its errors as one line.

    Raises:
        ConfigError: Hydra or OmegaConf rejected the words.
    """
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from dropout_lab.cli.hydra_job import run_job
    from dropout_lab.config.compose import CONF, to_config_error
    from dropout_lab.config.plugins import enable_plugins

    enable_plugins()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise its errors instead of printing them
    sys.argv = [PROGRAM, *words]
    try:
        with guarded_plugins():
            hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(run_job)()
    except (HydraException, OmegaConfBaseException, YAMLError, UnicodeDecodeError) as error:
        raise to_config_error(error) from None
    except ConfigError:
        raise
    except Exception as error:
        if not is_raised_by_hydra(error):
            raise
        reason = " ".join(f"{type(error).__name__} {error}".split())[:200]
        raise ConfigError(f"Hydra cannot use a flag or a setting hydra.* of this command ({reason})") from None
