# SPDX-License-Identifier: Apache-2.0
"""What a single event costs on a stream of many partitions: CPU time of the engine and of its workers from the request
that produces it until it is done, one event at a time. An event must cost what it causes, not what there is."""

import argparse
import http.client
import json
import pathlib
import statistics
import tempfile
import time

from kafka_engine import ROOT, Engine, _Socket

NOOP = ROOT / "build/release/functions/bench_noop"


def config(partitions):
    return f"""version: 1
engine: {{ data: ./data }}
streams: {{ input: {{ partitions: {partitions} }} }}
functions: {{ noop: {{ runtime: cpp, code: {NOOP}, scale: {{ min: 1, max: 1 }} }} }}
bindings: {{ job: {{ from: input, function: noop }} }}
"""


def produce(engine, events):
    """One request an event, over one connection, each when the one before is durable."""
    connection = _Socket(engine.folder / "data/admin.sock")
    for number in range(events):
        connection.request("POST", "/v1/streams/input/events", json.dumps({"key": f"key-{number}", "data": number}) + "\n")
        response = connection.getresponse()
        if response.status >= 300:
            raise http.client.HTTPException(response.read())
        response.read()


def cpu_ms_an_event(partitions, events, warm):
    with tempfile.TemporaryDirectory() as folder, Engine(pathlib.Path(folder) / "engine", config(partitions)) as engine:
        engine.wait_idle(1)
        produce(engine, warm)
        engine.wait_ended(warm)
        before = engine.cpu()[0]
        produce(engine, events)
        time.sleep(0.2)  # not polled, which would cost CPU as well
        after = engine.cpu()[0]
        engine.wait_ended(warm + events)
        return 1000 * (after - before) / events


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--partitions", type=int, nargs="+", default=[8, 256, 1024])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--warm", type=int, default=3000, help="events before, so that each partition has had some")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    for partitions in options.partitions:
        runs = [cpu_ms_an_event(partitions, options.events, options.warm) for _ in range(options.runs)]
        print(json.dumps({"bench": "partitions", "case": f"{partitions}", "metric": "cpu of the engine an event", "unit": "ms",
                          "value": round(statistics.median(runs), 4), "runs": len(runs), "min": round(min(runs), 4), "max": round(max(runs), 4)}), flush=True)


if __name__ == "__main__":
    main()
