#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""break_store.py NAME OUTPUT: writes the source of the store that NAME breaks, broken. The simulation that is linked with
it must fail: a rule whose loss nobody notices is not guarded."""
import pathlib
import sys

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "engine" / "store"
# What is broken: the source, its text, and what stands there instead.
BROKEN = {
    "skip_sync": ("log.cpp", "if (auto ok = file.sync(); !ok) return ok;", ""),
    "acknowledge_early": ("store_threads.cpp", "  if (group.slot.group != 0)\n", """
  for (std::size_t i = 0; i < group.pending.size(); ++i)
    std::exchange(group.pending[i].done, [](Result<Committed>) {})(std::move(group.commits[i]));
  if (group.slot.group != 0)
"""),
    "reorder_callbacks": ("store_threads.cpp", """  for (std::size_t i = 0; i < group.pending.size(); ++i)
    group.pending[i].done""", """  for (std::size_t i = group.pending.size(); i-- > 0;)
    group.pending[i].done"""),
    "drop_family": ("database.cpp", "db_->Flush({}, {families_.begin(), families_.end()})",
                    "db_->Flush({}, [&] { std::vector<rocksdb::ColumnFamilyHandle*> some(families_.begin(), "
                    "families_.end()); some.erase(some.begin() + static_cast<int>(Family::retries)); return some; }())"),
    "number_again": ("names.cpp", 'put_number(changes, "next/stream", *number + 1);',
                     'put_number(changes, "next/stream", *number);'),
    "keys_expire_early": ("garbage.cpp", "model::remembered_since(now, expiry.ttl)", "now"),
    "forget_segment": ("log.cpp", "found->second->live += place.bytes;", "found->second->live += 0;"),
    "forget_hold": ("retention_holds.cpp", "first == held.end() || first->first != at", "true"),
    "forget_replay": ("store.cpp", "return database->apply(batch);", "return {};"),
}


def main():
    name, output = sys.argv[1:]
    source, text, instead = BROKEN[name]
    whole = (SOURCES / source).read_text()
    if whole.count(text) != 1:
        sys.exit(f"break_store.py: {source} has the text of {name} {whole.count(text)} times; it has to be there once")
    pathlib.Path(output).write_text(whole.replace(text, instead))


main()
