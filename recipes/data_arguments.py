"""Which data set a recipe works on: arguments that all of them have."""

from pathlib import Path


def add_data_arguments(parser):
    """Adds `--data-root`, `--data-seed`, `--skip-bad` and `--find-eyes`."""
    parser.add_argument(
        "--data-root", type=Path, help="folder in OULU-NPU's layout; default: the embedded set"
    )
    parser.add_argument("--data-seed", type=int, default=0, help="of the embedded set (default: 0)")
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out unusable videos, and count them"
    )
    parser.add_argument(
        "--find-eyes",
        action="store_true",
        help="find the eyes in videos that have no eye file beside them",
    )


def chosen_data(options):
    """`(root, name)` of the data set; the embedded one is made on first use."""
    from despoof_keras.synthesis import EMBEDDED_SET, default_root

    if options.data_root:
        return options.data_root, str(options.data_root)
    root = default_root(options.data_seed)
    return root, f"{EMBEDDED_SET} {root.name}"
