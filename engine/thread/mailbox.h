// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace pelton::thread {

// Thread-safe. How other threads reach a shard: what is posted runs on the thread of `io`, in
// order. Calls that queue together cost one wake-up. Bounded by its users: commit answers by the
// dispatchers' windows, admin calls by the connections, appended batches by AppendFeed.
class Mailbox {
 public:
  using Call = std::move_only_function<void()>;

  explicit Mailbox(boost::asio::io_context& io) : io_(io) {}
  void post(Call call);
  // Once the thread of `io` has ended: what is queued, and what is posted from now on, is dropped.
  void close();

 private:
  void drain();

  boost::asio::io_context& io_;
  std::mutex mutex_;
  std::vector<Call> calls_;    // guarded by mutex_
  bool scheduled_ = false;     // guarded by mutex_
  bool closed_ = false;        // guarded by mutex_
  std::vector<Call> running_;  // the shard's
};

}  // namespace pelton::thread
