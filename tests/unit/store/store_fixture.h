// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/store/store.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace pelton::store {

// A store with stream "s" (two partitions, read by binding "b") in a folder of its own.
class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() {
    options.data = folder.path() / "data";
    // Only when a test asks for it.
    options.maintenance_interval = std::chrono::hours(1);
    options.ballast_bytes = 0;
    stream.name = "s";
    stream.partitions = 2;
    stream.bindings = {"b"};
  }

  Status try_open() {
    store.reset();
    const StreamSpec streams[] = {stream};
    auto opened = Store::open(options, streams);
    if (!opened) return std::unexpected(opened.error());
    store = std::move(*opened);
    const auto id = store->binding_id("b");
    if (!id) return std::unexpected(id.error());
    binding = *id;
    store->run_maintenance();  // that of the start
    return {};
  }
  // Throws when it fails: the test ends there, as failed, instead of using a store that is not.
  void open() {
    if (const auto ok = try_open(); !ok) throw std::runtime_error(ok.error().text());
  }
  // Before what the derived fixtures own: the store's threads may still be using it.
  void TearDown() override { store.reset(); }

  model::StreamPartition at(std::uint32_t partition = 0) {
    return {*store->find_stream("s"), PartitionId{partition}};
  }

  static model::BatchPtr batch(const std::vector<std::string>& data, std::int64_t time_us = 1000) {
    model::BatchBuilder builder;
    for (const std::string& text : data) {
      model::EventView event;
      event.data = text;
      event.time_us = time_us;
      builder.add(event);
    }
    return builder.finish();
  }

  Result<Committed> commit(model::Transaction&& transaction, Origin origin = Origin::outside) {
    return store->submit_and_wait(std::move(transaction), origin,
                                  std::chrono::steady_clock::now() + std::chrono::seconds(10));
  }
  Result<Offset> append(const std::vector<std::string>& data, std::uint32_t partition = 0,
                        std::int64_t time_us = 1000) {
    model::Transaction transaction;
    transaction.appends.push_back({at(partition), batch(data, time_us)});
    auto done = commit(std::move(transaction));
    if (!done) return std::unexpected(done.error());
    return done->bases.front();
  }
  Status settle(Offset cursor, std::uint32_t partition = 0) {
    model::Transaction transaction;
    transaction.progress.push_back({binding, at(partition), {cursor, {}}});
    auto done = commit(std::move(transaction), Origin::engine);
    return done ? Status{} : std::unexpected(done.error());
  }
  // All data of the partition from `from` on.
  std::vector<std::string> read(Offset from = 0, std::uint32_t partition = 0) {
    std::vector<std::string> data;
    const Offset end = store->bounds(at(partition))->end;
    while (from < end) {
      auto batches = store->read(at(partition), from, 1000);
      EXPECT_TRUE(batches) << batches.error().text();
      if (!batches || batches->empty()) break;
      for (const model::PlacedBatch& placed : *batches)
        for (std::size_t i = 0; i < placed.batch->size(); ++i)
          if (placed.base + placed.batch->delta(i) >= from)
            data.emplace_back(placed.batch->data(i));
      from = batches->back().base + batches->back().batch->span();
    }
    return data;
  }

  test::TemporaryFolder folder;
  Options options;
  StreamSpec stream;
  std::unique_ptr<Store> store;
  BindingId binding;
};

}  // namespace pelton::store
