// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/background_calls.h"
#include "engine/schema/registry.h"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace pelton::kafka {

// Serves any number of clients on one thread: it sleeps until a client has something or a call was
// posted. The thread is its own between start() and stop(), or the one that calls turn(). What
// belongs to it says so ("the loop's thread").
class PollLoop {
 public:
  using Call = std::move_only_function<void()>;
  // What the loop serves: everything that is there now, without waiting. True: there may be more.
  using Serve = std::function<bool()>;

  PollLoop();
  ~PollLoop();  // stop()
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;

  // Once; again is nothing.
  void start();
  // Waits for the background, then joins the thread. Calls that were posted and not run are
  // dropped; those that somebody waits for in run() are run.
  void stop();
  // Instead of start(): runs what was posted, serves once, and waits until there is more, up to
  // `wait`, only when there was nothing.
  void turn(std::chrono::milliseconds wait);
  // Any thread. After the thread has ended the call is dropped at once.
  void post(Call call);
  // Any thread. Runs the call on the loop's thread and waits for it; on the caller's when this is
  // it, or when the loop has no thread, or none any more: nobody else may use the loop then.
  void run(Call call);
  // For what blocks and the clients of the loop wait for. Any thread.
  BackgroundCalls& background() { return background_; }
  // The schema registries of its clients. Any thread.
  schema::Registries& registries() { return registries_; }
  // Eight bytes written to it wake the loop (an eventfd).
  int wake_handle() const { return wake_; }
  // On the loop's thread.
  void add(const void* owner, Serve serve);
  void remove(const void* owner);

 private:
  struct Posted {
    Call call;
    bool awaited = false;  // by run()
  };
  enum class Stage { threadless, turning, ended };

  // False: there is no other thread that will run it.
  bool queue_for_thread(Call call);
  void turn_until_stopped();
  // One step of the thread's end; true: nothing was left, and nothing is taken any more.
  bool end();
  void wait(std::chrono::milliseconds time);
  bool serve_all();

  const int wake_;
  std::mutex mutex_;
  std::vector<Posted> calls_;        // guarded by mutex_
  Stage stage_ = Stage::threadless;  // guarded by mutex_
  bool stopping_ = false;            // the loop's thread's
  std::vector<std::pair<const void*, Serve>> served_;
  std::thread thread_;
  BackgroundCalls background_;  // its calls post to the loop
  schema::Registries registries_;
};

}  // namespace pelton::kafka
