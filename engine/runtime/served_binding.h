// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/rate.h"
#include "engine/runtime/binding_runner.h"
#include "engine/runtime/function_runner.h"
#include "engine/runtime/sink_runner.h"

#include <memory>
#include <string>

namespace pelton::runtime {

// A binding with whoever does its work: a function of the shard or, of a connector, its sink.
struct ServedBinding {
  std::unique_ptr<BindingRunner> runner;
  std::string function;  // empty: a sink's
  std::unique_ptr<SinkRunner> sink;
  observe::Rate done;

  const std::string& name() const { return runner->dispatcher().options().binding; }
};

}  // namespace pelton::runtime
