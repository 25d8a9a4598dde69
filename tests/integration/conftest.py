# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


SANITIZER = ("WARNING: ThreadSanitizer", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error: ")


@pytest.fixture(autouse=True)
def no_broker_stays_dead():
    """A test that failed between its broker's end and return fails alone."""
    from kafka_broker import Broker

    yield
    for broker in list(Broker.killed):
        broker.up()


@pytest.fixture(autouse=True)
def no_engine_outlives_its_test():
    from engine import Engine

    yield
    engines = list(Engine.started)
    Engine.kill_all()
    for engine in engines:
        log = engine.log.read_text(errors="replace")
        assert not any(words in log for words in SANITIZER), log
