"""Parts of a training step compiled with XLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf


def compile_methods(
    instance: object, methods: Mapping[str, Sequence[keras.Variable]], enabled: bool
) -> None:
    """Put compiled functions in the place of some methods of an object, or take them away again.

    Args:
        instance: whose methods they are; each takes tensors and mappings of tensors by position.
        methods: name of each method, and the Keras variables that it assigns to: batch norm
            statistics and the states of dropout.
        enabled: compile; otherwise the methods are as their class defines them.
    """
    for name, assigned in methods.items():
        vars(instance).pop(name, None)
        if enabled:
            vars(instance)[name] = compiled(getattr(instance, name), assigned)


def compiled(function: Callable, assigned: Sequence[keras.Variable] = ()) -> Callable:
    """Compile a function; its assignments to variables take place outside the compiled code.

    XLA cannot compile an assignment to a variable that several replicas share.

    Args:
        function: of tensors and mappings of tensors.
        assigned: Keras variables that it assigns to.

    Returns:
        A function with the same arguments and results.
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
