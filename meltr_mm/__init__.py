"""MELTR for MMAction2: learn how to combine the losses you fine-tune with.

``custom_imports = dict(imports=['meltr_mm'], allow_failed_imports=False)`` in
a config is all that is needed: importing the package applies the shims of
:mod:`meltr_mm.compat` and registers every component in MMAction2's
registries.
"""
from . import compat
from .version import __version__

# Before anything else: it says what is not installed.
compat.apply()

from . import (  # noqa: E402,F401
    combiners,
    config,
    datasets,
    evaluation,
    health,
    inverse_hessian,
    meltr,
    models,
    optim,
    resume,
    run_log,
    task_weight_plot_hook,
)

config.install()

__all__ = ['__version__']
