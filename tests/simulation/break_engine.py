#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""break_engine.py NAME OUTPUT: writes the source of the engine that NAME breaks, broken. The simulation that is linked with
it must fail: a rule whose loss nobody notices is not guarded."""
import pathlib
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "engine"
# What is broken: the source, its text, and what stands there instead.
BROKEN = {
    "skip_sync": ("store/log.cpp", "if (auto ok = file.sync(); !ok) return ok;", ""),
    "acknowledge_early": ("store/store_threads.cpp", "  if (group.slot.group != 0)\n", """
  for (std::size_t i = 0; i < group.pending.size(); ++i)
    std::exchange(group.pending[i].done, [](Result<Committed>) {})(std::move(group.commits[i]));
  if (group.slot.group != 0)
"""),
    "reorder_callbacks": ("store/store_threads.cpp", """  for (std::size_t i = 0; i < group.pending.size(); ++i)
    group.pending[i].done""", """  for (std::size_t i = group.pending.size(); i-- > 0;)
    group.pending[i].done"""),
    "drop_family": ("store/database.cpp", "db_->Flush({}, {families_.begin(), families_.end()})",
                    "db_->Flush({}, [&] { std::vector<rocksdb::ColumnFamilyHandle*> some(families_.begin(), "
                    "families_.end()); some.erase(some.begin() + static_cast<int>(Family::retries)); return some; }())"),
    "number_again": ("store/names.cpp", 'put_number(changes, "next/stream", *number + 1);',
                     'put_number(changes, "next/stream", *number);'),
    "keys_expire_early": ("store/garbage.cpp", "model::remembered_since(now, expiry.ttl)", "now"),
    "forget_segment": ("store/log.cpp", "found->second->live += place.bytes;", "found->second->live += 0;"),
    "forget_hold": ("store/retention_holds.cpp", "first == held.end() || first->first != at", "true"),
    "forget_replay": ("store/store.cpp", "return database->apply(batch);", "return {};"),
    "call_the_asker": ("runtime/memory_turns.cpp", "if (asker == nullptr || *asker != place) ", ""),
    "forget_lost": ("runtime/binding_runner.cpp", "dispatcher_.worker_lost(worker, loss, clock_.now(), commits_);", ""),
    "retire_busy": ("runtime/retirement.cpp", "if (stuck.empty()) return stop_sinks();", "return stop_sinks();"),
    "never_overdue": ("worker/pool/pool_impl.cpp", "if (worker.overdue(now, function_.timeout))", "if (false)"),
    "blame_standstill": ("worker/pool/pool_impl.cpp", "late >= kStandstill ? late : Clock::duration::zero()",
                         "Clock::duration::zero()"),
    "never_idle": ("worker/pool/pool_impl.cpp", "    worker->retire(now);\n    ++totals_.reaped;", "    ++totals_.reaped;"),
    "forget_given_back": ("worker/pool/work_sources.cpp", "    to->gave_back(worker, tail.frame, tail.first);",
                          "    static_cast<void>(to);"),
    "forget_last_words": ("worker/pool/worker.cpp",
                          "if (in_flight_.empty() || gone_ != Gone::nothing) return events_.ended(*this);",
                          "if (true) return events_.ended(*this);"),
    "forget_end": ("stream/embedded/append_feed.cpp",
                   "if (!ends_.empty() || !keep(placed)) ends_[placed.at] = placed.base + placed.batch->span();",
                   "static_cast<void>(keep(placed));"),
}


def main():
    name, output = sys.argv[1:]
    source, text, instead = BROKEN[name]
    whole = (SOURCES / source).read_text()
    if whole.count(text) != 1:
        sys.exit(f"break_engine.py: {source} has the text of {name} {whole.count(text)} times; it has to be there once")
    pathlib.Path(output).write_text(whole.replace(text, instead))


main()
