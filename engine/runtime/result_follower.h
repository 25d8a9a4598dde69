// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/kept_calls.h"
#include "engine/model/records.h"
#include "engine/runtime/result_index.h"
#include "engine/stream/access.h"
#include "engine/stream/embedded/append_feed.h"
#include "engine/thread/job_thread.h"
#include "engine/thread/owned_mailbox.h"
#include "engine/thread/timer.h"

#include <deque>
#include <functional>
#include <memory>

namespace pelton::runtime {

// Tells the calls of a durable route what is in the streams of its calls and results: at the start
// what is stored, read on a thread for it, and then each result that becomes durable. Also lets
// them look at their deadlines. Shard-confined.
class ResultFollower final : stream::AppendFeed::Reader {
 public:
  // Streams of one partition.
  struct Setup {
    // Shared by the route, this, and the jobs of `reading`, as the readers are.
    std::shared_ptr<http::KeptCalls> kept;
    StreamId results;
    std::shared_ptr<stream::StreamReader> read_calls, read_results;
    // Shared with the jobs of `reading`.
    std::shared_ptr<ResultIndex> index;
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
  // An operator has passed over these calls: those that have no result will have none.
  void passed_over(OffsetRange calls);

 private:
  enum class Stage { calls, index, results, live };
  struct Page {
    Offset next = 0;
    bool at_end = false;
  };

  StreamId stream() const override { return setup_.results; }
  void appended(const model::PlacedBatch& placed) override;
  void end_moved(PartitionId partition, Offset end) override;

  using Then = void (ResultFollower::*)(const Page&);

  // Does what is next on the other thread, one thing at a time.
  void work();
  void run(std::move_only_function<Result<Page>()> job, Then then);
  void did(const Result<Page>& page, Then then);
  void read_calls();
  void have_calls(const Page& page);
  void load_index();
  void have_index(const Page& page);
  void read_results();
  void have_results(const Page& page);
  void pass_over();
  void have_passed_over(const Page& page);
  void write_index();
  void have_nothing(const Page&) {}
  void look();

  const Setup setup_;
  thread::OwnedMailbox mailbox_;
  thread::Timer timer_;
  Stage stage_ = Stage::calls;
  bool working_ = false;
  bool looking_ = false;
  Offset next_;     // of the stream that is read
  Offset end_ = 0;  // of the results, as far as it is known
  std::deque<OffsetRange> passed_over_;
};

}  // namespace pelton::runtime
