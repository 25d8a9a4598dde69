// SPDX-License-Identifier: Apache-2.0
// store_appender FOLDER: what crash_test kills. Appends numbers to both partitions of stream "s",
// with a cursor, each in one transaction; writes each to stdout once it is acknowledged. A program
// of its own, since a forked copy of a test lacks RocksDB's threads.
#include "engine/model/batch_builder.h"
#include "engine/store/store.h"

#include <unistd.h>

#include <string>

namespace pelton::store {
namespace {

model::Transaction numbered(std::int64_t n, StreamId stream, BindingId binding) {
  model::BatchBuilder builder;
  const std::string data = std::to_string(n);
  model::EventView event;
  event.data = data;
  builder.add(event);
  const auto batch = builder.finish();
  const model::StreamPartition first{stream, PartitionId{0}};
  model::Transaction transaction;
  transaction.appends.push_back({first, batch});
  transaction.appends.push_back({{stream, PartitionId{1}}, batch});
  transaction.progress.push_back({binding, first, {n + 1, {}}});
  return transaction;
}

int append_for_ever(const char* folder) {
  Options options;
  options.data = folder;
  StreamSpec spec;
  spec.name = "s";
  spec.partitions = 2;
  spec.bindings = {"b"};
  auto store = Store::open(options, {&spec, 1});
  if (!store) return 3;
  const StreamId stream = *(*store)->find_stream("s");
  const BindingId binding = *(*store)->binding_id("b");
  for (std::int64_t n = (*store)->bounds({stream, PartitionId{0}})->end;; ++n) {
    auto done =
        (*store)->submit_and_wait(numbered(n, stream, binding), Origin::outside,
                                  std::chrono::steady_clock::now() + std::chrono::seconds(10));
    if (!done || done->bases.front() != n) return 4;
    if (::write(STDOUT_FILENO, &n, sizeof n) != sizeof n) return 5;
  }
}

}  // namespace
}  // namespace pelton::store

int main(int argc, char** argv) {
  return argc == 2 ? pelton::store::append_for_ever(argv[1]) : 2;
}
