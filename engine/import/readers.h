// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/event_sources.h"
#include "engine/import/reader.h"
#include "engine/import/service.h"

namespace pelton::importer {

// What a file describes. Problems go to the reader's.
Service read_serverless(const Node& root, Reader& reader);
Service read_template(const Node& root, Reader& reader);

// `custom.pelton.services` of a serverless.yml, which is the section `services` of a config file,
// with its variables resolved; nothing: there is none. Adds its URLs by config::aws_service().
std::optional<Node> read_services(const Node& root, Reader& reader,
                                  std::map<std::string, std::string>& urls);
// The same with URLs of a command line, which win; nothing: there is neither.
std::optional<Node> with_services(std::optional<Node> section,
                                  const std::map<std::string, std::string>& urls);

// What the events of all functions of a serverless.yml share.
struct EventDefaults {
  std::optional<Cors> http_api_cors;
  bool payload1 = false;  // provider.httpApi.payload: '1.0'
  AsyncRetry retry;
};
// An entry of `events` of a function, added to it.
void read_event(const Node& event, const EventDefaults& defaults, Function& function,
                Reader& reader);
// `cors` of an event or of provider.httpApi; nothing: disabled.
std::optional<Cors> read_cors(const Node& map, Reader& reader);

// E1106, for each resource but functions and what is about permissions.
void tell_not_created(Reader& reader);

}  // namespace pelton::importer
