// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/listener.h"

#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

void keep_listener_places(const Section& section, const std::string&, ReadContext&,
                          Listener& listener) {
  listener.lambda_place = section.place("lambda");
  listener.proxies_place = section.place("trusted_proxies");
  listener.access_log_place = section.place("access_log");
}

std::optional<Network> read_network(const std::string& text, Place place, Diagnostics& problems) {
  auto network = parse_network(text);
  if (network) return std::move(*network);
  problems.error(place, network.error().code,
                 fmt::format("trusted_proxies: \"{}\" {}", text, network.error().message));
  return std::nullopt;
}

std::string network_text(const Network& network) {
  return network.text;
}

void check_folder(const Section& section, const std::string& prefix, ReadContext& context,
                  AccessLog& log) {
  std::error_code ignored;
  if (!log.file.empty() && !std::filesystem::is_directory(log.file.parent_path(), ignored))
    context.problems.error(section.place(prefix + "file"), "E1008",
                           fmt::format("{}: the folder {} does not exist", section.label(),
                                       log.file.parent_path().string()));
}

Fields<AccessLog> access_log_fields() {
  return Fields<AccessLog>("access_log",
                           "Writes each request to a file, for which nobody is kept waiting. A "
                           "file that is moved or removed, as logrotate does it, is created again "
                           "within a second. No request is logged if omitted.")
      .option("file", &AccessLog::file,
              "File to append to, or `/dev/stdout` or `/dev/stderr` of the engine.",
              {.example = "logs/access.log", .required = true})
      .choice("format", &AccessLog::format,
              {{"json", AccessLogFormat::json},
               {"common", AccessLogFormat::common},
               {"combined", AccessLogFormat::combined}},
              "A JSON object a line (`json`), or the format of Apache and nginx: `common`, or "
              "`combined` with the headers Referer and User-Agent.")
      .shorthand("file")
      .then(check_folder);
}

const Fields<Listener>& listener_fields() {
  static const Fields<Listener> fields =
      Fields<Listener>("listeners", "An address on which the engine serves HTTP.")
          .parsed("address", &Listener::address, parse_listen, listen_text,
                  "Address and port to listen on. Port 0 picks a free port.", "",
                  {.example = "127.0.0.1:8080", .required = true})
          .option("connections", &Listener::connections,
                  "Maximum number of open connections. When all are taken, the slowest idle one is "
                  "closed.",
                  {.at_least = "1", .at_most = "65536"})
          .option(
              "memory", &Listener::memory,
              "Memory for the bodies of requests and responses. When it is used up, the slowest "
              "client is disconnected; if none is slow, requests are answered with 503.",
              {.at_least = "1MiB", .at_most = "64GiB"})
          .option("header_time", &Listener::header_time,
                  "Time within which the header of a request has to arrive, and how long a "
                  "connection may be idle between requests.",
                  {.at_least = "100ms", .at_most = "1h"})
          .option("body_time", &Listener::body_time,
                  "Grace period for a slow body. A client that sends less than 1 KiB/s is "
                  "disconnected once it is this far behind.",
                  {.at_least = "100ms", .at_most = "1h"})
          .each("trusted_proxies", &Listener::trusted_proxies, read_network, network_text,
                "Addresses and networks of the proxies before this listener. Requests from there "
                "are those of the clients that the proxies name; elsewhere such headers are "
                "dropped, since anybody can send them.",
                {.example = "10.0.0.0/8"})
          .choice("proxy_headers", &Listener::proxy_headers,
                  {{"x-forwarded", ProxyHeaders::custom}, {"forwarded", ProxyHeaders::standard}},
                  "How `trusted_proxies` name the client: by X-Forwarded-For, -Host, -Port and "
                  "-Proto (`x-forwarded`), or by Forwarded (`forwarded`, RFC 7239). The other "
                  "headers are not believed, since proxies pass them on as clients send them.")
          .section(&Listener::access_log, access_log_fields())
          .option(
              "lambda", &Listener::lambda,
              "Serve AWS Lambda's API for all functions: SDKs invoke and list them. Callers are "
              "not authenticated.")
          .section(&Listener::tls, listener_tls_fields())
          .then(keep_listener_places);
  return fields;
}

}  // namespace

const SectionSpec& listener_spec() {
  return listener_fields().spec();
}

Listener parse_listener(const std::string& name, const Node& node, ReadContext& context) {
  Listener listener;
  listener.name = name;
  listener.place = node.place;
  listener_fields().fill(read_section(node, listener_spec(), "listener " + name, context), "",
                         context, listener);
  return listener;
}

OptionChanges differences(const Listener& before, const Listener& after) {
  return listener_fields().differences(before, after);
}

std::string origin_of(const Listener& listener, const std::string& address) {
  return (listener.tls ? "https://" : "http://") + address;
}

}  // namespace pelton::config
