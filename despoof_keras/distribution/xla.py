"""Compilation of parts of a training step with XLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf


def compile_methods(
    instance: object, methods: Mapping[str, Sequence[keras.Variable]], enabled: bool
) -> None:
    """Replace some methods of an object by compiled functions, or restore the methods.

    Args:
        instance: object whose methods take tensors and mappings of tensors by position.
        methods: mapping from each method's name to the Keras variables that it assigns to: batch
            norm statistics and the states of dropout.
        enabled: whether to compile; otherwise the methods are those of the class.
    """
    for name, assigned in methods.items():
        vars(instance).pop(name, None)
        if enabled:
            vars(instance)[name] = compile_function(getattr(instance, name), assigned)


def compile_function(function: Callable, assigned: Sequence[keras.Variable] = ()) -> Callable:
    """Compile a function with XLA, except for its assignments to variables.

    The assignments run outside the compiled code, because XLA cannot compile an assignment to a
    variable that several replicas share.

    Args:
        function: function of tensors and mappings of tensors.
        assigned: Keras variables that the function assigns to.

    Returns:
        Function with the same arguments and results.
    """
    assigned = list(assigned)

    @tf.function(jit_compile=True, autograph=False)
    def pure(values, *arguments):
        with keras.StatelessScope(zip(assigned, values, strict=True)) as scope:
            results = function(*arguments)
        return results, [scope.get_current_value(variable) for variable in assigned]

    def call(*arguments):
        results, values = pure([variable.value for variable in assigned], *arguments)
        for variable, value in zip(assigned, values, strict=True):
            variable.assign(value)
        return results

    return call
