// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"

#include <string>

// Which bindings an operator has paused: kept in the store, so that neither a restart nor a reload
// resumes one. Any thread.
namespace pelton::runtime {

Result<bool> is_paused(store::Store& store, const std::string& binding);
// Durable when it returns.
Status remember_pause(store::Store& store, const std::string& binding, bool paused);

}  // namespace pelton::runtime
