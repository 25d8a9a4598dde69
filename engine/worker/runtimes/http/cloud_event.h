// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/worker/runtimes/http/outcome.h"

// CloudEvents in answers.
namespace pelton::worker::http {

// True: its headers or its content type say that it is one.
bool is_cloud_event(const Answer& answer);
// Sets what the event names, and leaves the rest as it is. invalid: it is not a proper one.
Status read_cloud_event(Answer&& answer, Output& into);

}  // namespace pelton::worker::http
