// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/status.h"
#include "engine/runtime/binding_runner.h"
#include "engine/runtime/function_runner.h"

// How a shard's objects look in the status report. On the shard.
namespace pelton::runtime {

observe::FunctionStatus function_status(const FunctionRunner& function);
observe::BindingStatus binding_status(BindingRunner& binding, const store::Store& store,
                                      double done_per_second, WallTime now);

}  // namespace pelton::runtime
