"""Pure arithmetic behind the metrics: numbers in, numbers out."""
from .qa import accuracy, accuracy_by_group, majority

__all__ = ['accuracy', 'accuracy_by_group', 'majority']
