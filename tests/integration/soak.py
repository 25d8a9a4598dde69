# SPDX-License-Identifier: Apache-2.0
"""A mixed load for as long as you like, with everything that happens to an engine in service; see tools/soak.

Bindings that succeed, fail, wait, filter, deduplicate and write files read one stream, while the engine and its workers
are killed, restarted and reloaded, offsets are moved back, dead letters are replayed and the disk fills up. From
outside: every event that was acknowledged ends where it belongs, as often as it may, in the order of its key; memory
and disk stay what they were.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from engine import PYTHON, Engine, function_folder, wait_until
from history import check_exactly_once, check_key_order
from soak_load import MIB, Admin, Producer, Reader, Watch

MEMORY = 128 * MIB  # engine.memory
MOST_RESIDENT = MEMORY + 160 * MIB
DISK = 1200 * MIB  # of the file system that is filled up now and then
SEGMENT = 256 * MIB  # of the log: it grows by a whole one before an older one is recycled
PARTITIONS = 4

FUNCTIONS = """
import os, time

def echo(event, context):
    return event.json()

def flaky(event, context):
    n = event.json()["n"]
    if n % 500 == 7 and not (n % 1000 == 7 and os.path.exists(os.environ["MENDED"])):
        raise ValueError("poison " + "x" * 1000)
    if n % 31 == 3 and context.attempt < 3:
        raise RuntimeError("not yet")
    return event.json()

def slow(event, context):
    if event.json()["n"] % 400 == 0:
        time.sleep(0.1)
    return event.json()
"""

CONFIG = """version: 1
engine: {{ data: ./disk/data, memory: {memory}MiB, free_space: 64MiB, shutdown_timeout: 10s, log: {{ level: warn }} }}
streams:
  input: {{ partitions: {partitions}, retention: {{ size: 32MiB }} }}
  keyed: {{ partitions: 2, retention: {{ size: 16MiB }} }}
  tried: {{ retention: {{ size: 16MiB }} }}
  seen: {{ retention: {{ size: 16MiB }} }}
  passed: {{ retention: {{ size: 16MiB }} }}
  once: {{ retention: {{ size: 16MiB }} }}
  files: {{ retention: {{ size: 64MiB }} }}
functions:
  echo: {{ {python}, handler: "function:echo", scale: {{ max: 2 }} }}
  flaky: {{ {python}, handler: "function:flaky", scale: {{ max: 1 }}, environment: {{ MENDED: "{mended}" }} }}
  slow: {{ {python}, handler: "function:slow", scale: {{ max: 1 }} }}
bindings:
  keyed: {{ from: input, function: echo, to: keyed, batch: {{ events: {batch} }}, retry: {{ attempts: 100 }} }}
  flaky: {{ from: input, function: flaky, to: tried, retry: {{ attempts: 5, backoff: {{ first: 100ms, max: 2s }} }} }}
  slow: {{ from: input, function: slow, to: seen, retry: {{ attempts: 100 }} }}
  filtered: {{ from: input, function: echo, to: passed, filter: {{ data.kind: rare }}, retry: {{ attempts: 100 }} }}
  once: {{ from: input, function: echo, to: once, idempotency: {{ key: data.once, ttl: 10m }}, retry: {{ attempts: 100 }} }}
connectors:
  files: {{ directory: {{ path: {outbox}, name: "{{key}}", sync: false }}, from: files }}
"""


class Strikes:
    """What happens to the engine; each returns once the engine is in service again."""

    def __init__(self, engine, admin, disk, mounted, dice, config):
        self.engine, self.admin, self.disk, self.dice, self.config = engine, admin, disk, dice, config
        self.count = collections.Counter()
        self.all = [self.kill, self.kill, self.kill_worker, self.restart, self.reload, self.seek, self.replay]
        if mounted:
            self.all.append(self.fill_disk)

    def strike(self):
        one = self.dice.choice(self.all)
        self.count[one.__name__] += 1
        one()

    def start(self):
        self.engine.start(wait=False)
        wait_until(lambda: self.engine.process.poll() is not None or self.engine.ready(), "the engine is ready", 60)
        assert self.engine.process.poll() is None, "the engine does not start"

    def kill(self):
        self.engine.kill()
        self.start()

    def restart(self):
        assert self.engine.stop() == 0, "the engine ended with an error"
        self.start()

    def kill_worker(self):
        pids = [w["pid"] for f in self.engine.status()["functions"] for w in f["workers"]]
        for pid in self.dice.sample(pids, min(1, len(pids))):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def reload(self):
        self.engine.config.write_text(self.config(batch=self.dice.choice([16, 256, 1024])))
        self.engine.run("reload")

    def seek(self):
        self.engine.run("offsets", "seek", "slow", "--by", "-500", "--yes")

    def replay(self):
        self.engine.run("dead-letters", "replay", "--yes", "--binding", "flaky", check=False)

    def fill_disk(self):
        filler = self.disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * MIB)
            except OSError:
                pass
        time.sleep(self.dice.uniform(2, 8))
        filler.unlink()
        if self.engine.process.poll() is not None:
            self.count["ended on the full disk"] += 1
            self.start()
        wait_until(self.engine.ready, "the engine is ready with room on its disk", 60)


def check_growth(samples, column, what, slack):
    """The second half takes no more than the first, whose start is left out."""
    settled = samples[len(samples) // 10:]
    first, second = settled[:len(settled) // 2], settled[len(settled) // 2:]
    before, after = (max(s[column] for s in half) for half in (first, second))
    assert after <= before * 1.1 + slack, f"{what} grows: at most {before >> 20} MiB, later {after >> 20} MiB"


def check_history(producer, readers, letters, outbox_seen):
    expected, allowed = producer.expected, set(producer.expected) | producer.unknown
    numbers = {name: [e["data"]["n"] for e in reader.events] for name, reader in readers.items()}
    for name, found in numbers.items():
        assert set(found) <= allowed, f"{name}: events that nobody sent: {sorted(set(found) - allowed)[:5]}"
    check_exactly_once(readers["keyed"].events, expected)
    check_key_order(readers["keyed"].events)
    check_exactly_once(readers["passed"].events, [n for n in expected if n % 100 == 0])
    lost = set(expected) - set(numbers["seen"])
    assert not lost, f"slow: {len(lost)} events lost, such as {sorted(lost)[:5]}"
    once = collections.Counter(e["data"]["once"] for e in readers["once"].events)
    twice = [key for key, times in once.items() if times > 1]
    assert not twice, f"once: {len(twice)} keys twice, such as {twice[:5]}"
    missing = {n // 2 for n in expected} - set(once)
    assert not missing, f"once: {len(missing)} keys lost, such as {sorted(missing)[:5]}"
    buried = {letter["event"]["data"]["n"] for letter in letters}
    both = buried & set(numbers["tried"])
    assert not both, f"flaky: done and dead letters: {sorted(both)[:5]}"
    check_exactly_once(readers["tried"].events, [n for n in expected if n not in buried])
    assert all(n % 500 == 7 for n in buried), "flaky: an event that only failed for a while is a dead letter"
    assert producer.files <= outbox_seen, f"files that were not written: {sorted(producer.files - outbox_seen)[:5]}"


def sweep(outbox, seen):
    """Files of the sink; they are deleted once seen."""
    for file in outbox.glob("f*"):
        assert file.stat().st_size == MIB, file
        seen.add(file.name)
        file.unlink()


def mount(disk):
    """A file system of its own for the data folder, so that it can be filled up. False: not allowed to."""
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(disk)], capture_output=True, check=False)
    return done.returncode == 0


def soak(folder, minutes, rate, seed):
    dice = random.Random(seed)
    disk, outbox, mended = folder / "disk", folder / "outbox", folder / "mended"
    mounted = mount(disk)
    if not mounted:
        print("soak: no tmpfs can be mounted: the disk is never full", file=sys.stderr)
    python = f'runtime: python, code: {function_folder(folder, FUNCTIONS)}, interpreter: {PYTHON}'

    def config(batch=256):
        return CONFIG.format(memory=MEMORY // MIB, partitions=PARTITIONS, python=python, mended=mended, outbox=outbox, batch=batch)

    engine = Engine(folder, config())
    admin = Admin(disk / "data/admin.sock")
    strikes = Strikes(engine, admin, disk, mounted, dice, config)
    producer = Producer(admin, rate)
    readers = {name: Reader(admin, name, 2 if name == "keyed" else 1) for name in ("keyed", "tried", "seen", "passed", "once")}
    watch = Watch(engine, disk)
    written = set()
    try:
        strikes.start()
        for thread in (producer, watch, *readers.values()):
            thread.start()
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            time.sleep(dice.uniform(2, 12))  # when it strikes is what is tested
            strikes.strike()
            sweep(outbox, written)
            if time.monotonic() > end - minutes * 30:
                mended.touch()
        finish(engine, producer, watch, readers, outbox, written)
        letters = engine.letters("--binding", "flaky", "--limit", "1000000")
        assert engine.stop() == 0, "the engine ended with an error"
    finally:
        Engine.kill_all()
        if mounted:
            subprocess.run(["umount", "-l", str(disk)], check=False)
    check_history(producer, readers, letters, written)
    check_growth(watch.samples, 1, "memory", 24 * MIB)
    check_growth(watch.samples, 2, "the data folder", SEGMENT)
    most = max(s[1] for s in watch.samples)
    assert most <= MOST_RESIDENT, f"the engine took {most >> 20} MiB"
    return figures(minutes, seed, producer, readers, letters, watch, strikes)


def finish(engine, producer, watch, readers, outbox, written):
    """All is settled and read."""
    producer.ending.set()
    producer.join()
    for binding in ("keyed", "flaky", "slow", "filtered", "once", "files"):
        engine.wait_settled(binding, 300)
    watch.ending.set()
    for reader in readers.values():
        reader.ending.set()
        reader.join()
    wait_until(lambda: sweep(outbox, written) or producer.files <= written, "the sink has written everything")
    for thread in (producer, *readers.values()):
        if thread.failure:
            raise thread.failure


def figures(minutes, seed, producer, readers, letters, watch, strikes):
    resident = [s[1] for s in watch.samples]
    disk = [s[2] for s in watch.samples]
    return {"soak": "mixed", "minutes": minutes, "seed": seed, "events": len(producer.expected), "unknown": len(producer.unknown),
            "outputs": {name: len(reader.events) for name, reader in readers.items()}, "files": len(producer.files),
            "dead_letters": len(letters), "strikes": dict(strikes.count), "resident_median_bytes": int(statistics.median(resident)),
            "resident_most_bytes": max(resident), "disk_median_bytes": int(statistics.median(disk)), "disk_most_bytes": max(disk)}


def main():
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=1000, help="events per second")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--folder", help="where everything goes; kept afterwards")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder or tempfile.mkdtemp(prefix="pelton-soak-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"soak: seed {options.seed}, in {folder}", file=sys.stderr)
    print(json.dumps(soak(folder, options.minutes, options.rate, options.seed)))
    if not options.folder:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
