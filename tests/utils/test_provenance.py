"""The commit of the code that ran, in checkouts of every state."""

import os
import subprocess

import pytest

from despoof_keras.utils.provenance import code_commit


def git(folder, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path):
    """A package, committed in a checkout."""
    folder = tmp_path / "project" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("a = 1\n")
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "--quiet", "--message", "first")
    return folder


def test_a_clean_checkout_gives_its_commit(package):
    assert code_commit(package) == git(package, "rev-parse", "HEAD")
    # What lies beside the package did not run.
    (package.parent / "notes.txt").write_text("a note\n")
    assert code_commit(package) == git(package, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["__init__.py", "new.py"])
def test_changed_code_is_marked(package, name):
    (package / name).write_text("a = 2\n")
    assert code_commit(package) == git(package, "rev-parse", "HEAD") + "-dirty"


def test_a_package_inside_a_foreign_checkout_has_no_commit(package):
    installed = package.parent / "site-packages" / "package"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("a = 1\n")
    assert code_commit(installed) is None


def test_without_a_checkout_or_git_there_is_no_commit(package, tmp_path, monkeypatch):
    assert code_commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert code_commit(package) is None


def test_a_hooks_variables_do_not_mislead(package, monkeypatch):
    expected = code_commit(package)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert code_commit(package) == expected
