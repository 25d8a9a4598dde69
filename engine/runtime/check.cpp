// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/check.h"

#include "engine/kafka/client_config.h"

#include <algorithm>

namespace pelton::runtime {

std::vector<config::Diagnostic> check(const config::Config& config,
                                      std::span<const connector::ConnectorSpec> connectors) {
  std::vector<config::Diagnostic> problems;
  for (const config::Stream& stream : config.streams)
    if (stream.kafka)
      for (config::Diagnostic& problem : kafka::check_client(stream.kafka->client))
        problems.push_back(std::move(problem));
  for (const config::Connector& connector : config.connectors) {
    const auto spec = std::ranges::find_if(connectors, [&](const connector::ConnectorSpec& s) {
      return s.options.type == connector.type;
    });
    if (spec == connectors.end() || !spec->check) continue;
    if (auto ok = spec->check(connector); !ok)
      problems.push_back({connector.place, ok.error().code, ok.error().message});
  }
  std::ranges::stable_sort(problems, {}, [](const config::Diagnostic& problem) {
    return std::pair(problem.place.line, problem.place.column);
  });
  return problems;
}

}  // namespace pelton::runtime
