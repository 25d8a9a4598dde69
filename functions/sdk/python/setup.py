# SPDX-License-Identifier: Apache-2.0
"""The C loop; everything else is in pyproject.toml. A wheel without it works as well, only slower."""

from setuptools import Extension, setup

setup(
    ext_modules=[Extension("pelton._loop", ["_loop.c"], py_limited_api=True, optional=True)],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
