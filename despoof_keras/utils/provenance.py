"""Which code ran: the git commit of the package's checkout (standard library only)."""

import os
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# Git answers in milliseconds; it only takes longer where the file system hangs.
_PATIENCE = 10


def code_commit(package=PACKAGE):
    """The commit that a package's code stands at.

    Args:
        package: folder of the package.

    Returns:
        The commit's 40 hexadecimal digits, followed by `-dirty` where files in the folder differ
        from it or are not in it; None where the folder is in no git checkout (a package installed
        inside somebody's own checkout is not of it), or there is no git.
    """
    try:
        # Fails unless the package itself is in the checkout.
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
