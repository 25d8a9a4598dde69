# SPDX-License-Identifier: Apache-2.0
"""AWS's own clients for lambda/python and lambda/node, installed once a source tree. PELTON_LAMBDA_CLIENTS names a folder that
tools/lambda_clients has filled already."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

from engine import PYTHON, ROOT

# One that has pip, of the version of PYTHON.
PIP = next((python for python in (PYTHON, shutil.which("python3")) if python and subprocess.run(
    [python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0), PYTHON)
FOLDER = pathlib.Path(os.environ.get("PELTON_LAMBDA_CLIENTS") or ROOT / "build/lambda_clients")


def install(client):
    """Answers why it could not be done, or nothing."""
    if (FOLDER / client).exists():
        return None
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test files want them
        if (FOLDER / client).exists():
            return None
        part = FOLDER / "part"
        shutil.rmtree(part, ignore_errors=True)
        done = subprocess.run([ROOT / "tools/lambda_clients", str(part), client], capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHON": PIP, "MAKEFLAGS": f"-j{os.cpu_count()}"})
        if done.returncode != 0:
            return done.stderr.strip()[-300:]
        (part / client).rename(FOLDER / client)
    return None


def client_folder(client):
    """Skips the test where it cannot be had."""
    if client == "node" and shutil.which("npm") is None and not (FOLDER / client).exists():
        pytest.skip("npm is not installed")
    why = install(client)
    if why is not None:
        pytest.skip(f"AWS's client for {client} cannot be installed here: {why}")
    return FOLDER / client
