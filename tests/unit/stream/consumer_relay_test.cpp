// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/consumer_relay.h"

#include "engine/model/batch_builder.h"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

namespace pelton::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Heard final : kafka::RecordListener, kafka::GroupListener, kafka::CommitListener {
  std::vector<std::string> said;
  std::thread::id on;

  void note(std::string text) {
    said.push_back(std::move(text));
    on = std::this_thread::get_id();
  }
  void fetched(PartitionId, std::uint64_t tenure, Offset base, model::BatchPtr batch,
               Offset end) override {
    note(fmt::format("fetched {} {} {} {}", tenure, base, batch->size(), end));
  }
  void end_moved(PartitionId, Offset end) override { note(fmt::format("end {}", end)); }
  void passed(PartitionId, std::uint64_t, Offset from, Offset to) override {
    note(fmt::format("passed {} {}", from, to));
  }
  void assigning(kafka::GroupFacts group, std::uint64_t round) override {
    note(fmt::format("assigning {} {}", group.cluster, round));
  }
  void waiting(std::optional<Error> why) override { note(why ? "waiting" : "not waiting"); }
  void revoking(std::vector<PartitionId> partitions) override {
    note(fmt::format("revoking {}", partitions.size()));
  }
  void lost(std::vector<PartitionId> partitions) override {
    note(fmt::format("lost {}", partitions.size()));
  }
  void trouble(const Error& error) override { note(error.message); }
  void closed() override { note("closed"); }
  void committed(std::uint64_t id, Status status) override {
    note(fmt::format("committed {} {}", id, status.has_value()));
  }
  void metadata_too_long(std::uint64_t id) override { note(fmt::format("too long {}", id)); }
};

struct Relay : ::testing::Test {
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  Heard heard;
  std::optional<ConsumerRelay> relay{std::in_place, mailbox,
                                     kafka::ConsumerListeners{heard, heard, heard}};

  // As the loop's thread would.
  void say_everything() {
    std::thread([this] {
      model::BatchBuilder builder;
      builder.add(model::EventView{});
      const auto to = relay->listeners();
      to.group.waiting(std::nullopt);
      to.group.assigning({"cluster", 0, {}, {}, {}}, 4);
      to.records.fetched(PartitionId{0}, 2, 7, builder.finish(), 9);
      to.records.passed(PartitionId{0}, 2, 8, 9);
      to.records.end_moved(PartitionId{0}, 10);
      to.commits.committed(3, {});
      to.commits.metadata_too_long(4);
      to.group.trouble({ErrorKind::unavailable, "E6101", "away"});
      to.group.revoking({PartitionId{0}});
      to.group.lost({PartitionId{0}, PartitionId{1}});
      to.group.closed();
    }).join();
  }
};

TEST_F(Relay, EverythingComesOnTheShardAndInOrder) {
  say_everything();
  EXPECT_THAT(heard.said, IsEmpty()) << "not on the loop's thread";
  io.run();
  EXPECT_THAT(heard.said, ElementsAre("not waiting", "assigning cluster 4", "fetched 2 7 1 9",
                                      "passed 8 9", "end 10", "committed 3 true", "too long 4",
                                      "away", "revoking 1", "lost 2", "closed"));
  EXPECT_EQ(heard.on, std::this_thread::get_id());
}

TEST_F(Relay, WhatIsOnItsWayWhenItGoesIsDropped) {
  say_everything();
  relay.reset();
  io.run();
  EXPECT_THAT(heard.said, IsEmpty());
}

}  // namespace
}  // namespace pelton::stream
