"""Derivatives of any torch module, evaluated without a trace.

passes evaluates a model as often as one likes from the same start;
forward_mode gives its derivative along a direction of the weights;
tensor_lists its gradients. Nothing here knows of tasks or of MELTR.
"""
