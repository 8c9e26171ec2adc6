"""Which components the package registers, and where."""
from typing import Any, Dict

import mmaction.registry
import mmengine.registry
from mmengine.registry import Registry

import meltr_mm.apis  # noqa: F401  registers everything

# Titles, in the order in which they are read; others follow.
TITLES = {
    'model': 'Models',
    'optim_wrapper': 'Optimiser wrappers',
    'optimizer wrapper constructor': 'Optimiser wrapper constructors',
    'task util': 'Inverse Hessians',
    'optimizer': 'Optimisers',
    'parameter scheduler': 'Parameter schedulers',
    'hook': 'Hooks',
    'dataset': 'Data sets',
    'transform': 'Transforms',
    'metric': 'Metrics',
    'inferencer': 'Inferencers',
}


def registered() -> Dict[str, Dict[str, Any]]:
    """Collect what ``meltr_mm`` registers in MMEngine's and MMAction2's.

    Returns:
        dict[str, dict[str, Any]]: Per registry, by the name of the registry,
        the classes and functions by the name in configs.
    """
    found: Dict[str, Dict[str, Any]] = {}
    for module in (mmaction.registry, mmengine.registry):
        for registry in vars(module).values():
            if not isinstance(registry, Registry):
                continue
            own = {name: thing
                   for name, thing in registry.module_dict.items()
                   if thing.__module__.startswith('meltr_mm.')}
            if own:
                found.setdefault(registry.name, {}).update(own)
    return found
