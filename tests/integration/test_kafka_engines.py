# SPDX-License-Identifier: Apache-2.0
"""Three engines in one consumer group over twelve partitions, struck while records come. tools/kafka_chaos runs it for longer."""

import random

import pytest

import kafka_broker
import kafka_chaos

broker = pytest.fixture(scope="module")(kafka_broker.broker)


@pytest.mark.parametrize(("name", "options"), [
    ("kills", {}), ("stops-cooperative", {}), ("zombies", {"seconds": 8}), ("churn", {"seconds": 8}), ("rolling", {}),
])
def test_nothing_is_lost_repeated_or_out_of_order(broker, tmp_path, name, options):
    print(kafka_chaos.play(broker, tmp_path, name, rounds=1, seed=random.randrange(1 << 30), say=print, **options))
