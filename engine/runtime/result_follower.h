// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/kept_calls.h"
#include "engine/model/records.h"
#include "engine/stream/access.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/thread/job_thread.h"
#include "engine/thread/owned_mailbox.h"
#include "engine/thread/timer.h"

#include <memory>

namespace pelton::runtime {

// Tells the calls of a durable route what is in the streams of its calls and results: at the start
// all that is stored, read on a thread for it, and then each result that becomes durable. Also lets
// them look at their deadlines. Shard-confined.
class ResultFollower final : stream::AppendFeed::Reader {
 public:
  // Streams of one partition.
  struct Setup {
    // Shared by the route, this, and the jobs of `reading`, as the readers are.
    std::shared_ptr<http::KeptCalls> kept;
    StreamId results;
    std::shared_ptr<stream::StreamReader> read_calls, read_results;
    // Of the binding: calls that it has settled are not under way.
    model::Progress settled;
    // These live longer.
    stream::AppendFeed& appends;
    thread::JobThread& reading;
    thread::Mailbox& mailbox;
    boost::asio::io_context& io;
  };
  explicit ResultFollower(Setup setup);
  ~ResultFollower() override;

  void start();

 private:
  enum class Stage { calls, results, live };
  struct Page {
    Offset next = 0;
    bool at_end = false;
  };

  StreamId stream() const override { return setup_.results; }
  void appended(const model::PlacedBatch& placed) override;
  void end_moved(PartitionId partition, Offset end) override;

  // Reads on where something is to be read.
  void read();
  void took(const Result<Page>& page);
  void look();

  const Setup setup_;
  thread::OwnedMailbox mailbox_;
  thread::Timer timer_;
  Stage stage_ = Stage::calls;
  bool reading_ = false;
  bool looking_ = false;
  Offset next_;     // of the stream that is read
  Offset end_ = 0;  // of the results, as far as it is known
};

}  // namespace pelton::runtime
