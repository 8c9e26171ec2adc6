"""What people use a trained model by."""
from .checkpoint import config_in, load_run_checkpoint

__all__ = ['config_in', 'load_run_checkpoint']
