// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/router.h"

#include "engine/http/admin/event_stream.h"
#include "engine/http/admin/parameters.h"
#include "engine/http/json_text.h"
#include "engine/http/ndjson.h"
#include "engine/observe/metrics.h"
#include "engine/observe/status_json.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pelton::http {
namespace {

bool fits(std::string_view pattern, const std::vector<std::string>& path) {
  for (const std::string& segment : path) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);
    const std::string_view expected = pattern.substr(0, pattern.find('/'));
    if (expected != "*" && expected != segment) return false;
    pattern.remove_prefix(expected.size());
  }
  return pattern.empty();
}

std::string path_text(const Request& request) {
  std::string path = request.method + " ";
  for (const std::string& part : request.path) path += "/" + part;
  return path.substr(0, 200);
}

}  // namespace

const Router::Route Router::kRoutes[] = {
    {"GET", "/livez", Surface::metrics, &Router::livez},
    {"GET", "/readyz", Surface::metrics, &Router::readyz},
    {"GET", "/metrics", Surface::metrics, &Router::metrics},
    {"GET", "/v1/status", Surface::admin, &Router::status},
    {"POST", "/v1/streams/*/events", Surface::admin, &Router::produce},
    {"GET", "/v1/streams/*/events", Surface::admin, &Router::consume},
    {"GET", "/v1/dead-letters", Surface::admin, &Router::list_letters},
    {"GET", "/v1/dead-letters/count", Surface::admin, &Router::count_letters},
    {"GET", "/v1/dead-letters/*/*/*", Surface::admin, &Router::show_letter},
    {"POST", "/v1/dead-letters/find", Surface::admin, &Router::find_letters},
    {"POST", "/v1/dead-letters/replay", Surface::admin, &Router::replay},
    {"POST", "/v1/dead-letters/purge", Surface::admin, &Router::purge},
    {"GET", "/v1/offsets", Surface::admin, &Router::offsets},
    {"POST", "/v1/offsets/seek", Surface::admin, &Router::seek},
    {"POST", "/v1/functions/*/restart", Surface::admin, &Router::restart},
};

void Router::handle(Request&& request, Reply reply) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (surface_ == Surface::metrics && route.surface == Surface::admin) continue;
    if (!fits(route.path, request.path)) continue;
    if (request.method == route.method)
      return (this->*route.run)(std::move(request), std::move(reply));
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  Response response;
  if (allowed.empty()) {
    response =
        error_response({ErrorKind::invalid, "E5001", "nothing answers " + path_text(request)});
  } else {
    response =
        error_response({ErrorKind::invalid, "E5002",
                        fmt::format("{}: the method must be {}", path_text(request), allowed)});
    response.status = 405;
    response.headers.emplace_back("Allow", allowed);
  }
  reply(std::move(response));
}

void Router::livez(Request&&, Reply reply) {
  reply({200, "text/plain", "ok\n"});
}

void Router::readyz(Request&& request, Reply reply) {
  const bool verbose = request.query.contains("verbose");
  backend_.status(
      [verbose, reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
        if (!report) return reply(error_response(report.error()));
        std::string body = report->ready ? "ready\n" : "not ready\n";
        if (verbose || !report->ready)
          for (const std::string& reason : report->not_ready) body += reason + "\n";
        reply({report->ready ? 200U : 503U, "text/plain; charset=utf-8", body});
      });
}

void Router::metrics(Request&&, Reply reply) {
  backend_.status([reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
    if (!report) return reply(error_response(report.error()));
    reply({200, "text/plain; version=0.0.4; charset=utf-8", observe::render_metrics(*report)});
  });
}

void Router::status(Request&&, Reply reply) {
  backend_.status([reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
    if (!report) return reply(error_response(report.error()));
    reply({200, "application/json", observe::to_json(*report) + "\n"});
  });
}

void Router::produce(Request&& request, Reply reply) {
  const auto parameters = produce_parameters(request);
  if (!parameters) return reply(error_response(parameters.error()));
  model::BatchBuilder builder;
  if (auto ok = parse_events(request.body, SystemClock{}.now(), builder, parameters->first_line);
      !ok)
    return reply(error_response(ok.error()));
  if (builder.empty())
    return reply(error_response({ErrorKind::invalid, "E5003", "no events in the body"}));
  const std::size_t count = builder.size();
  backend_.produce(
      request.path[2], builder.finish(), parameters->partition,
      [count, reply = std::move(reply)](Result<std::vector<Produced>> produced) mutable {
        if (!produced) return reply(error_response(produced.error()));
        std::string list;
        for (const Produced& p : *produced)
          list += fmt::format(R"({}{{"partition":{},"offset":{},"count":{}}})",
                              list.empty() ? "" : ",", p.partition, p.base, p.count);
        reply({200, "application/json",
               fmt::format(R"({{"count":{},"produced":[{}]}})", count, list) + "\n"});
      });
}

void Router::consume(Request&& request, Reply reply) {
  const auto parameters = consume_parameters(request);
  if (!parameters) return reply(error_response(parameters.error()));
  const std::string name = request.path[2];
  auto reader = backend_.reader(name);
  if (!reader) return reply(error_response(reader.error()));
  if (parameters->partition)
    return reply(lines(std::make_shared<EventStream>(
        std::move(*reader), name, std::vector{*parameters->partition}, *parameters)));
  StreamReader& asked = **reader;
  asked.partitions([reader = std::move(*reader), name, parameters = *parameters,
                    reply = std::move(reply)](Result<std::uint32_t> count) mutable {
    if (!count) return reply(error_response(count.error()));
    std::vector<std::uint32_t> partitions(*count);
    std::iota(partitions.begin(), partitions.end(), 0U);
    reply(lines(std::make_shared<EventStream>(std::move(reader), name, partitions, parameters)));
  });
}

void Router::offsets(Request&& request, Reply reply) {
  auto binding = offsets_binding(request);
  if (!binding) return reply(error_response(binding.error()));
  backend_.status([name = std::move(*binding),
                   reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
    if (!report) return reply(error_response(report.error()));
    std::string list;
    bool found = name.empty();
    for (const observe::BindingStatus& b : report->bindings) {
      if (!name.empty() && b.name != name) continue;
      found = true;
      for (const observe::BindingPartitionStatus& p : b.partitions)
        list += fmt::format(
            R"({}{{"binding":{},"stream":{},"partition":{},"cursor":{},"end":{},"lag_events":{},"lag_seconds":{}}})",
            list.empty() ? "" : ",", json_quoted(b.name), json_quoted(b.stream), p.partition,
            p.cursor, p.end, p.lag_events, p.lag_seconds);
    }
    if (!found)
      return reply(error_response(
          {ErrorKind::invalid, "E5001", fmt::format("no binding named \"{}\"", name)}));
    reply({200, "application/json", fmt::format(R"({{"offsets":[{}]}})", list) + "\n"});
  });
}

void Router::seek(Request&& request, Reply reply) {
  const auto wanted = seek_of(request.body);
  if (!wanted) return reply(error_response(wanted.error()));
  backend_.seek(
      *wanted, [reply = std::move(reply)](Result<std::vector<SeekChange>> changes) mutable {
        if (!changes) return reply(error_response(changes.error()));
        std::string list;
        for (const SeekChange& change : *changes)
          list += fmt::format(R"({}{{"partition":{},"from":{},"to":{},"events":{}}})",
                              list.empty() ? "" : ",", change.partition, change.from, change.to,
                              change.to - change.from);
        reply({200, "application/json", fmt::format(R"({{"changes":[{}]}})", list) + "\n"});
      });
}

void Router::restart(Request&& request, Reply reply) {
  backend_.restart(
      request.path[2], [reply = std::move(reply)](Result<std::uint64_t> ended) mutable {
        if (!ended) return reply(error_response(ended.error()));
        reply({200, "application/json", fmt::format(R"({{"workers":{}}})", *ended) + "\n"});
      });
}

}  // namespace pelton::http
