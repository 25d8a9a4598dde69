// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/yaml/place.h"

#include <map>
#include <string>
#include <string_view>

namespace pelton::config {

struct Function;
struct Node;
struct ReadContext;
struct SectionSpec;

// Value. Where functions find the services of AWS, and what they log in with. The members'
// initialisers are the defaults.
struct Services {
  std::string endpoint;                          // of all services that `endpoints` lacks; or empty
  std::map<std::string, std::string> endpoints;  // by aws_service()
  std::string region = "us-east-1";
  // Empty: those of the engine's own environment, or "test".
  std::string access_key, secret_key, session_token;
  // The file names a region, whatever it is.
  bool has_region = false;
};

// E7111: it is not the URL of a server.
Status check_service_url(std::string_view url);

// URLs by aws_service(), "" for all others: what a command line gives.
using ServiceUrls = std::map<std::string, std::string>;

const SectionSpec& services_spec();
// `given` wins over the section.
Services parse_services(const Node& node, const ServiceUrls& given, ReadContext& context);

// Adds what the functions' environments lack: AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>, the
// region, and credentials where there is an endpoint.
void add_services(const Services& services, Function& function, ReadContext& context);

}  // namespace pelton::config
