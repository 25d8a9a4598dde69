# SPDX-License-Identifier: Apache-2.0
"""Functions on the topics of a real broker on this machine, beside the loops that one writes by hand, in turn. JSON lines as
in report.h. Times run from the first record that was done to the last; CPU is a record's, of the engine, its workers or
the loop, without the broker.

  tools/bench kafka -- [--only noop-100,noop-1k,bill,slow,poison,memory] [--runs 5] [--records N] [--scale 0.1] [--defaults] [--keep]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

from kafka_engine import ROOT, Engine, EngineEnded

HERE = pathlib.Path(__file__).parent
LOOP = ROOT / "build/release/tests/bench/kafka_loop"
NATIVE = ROOT / "build/release/functions"
PYTHON = "/usr/bin/python3"
# Case -> topic's records, bytes of one, their shape, keys, partitions.
TOPICS = {
    "noop-100": (5_000_000, 100, "text", 10_000, 8),
    "noop-1k": (2_000_000, 1000, "text", 10_000, 8),
    "bill": (500_000, 250, "order", 10_000, 8),
    "slow": (10_000, 0, "number", 20, 1),
    "poison": (10_000, 0, "number", 1000, 8),
}
READS = {"memory": "noop-100"}  # a case on another one's topic


def report(case, metric, values, unit):
    if values:
        value, least, most = (float(f"{v:.4g}") for v in (statistics.median(values), min(values), max(values)))
        print(json.dumps({"bench": "kafka", "case": case, "metric": metric, "value": value, "unit": unit, "runs": len(values),
                          "min": least, "max": most}), flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder).resolve()
        self.run_id = f"{int(time.time())}-0"
        self.brokers = self._tool("up", "--dir", str(self.folder / "broker"), "--partitions", "8")

    def _tool(self, *command):
        done = subprocess.run([ROOT / "tools/kafka", *command], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            sys.exit("kafka_bench: no broker")
        return done.stdout.strip()

    def close(self):
        if not self.options.keep:
            self._tool("down", "--dir", str(self.folder / "broker"))

    def next_group(self):
        stamp, _, number = self.run_id.rpartition("-")
        self.run_id = f"{stamp}-{int(number) + 1}"
        return "bench-" + self.run_id

    def create(self, topic, partitions):
        self._tool("tool", "topics", "--bootstrap-server", self.brokers, "--create", "--if-not-exists", "--topic", topic,
                   "--partitions", str(partitions))

    def topic(self, case):
        """The name and the size of a case's topic, filled when it is not there yet."""
        records, partitions = TOPICS[case][0], TOPICS[case][4]
        records = self.options.records or max(1, int(records * self.options.scale))
        name = f"{case}-{records}"
        known = self._tool("tool", "topics", "--bootstrap-server", self.brokers, "--list").split()
        if name + "-filled" not in known:
            self.create(name, partitions)
            self.fill(case, name, records)
            self.create(name + "-filled", 1)
        return name, records

    def fill(self, case, topic, records):
        _, size, shape, keys, _ = TOPICS[case]
        self.loop("fill", topic, records, "--bytes", str(size), "--shape", shape, "--keys", str(keys))

    def loop(self, mode, topic, records, *more, python=False, environment=None):
        program = [PYTHON, str(HERE / "kafka_loop.py")] if python else [str(LOOP)]
        done = subprocess.run([*program, mode, "--brokers", self.brokers, "--topic", topic, "--group", self.next_group(),
                               "--records", str(records), *more], stdout=subprocess.PIPE, text=True, env=environment, check=True)
        return json.loads(done.stdout)

    def config(self, topic, function, binding="", streams=""):
        return f"""version: 1
engine: {{ data: ./data, free_space: 100MiB, log: {{ level: warn }} }}
streams:
  input: {{ kafka: {{ brokers: ["{self.brokers}"], topic: {topic} }} }}
{streams}
functions:
  work: {{ {function} }}
bindings:
  job: {{ from: input, function: work, group: {self.next_group()} {binding} }}
"""

    def frames(self, events):
        """A binding's limits: for rate, or as they are by default."""
        return "" if self.options.defaults else f", batch: {{ events: {events}, bytes: 4MiB }}, max_unsettled: 100000"

    def engine(self, config, environment=None):
        return Engine(self.folder / "engine", config, environment)


def python_function(handler, workers=1):
    return f'runtime: python, code: {HERE / "functions"}, interpreter: {PYTHON}, handler: "{handler}", ' \
           f"scale: {{ min: {workers}, max: {workers} }}"


def native_function(name):
    return f"runtime: cpp, code: {NATIVE / name}, scale: {{ min: 1, max: 1 }}"


class Figures:
    """Of one program in one case, over its runs."""

    def __init__(self):
        self.rate, self.cpu, self.workers = [], [], []

    def add(self, records, seconds, cpu, workers=None):
        self.rate.append(records / seconds)
        self.cpu.append(cpu / records * 1e6)
        if workers is not None:
            self.workers.append(workers / records * 1e6)

    def report(self, case):
        report(case, "records_per_second", self.rate, "1/s")
        report(case, "cpu_per_record", self.cpu, "us")
        report(case, "worker_cpu_per_record", self.workers, "us")


def measure_engine(bench, config, records, figures):
    """From the first events that are seen to have ended to the last."""
    with bench.engine(config) as engine:
        first, begin = engine.wait_ended(1)
        cpu, workers = engine.cpu()
        _, end = engine.wait_ended(records)
        cpu_end, workers_end = engine.cpu()
        figures.add(records - first, end - begin, cpu_end - cpu, workers_end - workers)


def measure_loop(bench, mode, topic, records, figures, python, *more):
    done = bench.loop(mode, topic, records, *more, python=python)
    figures.add(done["records"], done["seconds"], done["cpu_seconds"])


def run_in_turn(bench, case, programs):
    """Each program once, then each again: what disturbs the machine disturbs all of them."""
    figures = {name: Figures() for name in programs}
    refused = set()
    for _ in range(bench.options.runs):
        for name, program in programs.items():
            if name in refused:
                continue
            try:
                program(figures[name])
            except EngineEnded as why:
                refused.add(name)
                print(f"kafka_bench: {case}, {name}: {why}", file=sys.stderr)
    for name, values in figures.items():
        values.report(f"{case} {name}")
    return not refused


def noop(bench, case):
    topic, records = bench.topic(case)
    frames = bench.frames(8192)
    return run_in_turn(bench, f"{case} x {records}", {
        "loop C++": lambda f: measure_loop(bench, "noop", topic, records, f, False),
        "loop Python": lambda f: measure_loop(bench, "plain-noop", topic, records, f, True),
        "loop Python tuned": lambda f: measure_loop(bench, "tuned-noop", topic, records, f, True),
        "pelton C++": lambda f: measure_engine(bench, bench.config(topic, native_function("bench_noop"), frames), records, f),
        "pelton Python": lambda f: measure_engine(bench, bench.config(topic, python_function("noop:handle"), frames), records, f),
    })


def bill(bench, case):
    topic, records = bench.topic(case)
    bench.create("billed", 8)
    to = ("--to", "billed")
    out = f'  output: {{ kafka: {{ brokers: ["{bench.brokers}"], topic: billed }} }}'
    frames = ", to: output" + bench.frames(4096)

    def engine(function):
        return lambda f: measure_engine(bench, bench.config(topic, function, frames, out), records, f)

    return run_in_turn(bench, f"{case} x {records}", {
        "loop C++": lambda f: measure_loop(bench, "bill", topic, records, f, False, *to),
        "loop Python": lambda f: measure_loop(bench, "plain-bill", topic, records, f, True, *to),
        "loop Python tuned": lambda f: measure_loop(bench, "tuned-bill", topic, records, f, True, *to),
        "pelton C++": engine(native_function("bench_bill")),
        "pelton Python": engine(python_function("bill:handle", workers=2)),
    })


def order_violations(history):
    """Of a key: an event that began before the one before it had ended, or out of turn."""
    last, violations = {}, 0
    for key, number, begin, end in sorted((line.split() for line in history), key=lambda entry: int(entry[2])):
        before = last.get(key)
        if before and (int(number) < before[0] or int(begin) < before[1]):
            violations += 1
        last[key] = (int(number), int(end))
    return violations


def slow(bench, case):
    topic, records = bench.topic(case)
    seconds = {"loop Python serial": [], "pelton Python, 16 workers": []}
    violations = []
    history = bench.folder / "history"
    for _ in range(bench.options.runs):
        if not bench.options.pelton_only:
            seconds["loop Python serial"].append(bench.loop("slow", topic, records, python=True)["seconds"])
        history.unlink(missing_ok=True)
        function = python_function("trouble:slow", workers=16) + f', environment: {{ HISTORY: "{history}" }}'
        # The records come when everything waits for them: what is measured is the work, not the start.
        fresh = f"{topic}-{bench.next_group()}"
        bench.create(fresh, 1)
        with bench.engine(bench.config(fresh, function)) as engine:
            engine.wait_idle(16)
            bench.fill(case, fresh, records)
            engine.wait_ended(records, pause=0.1)
        lines = history.read_text().splitlines()
        violations.append(order_violations(lines) + abs(len(lines) - records))
        times = [[int(time) for time in line.split()[2:4]] for line in lines]
        seconds["pelton Python, 16 workers"].append((max(end for _, end in times) - min(begin for begin, _ in times)) / 1e9)
    for name, values in seconds.items():
        report(f"{case} {records} x 0-5 ms, 1 partition, 20 keys: {name}", "seconds", values, "s")
    report(f"{case} pelton", "order_violations", violations, "1")
    return not any(violations)


def poison(bench, case):
    topic, records = bench.topic(case)
    seconds, wrong = [], []
    for _ in range(bench.options.runs):
        retry = ", retry: { attempts: 2, backoff: { first: 10ms } }"
        with bench.engine(bench.config(topic, python_function("trouble:poison"), retry)) as engine:
            _, begin = engine.wait_ended(1)
            _, end = engine.wait_ended(records)
            binding = engine.binding()
            expected = sum(n % 100 == 7 for n in range(records))
            wrong.append(abs(binding["dead_lettered"] - expected) + abs(binding["done"] - (records - expected)))
            seconds.append(end - begin)
    report(f"{case} 1 % of {records}", "seconds", seconds, "s")
    report(f"{case} 1 % of {records}", "wrong_outcomes", wrong, "1")
    return not any(wrong)


def memory(bench, case):
    """The topic is far behind and the function slow: what is prefetched stays bounded."""
    topic, records = bench.topic(READS[case])
    peaks = []
    for _ in range(min(bench.options.runs, 2)):
        with bench.engine(bench.config(topic, python_function("trouble:crawl"))) as engine:
            engine.wait_ended(1)
            end = time.monotonic() + bench.options.memory_seconds
            while time.monotonic() < end:
                engine.alive()
                time.sleep(0.5)
            peaks.append(engine.peak_bytes())
    report(f"{case} {records} behind, 1 ms an event, {bench.options.memory_seconds} s", "engine_peak_memory", peaks, "B")
    return True


CASES = {"noop-100": noop, "noop-1k": noop, "bill": bill, "slow": slow, "poison": poison, "memory": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES), help="cases, with commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--records", type=int, help="of every topic")
    parser.add_argument("--scale", type=float, default=1, help="part of each topic's usual records")
    parser.add_argument("--memory-seconds", type=int, default=20)
    parser.add_argument("--pelton-only", action="store_true", help="slow: without the serial loop, which takes half a minute")
    parser.add_argument("--defaults", action="store_true", help="bindings with the default batch and window")
    parser.add_argument("--folder", default=str(ROOT / "build/bench"), help="where broker and engine keep their data (a disk)")
    parser.add_argument("--keep", action="store_true", help="let the broker run and keep the topics for the next time")
    options = parser.parse_args()
    unknown = set(options.only.split(",")) - set(CASES)
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; cases: {', '.join(CASES)}")
    bench = Bench(options)
    try:
        good = [CASES[case](bench, case) for case in options.only.split(",")]
    finally:
        bench.close()
    sys.exit(0 if all(good) else 1)


main()
