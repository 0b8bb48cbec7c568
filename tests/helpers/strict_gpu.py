"""A program that runs a TFLite file on LiteRT's GPU delegate alone, without help by the CPU.

python strict_gpu.py MODEL CROP.npy ANSWERS.npz

writes the outputs of all signatures as `<signature>/<output>`. If any operation is not for GPUs,
the runtime refuses the file, and the program ends with its error.
"""

import os
import sys
from pathlib import Path

import numpy as np

# Vulkan on the processor, SwiftShader, which Debian's package `chromium-common` holds.
FOLDERS = ("/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome")
DRIVER, LOADER = "vk_swiftshader_icd.json", "libvulkan.so.1"


def vulkan_environment():
    """What a process needs in its environment to find SwiftShader; None if it is not there."""
    for folder in map(Path, FOLDERS):
        if (folder / DRIVER).is_file() and (folder / LOADER).is_file():
            driver = str(folder / DRIVER)
            return {"VK_ICD_FILENAMES": driver, "LD_LIBRARY_PATH": str(folder)}
    return None


def run(model, crop, answers):
    from ai_edge_litert.compiled_model import CompiledModel, HardwareAccelerator

    compiled = CompiledModel.from_file(model, HardwareAccelerator.GPU)
    found = {}
    for signature, names in compiled.get_signature_list().items():
        (name,) = names["inputs"]
        given = compiled.create_input_buffer_by_name(signature, name)
        given.write(np.load(crop)[np.newaxis])
        details = compiled.get_output_tensor_details(signature)
        taken = {key: compiled.create_output_buffer_by_name(signature, key) for key in details}
        compiled.run_by_name(signature, {name: given}, taken)
        for key, buffer in taken.items():
            shape = tuple(details[key]["shape"])
            values = buffer.read(int(np.prod(shape)), np.float32)
            found[f"{signature}/{key}"] = np.reshape(values, shape)
    if not compiled.is_fully_accelerated():
        raise RuntimeError("some operations run on the CPU")
    np.savez(answers, **found)


if __name__ == "__main__":
    run(*sys.argv[1:])
    # Freeing the device ends some drivers with a crash, after everything is written.
    sys.stdout.flush()
    os._exit(0)
