"""The name of the program, and its ``--help`` page."""

PROGRAM = "dropout-lab"
# Options of the commands that train.
RUN_OPTIONS = """\
  --quiet          print nothing but the path of the table, and errors
  --json           print one JSON object; messages go to standard error
  --fail-on LIST   what gives exit status 1: diverged, failed (both are the
                   default), contradicted (for reproduce), or none"""

HELP = f"""\
{PROGRAM}: train networks over grids of dropout rates and regularizers.

  {PROGRAM} sweep rate=0,0.3,0.5    every combination of axes, 5 seeds each
  {PROGRAM} train rate=0.5          one trial
  {PROGRAM} search arms=inverted    the best settings of one arm by validation
  {PROGRAM} evaluate infer=HOW      uncertainty, calibration, ensembles
  {PROGRAM} table out=DIR           the table of a sweep once more, from its
                                    files; format=text|md|latex|csv|html
  {PROGRAM} plot out=DIR x= y=      a figure: lines, curves, heat map, ...
  {PROGRAM} report out=DIR          a page about a sweep, or about all studies
  {PROGRAM} status out=DIR          packs in training: epoch, loss, time left;
                                    --json for programs
  {PROGRAM} list [WHAT]             available choices: data, model, variant,
                                    schedule, regularizer, train, lr_schedule,
                                    settings, ...
  {PROGRAM} reproduce [STUDY ...]   tables of the literature: published figure
                                    next to the measured one, with a verdict
  {PROGRAM} data list|get|check     list, download, verify public data sets
  {PROGRAM} bench SUBJECT           compare speed with other programs

A setting is NAME=VALUE in Hydra's grammar; commas make it an axis of a sweep.
Results go to out= (results/sweep, results/train); the same command again continues
where it stopped.

  --dry-run        print the plan with estimated time and memory
  --cfg job        the composed settings
{RUN_OPTIONS}
  --help           after a command: its settings
  --version        the version
  -sc install=bash shell completion, also for zsh and fish:
                   eval "$({PROGRAM} -sc install=bash)"

Exit status: 0 all trials ok; 1 some diverged or failed; 2 the command is wrong;
3 the time of max_minutes= is over, and the same command continues;
130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP: finished trials are
saved.
"""
