// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <span>

namespace pelton::worker::sandbox {

// A filter for seccomp: what no function needs and what has led out of sandboxes before fails with
// EPERM. All else is allowed. `among_others`: the process sees the numbers of others, the engine's
// among them. Made once; any thread.
// Empty: there was no memory for it, and the kernel will refuse it.
std::span<const sock_filter> denied_system_calls(bool among_others);

}  // namespace pelton::worker::sandbox
