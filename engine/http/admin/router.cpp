// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/router.h"

#include "engine/http/admin/event_stream.h"
#include "engine/http/admin/gzip.h"
#include "engine/http/admin/parameters.h"
#include "engine/http/admin/produce.h"
#include "engine/http/admin/usage_json.h"
#include "engine/http/invoke/operator_call.h"
#include "engine/http/json_text.h"
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

std::string path_text(const net::Request& request) {
  std::string path = request.method + " ";
  for (const std::string& part : request.path) path += "/" + part;
  return path.substr(0, 200);
}

constexpr std::size_t kSmallBody = 1U << 20;
constexpr std::size_t kMaxEvent = 16U << 20;

unsigned status_of(ConfigReview::Outcome outcome) {
  switch (outcome) {
    case ConfigReview::Outcome::fine:
      return 200;
    case ConfigReview::Outcome::invalid:
      return 422;
    case ConfigReview::Outcome::refused:
      return 409;
    case ConfigReview::Outcome::failed:
      break;
  }
  return 500;
}

Answer<ConfigReview> review_reply(net::Reply&& reply) {
  return [reply = std::move(reply)](Result<ConfigReview> review) mutable {
    if (!review) return reply(net::error_response(review.error()));
    reply({status_of(review->outcome), "application/json", review->json + "\n"});
  };
}

}  // namespace

std::span<const AdminRouter::Route> AdminRouter::routes() {
  using R = AdminRouter;
  constexpr auto admin = Surface::admin;
  constexpr auto metrics = Surface::metrics;
  constexpr const char* kLetters =
      "binding reason contains since until partition after limit brief";
  static const Route all[] = {
      {"GET", "/livez", "", metrics, 0, &R::livez},
      {"GET", "/readyz", "verbose", metrics, 0, &R::readyz},
      {"GET", "/metrics", "", metrics, 0, &R::metrics},
      {"GET", "/v1/status", "", admin, 0, &R::status},
      {"POST", "/v1/streams/*/events", "partition first_line", admin, SIZE_MAX, &R::produce},
      {"GET", "/v1/streams/*/events", "partition from limit follow", admin, 0, &R::consume},
      {"GET", "/v1/dead-letters", kLetters, admin, 0, &R::list_letters},
      {"GET", "/v1/dead-letters/count", kLetters, admin, 0, &R::count_letters},
      {"GET", "/v1/dead-letters/*/*/*", "", admin, 0, &R::show_letter},
      {"GET", "/v1/dead-letters/*/*/*/*", "", admin, 0, &R::show_letter},
      {"POST", "/v1/dead-letters/find", "", admin, kSmallBody, &R::find_letters},
      {"POST", "/v1/dead-letters/replay", "", admin, kSmallBody, &R::replay},
      {"POST", "/v1/dead-letters/purge", "", admin, kSmallBody, &R::purge},
      {"GET", "/v1/offsets", "binding", admin, 0, &R::offsets},
      {"POST", "/v1/offsets/seek", "", admin, kSmallBody, &R::seek},
      {"GET", "/v1/usage", "since", admin, 0, &R::usage},
      {"POST", "/v1/functions/*/invoke", "form timeout", admin, kMaxEvent, &R::invoke},
      {"POST", "/v1/functions/*/restart", "", admin, 0, &R::restart},
      {"GET", "/v1/config/plan", "file+", admin, 0, &R::plan_config},
      {"POST", "/v1/config/reload", "", admin, 0, &R::reload_config},
      {"POST", "/v1/bindings/*/pause", "", admin, 0, &R::pause},
      {"POST", "/v1/bindings/*/resume", "", admin, 0, &R::pause},
      {"POST", "/v1/bindings/*/forget", "", admin, 0, &R::forget},
      {"POST", "/v1/streams/*/forget", "", admin, 0, &R::forget},
  };
  return all;
}

bool AdminRouter::is_health_check(const net::Request& request) const {
  return request.path.size() == 1 && (request.path[0] == "livez" || request.path[0] == "readyz");
}

void AdminRouter::handle(net::Request&& request, net::Reply reply) {
  std::string allowed;
  const std::string method = request.method == "HEAD" ? std::string("GET") : request.method;
  for (const Route& route : routes()) {
    if (surface_ == Surface::metrics && route.surface == Surface::admin) continue;
    if (!fits(route.path, request.path)) continue;
    if (method == route.method) return run(route, std::move(request), std::move(reply));
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  reply(not_found(request, allowed));
}

net::Response AdminRouter::not_found(const net::Request& request,
                                     const std::string& allowed) const {
  if (allowed.empty())
    return net::error_response(
        {ErrorKind::invalid, "E5001", "there is no route " + path_text(request)});
  net::Response response =
      net::error_response({ErrorKind::invalid, "E5002",
                           fmt::format("{}: the method must be {}", path_text(request), allowed)});
  response.status = 405;
  response.headers.push_back({"Allow", allowed});
  return response;
}

void AdminRouter::run(const Route& route, net::Request&& request, net::Reply&& reply) {
  if (auto ok = check_parameters(request, route.parameters); !ok)
    return reply(net::error_response(ok.error()));
  // At once: nothing that the engine does may delay it.
  if (route.run == &AdminRouter::livez) return livez(request, {}, std::move(reply));
  // Of what may be large the route reads the pieces itself.
  if (route.max_body == 0 || route.max_body == SIZE_MAX)
    return work_.run(
        [this, &route, request = std::move(request), reply = std::move(reply)]() mutable {
          (this->*route.run)(request, {}, std::move(reply));
        });
  auto body = request.body;
  net::read_all(std::move(body), route.max_body,
                work_.answer<std::string>([this, &route, request = std::move(request),
                                           reply = std::move(reply)](auto whole) mutable {
                  if (!whole) return reply(net::error_response(whole.error()));
                  (this->*route.run)(request, std::move(*whole), std::move(reply));
                }));
}

// NDJSON that is made while it is sent. An error of its first piece becomes the response.
net::Response AdminRouter::lines(std::shared_ptr<net::BodyStream> stream) {
  net::Response response{200, "application/x-ndjson", ""};
  response.stream = work_.made_here(std::move(stream));
  return response;
}

void AdminRouter::livez(const net::Request&, std::string&&, net::Reply&& reply) {
  reply({200, "text/plain", "ok\n"});
}

void AdminRouter::readyz(const net::Request& request, std::string&&, net::Reply&& reply) {
  const bool verbose = request.parameter("verbose") != nullptr;
  backend_.operations.status(work_.answer<observe::StatusReport>(
      [verbose, reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
        if (!report) return reply(net::error_response(report.error()));
        std::string body = report->ready ? "ready\n" : "not ready\n";
        if (verbose || !report->ready)
          for (const std::string& reason : report->not_ready) body += reason + "\n";
        reply({report->ready ? 200U : 503U, "text/plain; charset=utf-8", body});
      }));
}

void AdminRouter::metrics(const net::Request& request, std::string&&, net::Reply&& reply) {
  const bool gzip = accepts_gzip(request);
  backend_.operations.status(work_.answer<observe::StatusReport>(
      [gzip, reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
        if (!report) return reply(net::error_response(report.error()));
        net::Response response{200, "text/plain; version=0.0.4; charset=utf-8",
                               observe::render_metrics(*report)};
        response.headers.push_back({"Vary", "Accept-Encoding"});
        if (gzip) {
          response.body = gzipped(response.body);
          response.headers.push_back({"Content-Encoding", "gzip"});
        }
        reply(std::move(response));
      }));
}

void AdminRouter::status(const net::Request&, std::string&&, net::Reply&& reply) {
  backend_.operations.status(work_.answer<observe::StatusReport>(
      [reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
        if (!report) return reply(net::error_response(report.error()));
        reply({200, "application/json", observe::to_json(*report) + "\n"});
      }));
}

void AdminRouter::produce(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto parameters = produce_parameters(request);
  if (!parameters) return reply(net::error_response(parameters.error()));
  std::make_shared<ProduceRequest>(backend_.streams, work_, request.path[2], *parameters,
                                   std::move(reply))
      ->read(request.body);
}

void AdminRouter::consume(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto parameters = consume_parameters(request);
  if (!parameters) return reply(net::error_response(parameters.error()));
  const std::string name = request.path[2];
  auto reader = backend_.streams.reader(name);
  if (!reader) return reply(net::error_response(reader.error()));
  if (parameters->partition)
    return reply(lines(std::make_shared<EventStream>(
        std::move(*reader), name, std::vector{*parameters->partition}, *parameters)));
  stream::StreamReader& asked = **reader;
  asked.partitions(work_.answer<std::uint32_t>([this, reader = std::move(*reader), name,
                                                parameters = *parameters, reply = std::move(reply)](
                                                   Result<std::uint32_t> count) mutable {
    if (!count) return reply(net::error_response(count.error()));
    std::vector<std::uint32_t> partitions(*count);
    std::iota(partitions.begin(), partitions.end(), 0U);
    reply(lines(std::make_shared<EventStream>(std::move(reader), name, partitions, parameters)));
  }));
}

void AdminRouter::offsets(const net::Request& request, std::string&&, net::Reply&& reply) {
  auto binding = offsets_binding(request);
  if (!binding) return reply(net::error_response(binding.error()));
  backend_.operations.status(work_.answer<observe::StatusReport>([name = std::move(*binding),
                                                                  reply = std::move(reply)](
                                                                     Result<observe::StatusReport>
                                                                         report) mutable {
    if (!report) return reply(net::error_response(report.error()));
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
      return reply(net::error_response(
          {ErrorKind::invalid, "E5001", fmt::format("no binding named \"{}\"", name)}));
    reply({200, "application/json", fmt::format(R"({{"offsets":[{}]}})", list) + "\n"});
  }));
}

void AdminRouter::seek(const net::Request&, std::string&& body, net::Reply&& reply) {
  const auto wanted = seek_of(body);
  if (!wanted) return reply(net::error_response(wanted.error()));
  backend_.operations.seek(
      *wanted, [reply = std::move(reply)](Result<SeekOutcome> outcome) mutable {
        if (!outcome) return reply(net::error_response(outcome.error()));
        std::string list, skipped;
        for (const SeekChange& change : outcome->changes)
          list += fmt::format(R"({}{{"partition":{},"from":{},"to":{},"events":{}}})",
                              list.empty() ? "" : ",", change.partition, change.from, change.to,
                              change.to - change.from);
        for (const SeekSkipped& one : outcome->skipped)
          skipped += fmt::format(R"({}{{"partition":{},"reason":{}}})", skipped.empty() ? "" : ",",
                                 one.partition, json_quoted(one.why.text()));
        reply({200, "application/json",
               fmt::format(R"({{"changes":[{}],"skipped":[{}]}})", list, skipped) + "\n"});
      });
}

void AdminRouter::usage(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto since = usage_since(request);
  if (!since) return reply(net::error_response(since.error()));
  backend_.metering.usage(
      *since, work_.answer<std::vector<UsageRow>>(
                  [reply = std::move(reply)](Result<std::vector<UsageRow>> rows) mutable {
                    if (!rows) return reply(net::error_response(rows.error()));
                    reply({200, "application/json", to_json(*rows) + "\n"});
                  }));
}

void AdminRouter::invoke(const net::Request& request, std::string&& body, net::Reply&& reply) {
  auto wanted = operator_call(request, std::move(body));
  if (!wanted) return reply(net::error_response(wanted.error()));
  const auto documents = backend_.functions.takes_documents(wanted->function);
  if (!documents) return reply(net::error_response(documents.error()));
  auto respond = std::make_shared<net::Reply>(std::move(reply));  // shared with the call's answer
  auto call =
      make_call(std::move(*wanted), *documents, SystemClock{}.now(),
                work_.answer<OperatorAnswer>([respond](const Result<OperatorAnswer>& answer) {
                  if (!answer) return (*respond)(net::error_response(answer.error()));
                  (*respond)({200, "application/json", to_json(*answer) + "\n"});
                }));
  if (!call) return (*respond)(net::error_response(call.error()));
  call->connection = request.body;
  backend_.functions.call(std::move(*call));
}

void AdminRouter::restart(const net::Request& request, std::string&&, net::Reply&& reply) {
  backend_.operations.restart(
      request.path[2], [reply = std::move(reply)](Result<std::uint64_t> ended) mutable {
        if (!ended) return reply(net::error_response(ended.error()));
        reply({200, "application/json", fmt::format(R"({{"workers":{}}})", *ended) + "\n"});
      });
}

void AdminRouter::plan_config(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto files = config_files(request);
  if (!files) return reply(net::error_response(files.error()));
  backend_.operations.plan(*files, review_reply(std::move(reply)));
}

void AdminRouter::reload_config(const net::Request&, std::string&&, net::Reply&& reply) {
  backend_.operations.reload(review_reply(std::move(reply)));
}

void AdminRouter::pause(const net::Request& request, std::string&&, net::Reply&& reply) {
  const bool on = request.path[3] == "pause";
  backend_.operations.pause(
      request.path[2], on, [on, reply = std::move(reply)](Status done) mutable {
        if (!done) return reply(net::error_response(done.error()));
        reply({200, "application/json", fmt::format("{{\"paused\":{}}}\n", on)});
      });
}

void AdminRouter::forget(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto what =
      request.path[1] == "streams" ? Operations::Kept::stream : Operations::Kept::binding;
  backend_.operations.forget(
      what, request.path[2], [reply = std::move(reply)](Result<Forgotten> done) mutable {
        if (!done) return reply(net::error_response(done.error()));
        const bool rest = *done == Forgotten::progress_elsewhere;
        reply({200, "application/json", fmt::format("{{\"configured\":{}}}\n", rest)});
      });
}

}  // namespace pelton::http
