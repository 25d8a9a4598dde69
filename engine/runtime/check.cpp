// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/check.h"

#include "engine/kafka/client/client_config.h"

#include <algorithm>
#include <iterator>

namespace pelton::runtime {

std::vector<config::Diagnostic> check(const config::Config& config, bool sound,
                                      std::span<const connector::ConnectorSpec> connectors) {
  std::vector<config::Diagnostic> problems;
  const auto check_topic = [&problems](const std::optional<config::KafkaTopic>& topic) {
    if (topic) std::ranges::move(kafka::check_client(topic->client), std::back_inserter(problems));
  };
  for (const config::Stream& stream : config.streams) check_topic(stream.kafka);
  for (const config::Connector& connector : config.connectors) {
    check_topic(connector.topic);
    const auto spec = std::ranges::find_if(connectors, [&](const connector::ConnectorSpec& s) {
      return s.options.type == connector.type;
    });
    if (!sound || spec == connectors.end() || !spec->check) continue;
    if (auto ok = spec->check(connector); !ok)
      problems.push_back({connector.place, ok.error().code, ok.error().message});
  }
  return problems;
}

}  // namespace pelton::runtime
