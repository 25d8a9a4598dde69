// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/call.h"

#include <string>

namespace pelton::http {

// Interface. The functions of the config, which an operator calls. Called on the thread that
// answers admin requests.
class Functions : public Calls {
 public:
  // Whether it receives documents, as functions for AWS Lambda do. E5001: there is no such
  // function.
  virtual Result<bool> takes_documents(const std::string& function) = 0;
};

}  // namespace pelton::http
