// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/status.h"

namespace pelton::observe {

// Of the process that calls; what cannot be read is 0. Any thread.
ProcessStatus read_process_status();

}  // namespace pelton::observe
