"""Derivatives of any torch module, evaluated without a trace.

passes evaluates a model again and again from the same start; tensor_lists has
its gradients, forward_mode its derivative along a direction of the weights,
products either one, whichever is cheaper. Nothing here knows of MELTR.
"""
