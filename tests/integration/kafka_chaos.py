# SPDX-License-Identifier: Apache-2.0
"""Engines that share a consumer group, and what befalls them. A history from outside (what was produced, what each engine has settled,
what it said in its log) tells what was lost, repeated or out of order.

tools/kafka_chaos runs every scenario for long; test_kafka_engines.py for short.
"""

import argparse
import contextlib
import datetime
import inspect
import json
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

from engine import PYTHON, Engine, function_folder, wait_until
from kafka_broker import Broker
from kafka_history import PARTITIONS, Commits, Traffic, check, judge

WINDOW = 500
# What an engine settled so long before it was struck may not yet have been committed.
UNCOMMITTED_SECONDS = 5

# One delivery in forty fails at first; its key has to wait.
WORK = """
import time
def handle(event, context):
    record = event.json()
    time.sleep(0.002)
    if record["n"] % 40 == 7 and context.attempt == 1:
        raise ValueError("at first")
    return {"n": record["n"], "partition": context.partition, "at": time.time()}
"""


def seconds_of(line):
    return datetime.datetime.fromisoformat(line["ts"].replace("Z", "+00:00")).timestamp()


def numbers_in(words):
    """The log's "0-3,7"."""
    for part in filter(None, words.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


class Member:
    """One engine of the group, in a folder of its own, and when it was struck."""

    def __init__(self, group, index, static):
        # A static member has its session's time to come back.
        options = [f"session_timeout: {'30s' if static else '6s'}", "drain: 3s", f"assignor: {group.assignor}"]
        if static:
            options.append(f"instance: node-{index}")
        folder = group.folder / f"engine-{index}"
        self.name = f"engine {index}"
        self.strikes = []  # [from, to): what it settled then may be delivered again
        self.engine = Engine(folder, f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s, log: {{ format: json }} }}
streams:
  records: {{ kafka: {{ brokers: ["{group.broker.address}"], topic: {group.topic} }} }}
  seen: {{}}
functions:
  work: {{ runtime: python, code: {function_folder(folder, WORK)}, interpreter: {PYTHON}, handler: "function:handle", scale: {{ max: 2 }} }}
bindings:
  job:
    from: records
    function: work
    to: seen
    group: {group.topic}
    max_unsettled: {WINDOW}
    kafka: {{ {", ".join(options)} }}
    retry: {{ attempts: 1000, backoff: {{ first: 50ms, max: 50ms }} }}
""")

    def running(self):
        return self.engine.process is not None and self.engine.process.poll() is None

    def struck(self, since, until):
        self.strikes.append((since - UNCOMMITTED_SECONDS, until))

    def kill(self):
        self.struck(time.time(), time.time() + 1)
        self.engine.kill()

    @contextlib.contextmanager
    def frozen(self):
        since = time.time()
        self.engine.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.engine.process.send_signal(signal.SIGCONT)
            # It needs a moment to learn that its session is over.
            self.struck(since, time.time() + 2)

    def said(self):
        """The lines of its log, with their time in seconds."""
        for text in self.engine.log.read_text().splitlines():
            with contextlib.suppress(ValueError, KeyError):
                line = json.loads(text)
                yield seconds_of(line), line

    def assignments(self):
        """[time, partitions] of each assignment."""
        return [(at, set(numbers_in(line["partitions"]))) for at, line in self.said() if line["msg"] == "partitions assigned"]

    def moves(self):
        """How often partitions came or went."""
        return sum(line["msg"].startswith("partitions ") for _, line in self.said())

    def losses(self, session):
        """A session that ended by itself (a machine under load) is a strike too, and so is a commit that was refused, and
        a revoke that did not wait for all."""
        return [(at - session - UNCOMMITTED_SECONDS, at + 1) for at, line in self.said()
                if line["msg"].startswith(("partitions were lost", "E6101: committing offsets", "kafka.drain is over"))]

    def owned(self):
        return {p["partition"] for p in self.engine.binding("job")["partitions"]} if self.running() else set()


class Group:
    """Three engines, traffic, and the history of it."""

    def __init__(self, broker, folder, assignor="range", static=False, rate=300, members=3, say=None):
        self.broker, self.folder, self.assignor = broker, folder, assignor
        self.topic = broker.topic(PARTITIONS)
        self.say = say or (lambda text: None)
        self.members = [Member(self, i, static) for i in range(members)]
        self.commits = Commits(broker, self.topic)
        for member in self.members:
            member.engine.start(wait=False)
        self.wait_shared(self.members)
        self.traffic = Traffic(broker, self.topic, rate)

    def wait_shared(self, members, seconds=60):
        """Every partition has one owner among them."""
        def shared():
            owned = [p for m in members if m.engine.ready() for p in m.owned()]
            return sorted(owned) == list(range(PARTITIONS)) and all(m.owned() for m in members)

        wait_until(shared, f"{[m.name for m in members]} share all partitions", seconds)

    def progress(self, records=300):
        """So many more records are committed."""
        before = self.commits.total()
        wait_until(lambda: self.commits.total() >= before + records, f"{records} more records are committed")

    def outage(self, seconds):
        self.say(f"no broker for {seconds} s")
        since = time.time()
        self.broker.kill()
        threading.Event().wait(seconds)
        self.broker.up()
        healed = time.time()
        before = self.commits.total()
        wait_until(lambda: self.commits.total() > before, "records are committed again")
        again = time.time() - healed
        self.say(f"records are committed again {again:.1f} s after its return")
        for member in self.members:
            member.struck(since, time.time() + 2)
        return again

    def finish(self):
        """Ends the traffic, waits until all of it is committed; answers the summary of the history."""
        produced = self.traffic.stop()
        for member in self.members:
            if not member.running():
                member.engine.start(wait=False)
        wait_until(lambda: self.commits.total() >= produced, f"all of {produced} records are committed", 120)
        self.commits.stop()
        settled = {m: m.engine.consume("seen") for m in self.members}
        letters = sum(len(m.engine.letters()) for m in self.members)
        late = sum(m.engine.binding("job")["late_results"] for m in self.members)
        for member in self.members:
            assert member.engine.stop() == 0
        return {"produced": produced, "dead_letters": letters, "late_results": late,
                "commits_moved_back": len(self.commits.moved_back),
                "assignments": [len(m.assignments()) for m in self.members],
                **judge(settled, produced)}


# ---- what befalls the group; each answers the group, whose history is then judged

def kills(group, dice, rounds):
    for _ in range(rounds):
        group.progress(dice.randrange(50, 400))
        victim = dice.choice(group.members)
        group.say(f"kill -9 of {victim.name}")
        victim.kill()
        if dice.random() < 0.5:
            others = [m for m in group.members if m is not victim]
            group.wait_shared(others)
            group.say("the others have its partitions")
        victim.engine.start()
        group.wait_shared(group.members)


def stops(group, dice, rounds):
    for _ in range(rounds):
        group.progress(dice.randrange(50, 400))
        leaver = dice.choice(group.members)
        group.say(f"{leaver.name} stops")
        assert leaver.engine.stop() == 0
        group.wait_shared([m for m in group.members if m is not leaver])
        group.progress(100)
        group.say(f"{leaver.name} starts")
        leaver.engine.start()
        group.wait_shared(group.members)


def zombies(group, dice, rounds, seconds=30):
    """Frozen for longer than its session: others take over; what it still does then counts for nothing."""
    for _ in range(rounds):
        group.progress(200)
        zombie = dice.choice(group.members)
        others = [m for m in group.members if m is not zombie]
        group.say(f"{zombie.name} is frozen for {seconds} s")
        thaw = time.monotonic() + seconds
        with zombie.frozen():
            group.wait_shared(others)
            group.say("the others have its partitions")
            group.progress(200)
            threading.Event().wait(max(0, thaw - time.monotonic()))
        group.say(f"{zombie.name} goes on")
        group.wait_shared(group.members)


def churn(group, dice, rounds, seconds=60):
    """One joins and leaves every two seconds."""
    for _ in range(rounds):
        guest = dice.choice(group.members)
        group.say(f"{guest.name} leaves and joins every 2 s for {seconds} s")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert guest.engine.stop() == 0
            threading.Event().wait(2)
            guest.engine.start(wait=False)
            threading.Event().wait(2)
        group.wait_shared(group.members)


def rolling(group, dice, rounds):
    """Static members: a restart within the session moves no partition."""
    for _ in range(rounds):
        for member in group.members:
            group.progress(100)
            owned = member.owned()
            moves = {m: m.moves() for m in group.members if m is not member}
            group.say(f"{member.name} restarts, with {len(owned)} partitions")
            assert member.engine.stop() == 0
            member.engine.start()
            wait_until(lambda m=member, o=owned: m.owned() == o, f"{member.name} has its partitions again")
            group.progress(100)
            assert {m: m.moves() for m in moves} == moves, "the others were rebalanced"


def outages(group, dice, rounds, seconds=60):
    for _ in range(rounds):
        group.progress(200)
        assert group.outage(seconds) < 10
        group.wait_shared(group.members)


SCENARIOS = {
    "kills": (kills, {}), "stops": (stops, {}), "zombies": (zombies, {}), "churn": (churn, {}), "outages": (outages, {}),
    "rolling": (rolling, {"static": True}),
    "kills-cooperative": (kills, {"assignor": "cooperative-sticky"}),
    "stops-cooperative": (stops, {"assignor": "cooperative-sticky"}),
    "zombies-cooperative": (zombies, {"assignor": "cooperative-sticky"}),
    "churn-cooperative": (churn, {"assignor": "cooperative-sticky"}),
}


def play(broker, folder, name, rounds, seed, say=None, **options):
    """One scenario on a topic and a group of its own; answers the summary, which has passed the checks."""
    scenario, setup = SCENARIOS[name]
    dice = random.Random(seed)
    began = time.monotonic()
    group = Group(broker, folder, say=say, **setup)
    scenario(group, dice, rounds, **options)
    summary = {"scenario": name, "seed": seed, "rounds": rounds, **group.finish(), "seconds": round(time.monotonic() - began, 1)}
    check(summary, WINDOW)
    return summary


def main():
    parser = argparse.ArgumentParser(prog="tools/kafka_chaos", description=__doc__.split("\n\n")[0])
    parser.add_argument("scenario", nargs="*", help=f"by default all of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of each scenario (default 3)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), metavar="N")
    parser.add_argument("--seconds", type=int, metavar="N",
                        help="of one freeze (default 30), of one outage, of joining and leaving (default 60)")
    given = parser.parse_args()
    if unknown := set(given.scenario) - set(SCENARIOS):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:7.1f} s  {text}", file=sys.stderr, flush=True)

    failed = False
    with tempfile.TemporaryDirectory(prefix="kafka_chaos-") as folder:
        broker = Broker(pathlib.Path(folder) / "kafka")
        for name in given.scenario or SCENARIOS:
            say(f"{name}, replay: tools/kafka_chaos {name} --rounds {given.rounds} --seed {given.seed}")
            timed = given.seconds and "seconds" in inspect.signature(SCENARIOS[name][0]).parameters
            try:
                summary = play(broker, pathlib.Path(folder) / name, name, given.rounds, given.seed, say,
                               **({"seconds": given.seconds} if timed else {}))
            except AssertionError as error:
                failed, summary = True, {"scenario": name, "seed": given.seed, "failed": str(error)}
            print(json.dumps(summary), flush=True)
            Engine.kill_all()
        broker.down()
    sys.exit(failed)


if __name__ == "__main__":
    main()
