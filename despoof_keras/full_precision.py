"""Models that were trained in half precision, to be used: TFLite has no convolution in bfloat16."""

FULL = "float32"


def in_float32(model):
    """The same model, computing in float32.

    Args:
        model: `Despoofer`, of any dtype policy.

    Returns:
        `model` itself where all its layers compute in float32, else a new `Despoofer`, not
        compiled, with its weights, averages and metadata.
    """
    layers = [layer for network in model.networks() for layer in network.layers]
    if all(layer.dtype_policy.name == FULL for layer in layers):
        return model
    exact = type(model).from_config(_with_full_policies(model.get_config()))
    for ours, theirs in zip(exact.networks(), model.networks(), strict=True):
        ours.set_weights(theirs.get_weights())
    for ours, theirs in zip(exact.averages, model.averages, strict=True):
        ours.assign(theirs)
    return exact


def _with_full_policies(config):
    """Keras' nested configuration with float32 for every dtype policy."""
    if isinstance(config, list):
        return [_with_full_policies(one) for one in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return FULL
    return {name: _with_full_policies(value) for name, value in config.items()}
