// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/aws_sdk_v2.h"

#include <algorithm>

namespace pelton::worker {

void teach_aws_sdk_v2(const WorkerSetup& setup, LaunchPlan& plan) {
  const auto wanted = [](const auto& variable) {
    return variable.first.starts_with("AWS_ENDPOINT_URL");
  };
  if (std::ranges::none_of(setup.function.environment, wanted)) return;
  const std::filesystem::path file = setup.sdks / "node" / "pelton" / "aws_sdk_v2.js";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  plan.command.insert(plan.command.end(), {"--require", file.string()});
  plan.reads.push_back(file.string());
}

}  // namespace pelton::worker
