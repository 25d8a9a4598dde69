// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/process/launch.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::worker {

class ProcessEvents;
class ChildProcess;

// Kills a child that nobody wants, with whatever it started, and waits for it.
void end_unwanted(const Child& child, const std::string& identity);

// A process that makes copies of itself, which are children of ours as those of launch() are. What
// it has set up before is theirs at once. Shard-confined. Destroying it kills it, and fails what is
// asked of it; its copies live on. See functions/sdk/python/pelton/zygote.py for what it is told.
class Zygote final {
 public:
  // One line that it wrote.
  using Line = std::function<void(bool standard_error, std::string_view line)>;
  using Made = std::function<void(Result<Child>)>;

  // For an answer, imports included: a process of its own would take as long.
  static constexpr std::chrono::milliseconds kPatience{10'000};
  // So many times as long without an answer, and it is ended.
  static constexpr int kSilences = 6;

  Zygote(boost::asio::io_context& io, Line line, std::chrono::milliseconds patience = kPatience);
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  // E3001 as launch(). Its descriptor 3 is the connection over which it is asked.
  Status start(LaunchPlan plan);
  // A copy with the environment and the descriptors of the plan, which is known by `identity`
  // (kWorkerVariable) and waited for by the caller; all else it has of the zygote: the program, the
  // folder, the limits. Answers once, not from within this call. E7300: there is none, and nothing
  // is left of it; overloaded: for it is busy, and may be of use later.
  void copy(LaunchPlan plan, std::string identity, Made made);
  // False: it has ended, or is about to.
  bool serves() const { return serves_; }
  // After that: why it ended.
  const std::string& ending() const { return ending_; }
  // It has not answered for longer than its patience: what is asked of it now would wait. Stays so
  // when it is ended for that.
  bool busy() const { return silences_ > 0; }

 private:
  class Process;
  using Descriptor = boost::asio::posix::stream_descriptor;
  struct Asked {
    std::string identity;
    Child child;  // our ends
    Made made;    // empty: it waits no longer
  };

  std::string request(const LaunchPlan& plan, const std::string& identity) const;
  void refuse(Made made, const std::string& why);
  void listen();
  void read_answers();
  void answered(std::string_view text);
  void answer(Asked&& asked, std::string_view text);
  void unanswered();
  void give_up(const std::string& why);
  void ended();
  void arm();

  boost::asio::io_context& io_;
  const Line line_;
  const std::chrono::milliseconds time_of_one_;
  std::map<std::string, std::string> environment_;  // of the zygote
  std::unique_ptr<Process> process_;
  Descriptor control_;
  std::deque<Asked> asked_;
  thread::Timer patience_;
  int silences_ = 0;
  bool serves_ = false;
  std::string ending_;
  // Owned by this alone; operations under way look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker
