"""The name of the program, and its ``--help`` page."""

PROGRAM = "dropout-lab"

HELP = f"""\
{PROGRAM}: train networks over grids of dropout rates and regularizers.

  {PROGRAM} sweep rate=0,0.3,0.5    train a grid of settings, 5 seeds per arm
  {PROGRAM} train rate=0.5          train one trial
  {PROGRAM} search arms=inverted    tune one arm by its validation score
  {PROGRAM} evaluate infer=HOW      uncertainty, calibration, deep ensembles
  {PROGRAM} table out=DIR           print the table of a sweep as text, md,
                                    latex, csv or html (format=)
  {PROGRAM} plot out=DIR x= y=      plot lines, curves, heat maps, ...
  {PROGRAM} report out=DIR          write an HTML report of a sweep or of all
                                    studies
  {PROGRAM} status out=DIR          show the progress of a sweep
  {PROGRAM} list [WHAT]             list data sets, models, variants,
                                    regularizers, settings, ...
  {PROGRAM} reproduce [STUDY ...]   reproduce published tables, compared with
                                    the published figures
  {PROGRAM} data list|get|check     list, download, verify public data sets
  {PROGRAM} check [out=DIR]         does this machine compute right? in less
                                    than a minute; --json for programs
  {PROGRAM} bench SUBJECT           compare speed with other programs

A setting is NAME=VALUE in Hydra's grammar; commas make it an axis of a sweep.
Results go to out= (results/sweep, results/train). Rerun an interrupted command
to continue it.

  --dry-run        print the plan with estimated time and memory
  --cfg job        print the composed settings
  --help           print this help, or after a command its options
  --version        print the version
  -sc install=bash print shell completion for bash, zsh or fish; activate it by
                   eval "$({PROGRAM} -sc install=bash)"

Exit status: 0 all trials ok; 1 some diverged or failed; 2 invalid command;
130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP (finished trials are
saved).
"""
