// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/kinds.h"

#include "engine/kafka/options.h"
#include "engine/net/server_tls.h"
#include "engine/schema/codec.h"
#include "engine/worker/runtimes/builtin.h"

namespace pelton::runtime {

config::Kinds kinds(std::span<const connector::ConnectorSpec> connectors) {
  config::Kinds kinds;
  for (const connector::ConnectorSpec& spec : connectors) kinds.connectors.push_back(spec.options);
  for (const worker::RuntimeSpec& spec : worker::builtin_runtimes())
    kinds.runtimes.push_back(spec.options);
  kinds.topic = kafka::topic_kind();
  kinds.check_json_schema = [](const std::string& text) -> Status {
    const auto compiled = schema::compile({schema::Format::json_schema, text}, "");
    if (!compiled) return std::unexpected(compiled.error());
    return (*compiled)->writable();
  };
  kinds.check_certificates = [](const config::ListenerTls& tls) {
    return net::Certificates::check(tls, SystemClock().now());
  };
  return kinds;
}

}  // namespace pelton::runtime
