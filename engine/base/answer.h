// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <functional>

namespace pelton {

// Takes the outcome of what was asked for: called at most once, at once or later, on any thread.
// It is dropped uncalled when whoever asked or was asked has ended.
template <typename T>
using Answer = std::move_only_function<void(Result<T>)>;

}  // namespace pelton
