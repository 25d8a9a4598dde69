// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/pool/worker_output.h"
#include "engine/worker/process/zygote.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace pelton::worker {

// The zygote of one function: started with the function's first worker, ended some time after its
// last one. Shard-confined.
class ZygoteKeeper {
 public:
  // What is passed by reference outlives it. `state`: folder of what it learns; empty: no zygote.
  ZygoteKeeper(boost::asio::io_context& io, const config::Function& function,
               const RuntimeSpec& runtime, std::filesystem::path sdks,
               const sandbox::Places& places, std::filesystem::path state,
               const LineListener& lines);
  ~ZygoteKeeper();

  // Of which the next worker is to be a copy; null: it is to be a process of its own.
  Zygote* zygote();
  // A copy could not be made: says so, and does without for a while, unless the zygote is busy.
  void failed(const Error& why);
  // How a worker's start went once there was a process: it became ready, or it did not. After a
  // copy that did not, the next worker is a process of its own, which shows whose fault that was.
  void started(bool copy, bool ready);
  // There are no workers any more, or there are some again.
  void idle(bool idle);
  // The code or the packages are new, or no more workers come.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  Status start();
  bool replace_ended();
  void rest(std::string_view code, const std::string& why);
  void look();
  void tell(WorkerLine::Stream stream, std::string_view text) const;

  boost::asio::io_context& io_;
  const config::Function& function_;
  const std::string name_;
  const LineListener& lines_;
  const sandbox::Places& places_;
  const std::filesystem::path state_;
  const std::optional<ZygotePlan> plan_;
  std::unique_ptr<Zygote> zygote_;
  std::pair<dev_t, ino_t> folder_;  // of the code, when the zygote began
  Clock::duration pause_;
  Clock::time_point not_before_{};
  Clock::time_point started_{};
  int ends_ = 0;          // in a row, each soon after the start
  bool doubted_ = false;  // the last copy that started did not become ready
  int strikes_ = 0;       // such copies in a row after which a process of its own became ready
  // While there are no workers.
  std::optional<std::uint64_t> place_;
  Clock::time_point until_{};
  thread::Timer look_;
};

}  // namespace pelton::worker
