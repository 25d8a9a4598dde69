// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/listener.h"

#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

void keep_lambda_place(const Section& section, const std::string&, ReadContext&,
                       Listener& listener) {
  listener.lambda_place = section.place("lambda");
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
          .option(
              "lambda", &Listener::lambda,
              "Serve AWS Lambda's API for all functions: SDKs invoke and list them. Callers are "
              "not authenticated.")
          .section(&Listener::tls, listener_tls_fields())
          .then(keep_lambda_place);
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
