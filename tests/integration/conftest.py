# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture(autouse=True)
def no_engine_outlives_its_test():
    from engine import Engine

    yield
    Engine.kill_all()
