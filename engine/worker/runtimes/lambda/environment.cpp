// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/environment.h"

#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "engine/worker/process/launch.h"

#include <algorithm>

namespace pelton::worker::lambda {
namespace {

// AWS's largest function: what one without a limit may take for granted.
constexpr std::uint64_t kMostMemory = 10'240ULL << 20;

std::string configured(const config::Function& function, const std::string& name) {
  const auto at = function.environment.find(name);
  return at == function.environment.end() ? std::string() : at->second;
}

std::string log_stream(const Surroundings& around, WallTime now) {
  std::string day = format_time(now).substr(0, 10);
  std::ranges::replace(day, '-', '/');
  const Hash128 hash = hash128(around.worker + format_time(now));
  return fmt::format("{}/[$LATEST]{:016x}{:016x}", day, hash.high, hash.low);
}

}  // namespace

Account account_of(const config::Function& function) {
  std::string region = configured(function, "AWS_REGION");
  if (region.empty()) region = configured(function, "AWS_DEFAULT_REGION");
  return {region.empty() ? "us-east-1" : region};
}

std::string function_arn(const config::Function& function) {
  const Account account = account_of(function);
  return fmt::format("arn:aws:lambda:{}:{}:function:{}", account.region, account.id, function.name);
}

std::map<std::string, std::string> environment(const config::Function& function,
                                               const Surroundings& around, WallTime now) {
  const std::string region = account_of(function).region;
  const std::string code = around.code.string();
  // Those that the function may choose.
  std::map<std::string, std::string> variables{
      {"TZ", ":UTC"},
      {"LANG", "C.UTF-8"},
      {"TMPDIR", around.temporary.string()},
      {"AWS_DEFAULT_REGION", region},
      {"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
      {"LD_LIBRARY_PATH", fmt::format("{}:{}/lib", code, code)},
  };
  for (const auto& [name, value] : function.environment) variables[name] = value;
  for (auto& [name, value] : worker_environment({})) variables.emplace(name, std::move(value));
  const std::uint64_t memory = function.memory_bytes.value_or(kMostMemory) >> 20;
  const std::map<std::string, std::string> reserved{
      {"_HANDLER", around.handler},
      {"LAMBDA_TASK_ROOT", code},
      {"LAMBDA_RUNTIME_DIR", around.runtime.string()},
      {"AWS_LAMBDA_RUNTIME_API", around.api},
      {"AWS_LAMBDA_FUNCTION_NAME", function.name},
      {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(memory)},
      {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/" + function.name},
      {"AWS_LAMBDA_LOG_STREAM_NAME", log_stream(around, now)},
      {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
      {"AWS_EXECUTION_ENV", around.execution},
      {"AWS_REGION", region},
  };
  for (const auto& [name, value] : reserved) variables[name] = value;
  return variables;
}

}  // namespace pelton::worker::lambda
