// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/served_binding.h"
#include "engine/thread/timer.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace pelton::runtime {

// Takes bindings, and the functions that nobody needs any more, out of service: no more frames,
// those in flight settle and their progress is stored, sinks end, streams are let go, workers end.
// Shard-confined.
class Retirement {
 public:
  // Killed workers and interrupted sinks are gone so long after the deadline; what is on its way to
  // a broker may not be.
  static constexpr std::chrono::seconds kGrace{5};

  struct Setup {
    std::vector<ServedBinding*> bindings;
    std::vector<FunctionRunner*> functions;
    // Of a binding's function; null: there is none.
    std::function<FunctionRunner*(const std::string&)> find_function;
    // Workers and sinks that have events then are stopped; the events are delivered again.
    std::chrono::steady_clock::time_point deadline;
    // True: what does not become idle even then is given up. False: everything is as before again.
    bool at_any_cost = false;
  };
  // The names of those that did not become idle; empty: all are out of service.
  using Done = std::function<void(const std::vector<std::string>& stuck)>;

  Retirement(Setup setup, boost::asio::io_context& io, Done done);
  void begin();

 private:
  void wait_idle();
  void force();
  std::vector<std::string> busy() const;
  std::vector<std::string> end_sinks();
  void give_in(const std::vector<std::string>& stuck);
  void stop_sinks();
  void stop_inputs();
  void stop_functions();
  FunctionRunner* function_of(const ServedBinding& binding) const;

  const Setup setup_;
  const Done done_;
  thread::Timer poll_;
  bool forced_ = false;
};

}  // namespace pelton::runtime
