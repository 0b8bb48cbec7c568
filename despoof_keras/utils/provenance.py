"""The git commit of the code that runs (standard library only)."""

import os
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# Seconds. Git answers in milliseconds unless the file system hangs.
_PATIENCE = 10


def code_commit(package: Path = PACKAGE) -> str | None:
    """Find the commit that a package's code is at.

    Args:
        package: folder of the package.

    Returns:
        The commit's 40 hexadecimal digits, followed by `-dirty` if files in the folder differ from
        the commit or are not in it. None if there is no git, or the package belongs to no checkout
        (one that is installed inside somebody's own checkout does not belong to it).
    """
    try:
        # Fails unless the package itself belongs to the checkout.
        _git(package, "ls-files", "--error-unmatch", "__init__.py")
        commit = _git(package, "rev-parse", "HEAD")
        changed = _git(package, "status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-dirty" if changed else commit


def _git(folder, *arguments):
    # Inside a git hook these variables would name the hook's repository.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=_PATIENCE,
    )
    return done.stdout.strip()
