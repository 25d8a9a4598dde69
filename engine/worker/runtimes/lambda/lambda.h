// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

// Functions written for AWS Lambda, unchanged: the official runtime interface client of the
// language, or an executable that speaks the Runtime API by itself.
namespace pelton::worker::lambda {

RuntimeSpec python();
RuntimeSpec node();
RuntimeSpec java();
RuntimeSpec provided();

}  // namespace pelton::worker::lambda
