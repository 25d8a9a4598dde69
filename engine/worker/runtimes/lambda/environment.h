// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/runtimes/lambda/document.h"

#include <filesystem>
#include <map>
#include <string>

namespace pelton::worker::lambda {

// What of a worker's environment depends on its runtime.
struct Surroundings {
  std::string worker;               // its name
  std::string execution;            // AWS_EXECUTION_ENV: "AWS_Lambda_python"
  std::string handler;              // _HANDLER
  std::filesystem::path code;       // LAMBDA_TASK_ROOT
  std::filesystem::path runtime;    // LAMBDA_RUNTIME_DIR
  std::filesystem::path temporary;  // TMPDIR
  std::string api;                  // AWS_LAMBDA_RUNTIME_API: host:port
};

// The region that the function's environment names, or us-east-1.
Account account_of(const config::Function& function);
// "arn:aws:lambda:us-east-1:000000000000:function:resize"
std::string function_arn(const config::Function& function);

// All variables of a worker: those of every worker, those that AWS Lambda sets, and the function's
// own, which win but for the names that AWS reserves.
std::map<std::string, std::string> environment(const config::Function& function,
                                               const Surroundings& around, WallTime now);

}  // namespace pelton::worker::lambda
