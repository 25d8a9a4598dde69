// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/check.h"

#include "engine/kafka/client/client_config.h"

#include <algorithm>
#include <iterator>

namespace pelton::runtime {

std::vector<config::Diagnostic> check(const config::Config& config) {
  std::vector<config::Diagnostic> problems;
  for (const config::Stream& stream : config.streams)
    if (stream.kafka)
      std::ranges::move(kafka::check_client(stream.kafka->client), std::back_inserter(problems));
  return problems;
}

}  // namespace pelton::runtime
