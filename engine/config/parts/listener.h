// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/http_listen.h"
#include "engine/config/parts/listener_tls.h"
#include "engine/config/parts/network.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;

// How proxies say whom they got a request from: by X-Forwarded-*, or by Forwarded of RFC 7239.
enum class ProxyHeaders : std::uint8_t { custom, standard };

enum class AccessLogFormat : std::uint8_t { json, common, combined };

// Value. Where each request is written down.
struct AccessLog {
  std::filesystem::path file;
  AccessLogFormat format = AccessLogFormat::json;
};

// Value. An address on which HTTP is served. The members' initialisers are the defaults.
struct Listener {
  std::string name;
  Place place;
  HttpListen address;
  std::optional<ListenerTls> tls;
  std::uint32_t connections = 1024;
  std::uint64_t memory = 256U << 20;               // for bodies of requests and responses
  Duration header_time{std::chrono::seconds(10)};  // for a head, and between requests
  Duration body_time{std::chrono::seconds(10)};    // how far a body may be behind the least rate
  std::vector<Network> trusted_proxies;            // whose word on clients is taken
  ProxyHeaders proxy_headers = ProxyHeaders::custom;
  std::optional<AccessLog> access_log;
  bool lambda = false;  // serves AWS Lambda's API for all functions
  Place lambda_place, proxies_place, access_log_place;
};

const SectionSpec& listener_spec();
Listener parse_listener(const std::string& name, const Node& node, ReadContext& context);
OptionChanges differences(const Listener& before, const Listener& after);

// What its URLs begin with; `address`: host and port.
std::string origin_of(const Listener& listener, const std::string& address);

}  // namespace pelton::config
