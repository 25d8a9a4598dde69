# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` puts into a prefix works from there, without the build tree."""

import os
import pathlib
import re
import subprocess

from engine import BINARY, ROOT, Engine, function_folder, pipeline_config, wait_until

BUILD = pathlib.Path(BINARY).parents[1]
# What the library was built with, its users are linked with.
SANITIZERS = [f"-fsanitize={name}" for name in filter(None, [os.environ.get("PELTON_SANITIZE")])]


def test_the_installed_engine_runs_a_python_function(tmp_path):
    subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path / "prefix"], check=True, capture_output=True)
    installed = tmp_path / "prefix/bin/pelton"
    code = function_folder(tmp_path, "import pelton\n"
                           "def handle(event, context):\n    return {'sdk': pelton.__file__, 'c': 'pelton._loop' in __import__('sys').modules}\n")
    with Engine(tmp_path, pipeline_config(code), binary=installed) as engine:
        engine.produce("input", [{"key": "k", "data": 1}])
        (event,) = wait_until(lambda: engine.consume("output"), "the output")
    assert pathlib.Path(event["data"]["sdk"]).is_relative_to(tmp_path / "prefix/lib"), event["data"]
    assert event["data"]["c"], "the loop in C is installed as well"
    assert (tmp_path / "prefix/include/pelton/function.h").exists()


def test_the_installed_library_makes_a_function(tmp_path):
    """The example of docs/functions.md, compiled as that page says."""
    subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path / "prefix"], check=True, capture_output=True)
    page = (ROOT / "docs/functions.md").read_text()
    (source,) = re.findall(r"```cpp\n(.*?)```", page, re.S)
    libraries = re.search(r"-L PREFIX/lib/\.\.\./pelton ([^`]*)`", page).group(1).split()
    (tmp_path / "copy.cpp").write_text(source)
    (folder,) = (tmp_path / "prefix").glob("lib/**/libpelton_function.a")
    subprocess.run(["g++", "-std=c++20", "-I", tmp_path / "prefix/include", tmp_path / "copy.cpp", "-o", tmp_path / "copy",
                    "-L", folder.parent, *libraries, *SANITIZERS], check=True)
    config = pipeline_config(tmp_path).replace("runtime: python", "runtime: cpp").replace(f"code: {tmp_path}", f"code: {tmp_path}/copy")
    config = "".join(line for line in config.splitlines(True) if "interpreter:" not in line and "handler:" not in line)
    with Engine(tmp_path, config) as engine:
        engine.produce("input", [{"key": "k", "data": {"n": 1}}])
        (event,) = wait_until(lambda: engine.consume("output"), "the output")
    assert event["key"] == "k" and event["data"] == {"n": 1}
