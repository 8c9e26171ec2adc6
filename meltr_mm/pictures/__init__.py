"""Pictures of what MELTR does, as matplotlib figures.

Reading a run (:mod:`run_history`) is apart from drawing it, so that the hook,
the command ``tools/analysis/plot_meltr.py`` and anybody's notebook draw the
same figures.
"""
from .draw_history import draw_history, save_figure, to_image
from .run_history import (
    Curve,
    RunHistory,
    best_metric,
    history_of_checkpoint,
    history_of_hub,
    history_of_logs,
)
from .transformation import (
    Transformation,
    draw_transformation,
    learnt_transformation,
)

__all__ = [
    'Curve', 'RunHistory', 'Transformation', 'best_metric', 'draw_history',
    'draw_transformation', 'history_of_checkpoint', 'history_of_hub',
    'history_of_logs', 'learnt_transformation', 'save_figure', 'to_image'
]
