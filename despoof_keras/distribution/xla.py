"""Parts of a training step compiled with XLA."""

import keras
import tensorflow as tf


def compiled(function, changed=()):
    """Compiles a function; what it assigns to variables is assigned outside of the compiled code.

    XLA cannot compile the assignment to a variable that several replicas share.

    Args:
        function: of tensors and mappings of tensors.
        changed: Keras variables that it assigns to, batch norm statistics and dropout's states.

    Returns:
        A function with the same arguments and results.
    """
    changed = list(changed)

    @tf.function(jit_compile=True, autograph=False)
    def pure(values, *arguments):
        with keras.StatelessScope(zip(changed, values, strict=True)) as scope:
            results = function(*arguments)
        return results, [scope.get_current_value(variable) for variable in changed]

    def call(*arguments):
        results, values = pure([variable.value for variable in changed], *arguments)
        for variable, value in zip(changed, values, strict=True):
            variable.assign(value)
        return results

    return call
