"""Make the model inside the package from a run on the embedded set.

python recipes/train_oulu.py
python recipes/make_demonstration.py --run runs/p1-seed0
"""

import json
import sys
import tempfile
from pathlib import Path

from despoof_keras.datasets.arguments import add_processes_argument
from despoof_keras.errors import DataError
from despoof_keras.utils.programs import run_script, script_parser, start_tensorflow

VARIANT = "float16"
# The package is installed on phones, too.
MOST_BYTES = 300 * 1024
LICENCE = "MIT"
VERSION = "demonstration, trained on synthetic faces alone: never to be relied on"


def parse_arguments(arguments=None):
    parser = script_parser(__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder that train_oulu.py left")
    add_processes_argument(parser)
    return parser.parse_args(arguments)


def run(options):
    start_tensorflow()
    from despoof_keras.export.calibration import labelled_data
    from despoof_keras.export.tflite_files import export_tflite
    from despoof_keras.inference.open_model import open_despoofer
    from despoof_keras.synthesis import EMBEDDED_SET, data_at
    from despoof_keras.tflite.demonstration import DEMONSTRATION
    from despoof_keras.utils.files import atomic_path

    results = json.loads((options.run / "results.json").read_text(encoding="utf-8"))
    if not results["data"].startswith(EMBEDDED_SET):
        raise DataError(
            f"{options.run}: expected a run on the embedded set; found {results['data']}"
        )
    model = open_despoofer(options.run / "model.keras")
    protocol = {name: results[name] for name in ("protocol", "fold")}
    data = labelled_data(
        model.metadata, data_at(None, title=EMBEDDED_SET, processes=options.processes, **protocol)
    )
    with tempfile.TemporaryDirectory() as folder:
        export_tflite(model, folder, [VARIANT], data, licence=LICENCE, model_version=VERSION)
        content = (Path(folder) / f"{VARIANT}.tflite").read_bytes()
    if len(content) > MOST_BYTES:
        raise DataError(f"{DEMONSTRATION}: expected at most {MOST_BYTES} bytes; got {len(content)}")
    with atomic_path(DEMONSTRATION) as temporary:
        temporary.write_bytes(content)
    print(f"{DEMONSTRATION}: {len(content) / 1024:.0f} KiB")


if __name__ == "__main__":
    sys.exit(run_script(parse_arguments, run))
