// SPDX-License-Identifier: Apache-2.0
#include "engine/http/router.h"

#include "engine/base/units.h"
#include "engine/http/letter_json.h"
#include "engine/http/ndjson.h"
#include "engine/observe/metrics.h"
#include "engine/observe/status_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <utility>

namespace pelton::http {
namespace {

namespace json = boost::json;

// Most dead letters of one page, most events of one read.
constexpr std::size_t kMaxPage = 1000;
constexpr std::size_t kMaxEvents = 10'000;

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> query(const Request& request, const std::string& name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::nullopt : std::optional(at->second);
}

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "E5002", "{}", what);
}

// A number of the query; an error when it is not one.
template <typename Number>
Result<std::optional<Number>> number_of(const Request& request, const std::string& name) {
  const auto text = query(request, name);
  if (!text) return std::nullopt;
  const auto value = number<Number>(*text);
  if (!value) return bad(fmt::format("\"{}\" is not a number: {}", name, *text));
  return value;
}

Result<std::optional<WallTime>> time_of(const Request& request, const std::string& name) {
  const auto text = query(request, name);
  if (!text) return std::nullopt;
  auto time = parse_time(*text);
  if (!time) return bad(time.error().message);
  return *time;
}

Result<ReadRequest::From> from_of(const Request& request) {
  using Kind = ReadRequest::From::Kind;
  const std::string text = query(request, "from").value_or("earliest");
  if (text == "earliest") return ReadRequest::From{};
  if (text == "latest") return ReadRequest::From{Kind::latest, 0, {}};
  if (const auto offset = number<Offset>(text)) return ReadRequest::From{Kind::offset, *offset, {}};
  if (const auto time = parse_time(text)) return ReadRequest::From{Kind::time, 0, *time};
  return bad(fmt::format("\"{}\" is neither earliest, latest, an offset nor a time", text));
}

Result<DeadLetterQuery> letter_query(const Request& request) {
  DeadLetterQuery out;
  out.binding = query(request, "binding").value_or("");
  out.reason = query(request, "reason").value_or("");
  out.contains = query(request, "contains").value_or("");
  out.after = query(request, "after");
  auto partition = number_of<std::uint32_t>(request, "partition");
  auto limit = number_of<std::size_t>(request, "limit");
  auto since = time_of(request, "since");
  auto until = time_of(request, "until");
  if (!partition) return std::unexpected(partition.error());
  if (!limit) return std::unexpected(limit.error());
  if (!since) return std::unexpected(since.error());
  if (!until) return std::unexpected(until.error());
  out.partition = *partition;
  out.limit = std::min(limit->value_or(100), kMaxPage);
  out.since = *since;
  out.until = *until;
  return out;
}

Result<std::vector<std::string>> ids_of(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* ids = object == nullptr ? nullptr : object->if_contains("ids");
  if (ids == nullptr || !ids->is_array()) return bad("the body must be {\"ids\": [...]}");
  std::vector<std::string> out;
  for (const json::value& id : ids->get_array()) {
    if (!id.is_string()) return bad("ids are texts");
    out.emplace_back(id.get_string());
  }
  return out;
}

Result<SeekRequest> seek_of(const std::string& body) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return bad("the body must be a JSON object");
  const json::object& object = value.get_object();
  auto text = [&](const char* name) {
    const json::value* at = object.if_contains(name);
    return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
  };
  SeekRequest request;
  request.binding = text("binding");
  if (const json::value* partition = object.if_contains("partition");
      partition && partition->is_int64())
    request.partition = static_cast<std::uint32_t>(partition->get_int64());
  if (const json::value* dry = object.if_contains("dry_run"); dry && dry->is_bool())
    request.dry_run = dry->get_bool();
  if (const json::value* offset = object.if_contains("offset"); offset && offset->is_int64())
    request.offset = offset->get_int64();
  const std::string to = text("to");
  if (to == "time") {
    auto time = parse_time(text("time"));
    if (!time) return bad(time.error().message);
    request.time = *time;
    request.to = SeekRequest::To::time;
  } else if (to == "earliest" || to == "latest" || to == "offset" || to == "by") {
    request.to = to == "earliest" ? SeekRequest::To::earliest
                 : to == "latest" ? SeekRequest::To::latest
                 : to == "by"     ? SeekRequest::To::by
                                  : SeekRequest::To::offset;
  } else {
    return bad("\"to\" must be offset, time, earliest, latest or by");
  }
  return request;
}

Response not_here(const Request& request) {
  std::string path;
  for (const std::string& part : request.path) path += "/" + part;
  Response response = error_response(
      {ErrorKind::invalid, "E5001", fmt::format("nothing answers {} {}", request.method, path)});
  response.status = 404;
  return response;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return false;
    out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return true;
}

}  // namespace

bool parse_target(std::string_view target, Request& request) {
  const auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  std::string_view rest =
      question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (!decode(path.substr(0, slash), request.path.emplace_back())) return false;
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const auto equal = pair.find('=');
    std::string name;
    std::string value;
    if (!decode(pair.substr(0, equal), name)) return false;
    if (equal != std::string_view::npos && !decode(pair.substr(equal + 1), value)) return false;
    request.query[name] = value;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return true;
}

Response error_response(const Error& error) {
  Response response;
  response.status = error.code == "E5001"              ? 404
                    : error.kind == ErrorKind::invalid ? 400
                    : error.kind == ErrorKind::corrupt ? 500
                                                       : 503;
  if (error.kind == ErrorKind::overloaded) response.headers.emplace_back("Retry-After", "1");
  const json::object body{
      {"error",
       {{"code", error.code}, {"kind", to_string(error.kind)}, {"message", error.message}}}};
  response.body = json::serialize(body) + "\n";
  return response;
}

void Router::handle(Request&& request, Reply reply) {
  const auto& path = request.path;
  const std::string first = path.empty() ? "" : path[0];
  if (request.method == "GET" && path.size() == 1 &&
      (first == "livez" || first == "readyz" || first == "metrics"))
    return health(first, request.query.contains("verbose"), std::move(reply));
  if (surface_ == Surface::metrics || first != "v1" || path.size() < 2)
    return reply(not_here(request));
  const std::string second = path[1];
  if (second == "status" && path.size() == 2 && request.method == "GET")
    return backend_.status(
        [reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
          reply(report ? Response{200, "application/json", observe::to_json(*report) + "\n", {}}
                       : error_response(report.error()));
        });
  if (second == "streams") return streams(std::move(request), std::move(reply));
  if (second == "dead-letters") return dead_letters(std::move(request), std::move(reply));
  if (second == "offsets" && path.size() == 3 && path[2] == "seek" && request.method == "POST")
    return seek(request, std::move(reply));
  reply(not_here(request));
}

void Router::health(const std::string& name, bool verbose, Reply reply) {
  if (name == "livez") return reply({200, "text/plain", "ok\n", {}});
  backend_.status([name, verbose,
                   reply = std::move(reply)](Result<observe::StatusReport> report) mutable {
    if (!report) return reply(error_response(report.error()));
    if (name == "metrics")
      return reply(
          {200, "text/plain; version=0.0.4; charset=utf-8", observe::render_metrics(*report), {}});
    std::string body = report->ready ? "ready\n" : "not ready\n";
    if (verbose || !report->ready)
      for (const std::string& reason : report->not_ready) body += reason + "\n";
    reply({report->ready ? 200U : 503U, "text/plain", body, {}});
  });
}

void Router::streams(Request&& request, Reply reply) {
  if (request.path.size() == 4 && request.path[3] == "events") {
    if (request.method == "POST") return produce(std::move(request), std::move(reply));
    if (request.method == "GET") return consume(std::move(request), std::move(reply));
  }
  reply(not_here(request));
}

void Router::produce(Request&& request, Reply reply) {
  auto partition = number_of<std::uint32_t>(request, "partition");
  if (!partition) return reply(error_response(partition.error()));
  model::BatchBuilder builder;
  if (auto ok = parse_events(request.body, SystemClock{}.now(), builder); !ok)
    return reply(error_response(ok.error()));
  if (builder.empty())
    return reply(error_response({ErrorKind::invalid, "E5003", "no events in the body"}));
  const std::size_t count = builder.size();
  backend_.produce(
      request.path[2], builder.finish(), *partition,
      [count, reply = std::move(reply)](Result<std::vector<Produced>> produced) mutable {
        if (!produced) return reply(error_response(produced.error()));
        json::array list;
        for (const Produced& p : *produced)
          list.push_back({{"partition", p.partition}, {"offset", p.base}, {"count", p.count}});
        reply({200,
               "application/json",
               json::serialize(json::object{{"count", count}, {"produced", list}}) + "\n",
               {}});
      });
}

void Router::consume(Request&& request, Reply reply) {
  auto partition = number_of<std::uint32_t>(request, "partition");
  auto limit = number_of<std::size_t>(request, "limit");
  auto from = from_of(request);
  if (!partition) return reply(error_response(partition.error()));
  if (!limit) return reply(error_response(limit.error()));
  if (!from) return reply(error_response(from.error()));
  const ReadRequest read{request.path[2], partition->value_or(0), *from, 1U << 20};
  const std::size_t most = std::min(limit->value_or(kMaxEvents), kMaxEvents);
  backend_.read(read, [stream = request.path[2], most,
                       reply = std::move(reply)](Result<ReadAnswer> answer) mutable {
    if (!answer) return reply(error_response(answer.error()));
    Response response{200, "application/x-ndjson", "", {}};
    Offset next = answer->from;
    std::size_t count = 0;
    for (const store::PlacedBatch& placed : answer->batches)
      for (std::size_t i = 0; i < placed.batch->size() && count < most; ++i) {
        const Offset offset = placed.base + placed.batch->delta(i);
        if (offset < answer->from) continue;
        response.body += event_line(stream, placed, i);
        next = offset + 1;
        ++count;
      }
    response.headers = {{"Pelton-Next", std::to_string(next)},
                        {"Pelton-End", std::to_string(answer->end)}};
    reply(std::move(response));
  });
}

void Router::dead_letters(Request&& request, Reply reply) {
  const auto& path = request.path;
  if (request.method == "POST" && path.size() == 3) return letter_action(request, std::move(reply));
  if (request.method != "GET") return reply(not_here(request));
  if (path.size() == 5) {
    const std::string id = path[2] + "/" + path[3] + "/" + path[4];
    return backend_.dead_letter(
        id, [reply = std::move(reply)](Result<store::DeadLetter> letter) mutable {
          reply(letter ? Response{200, "application/json", letter_line(*letter), {}}
                       : error_response(letter.error()));
        });
  }
  letter_list(request, std::move(reply));
}

void Router::letter_list(const Request& request, Reply reply) {
  const bool count = request.path.size() == 3 && request.path[2] == "count";
  if (request.path.size() != 2 && !count) return reply(not_here(request));
  auto wanted = letter_query(request);
  if (!wanted) return reply(error_response(wanted.error()));
  if (count)
    return backend_.count_dead_letters(*wanted, [reply = std::move(reply)](
                                                    Result<std::uint64_t> total) mutable {
      if (!total) return reply(error_response(total.error()));
      reply({200, "application/json", json::serialize(json::object{{"count", *total}}) + "\n", {}});
    });
  backend_.dead_letters(
      *wanted, [reply = std::move(reply)](Result<std::vector<store::DeadLetter>> letters) mutable {
        if (!letters) return reply(error_response(letters.error()));
        Response response{200, "application/x-ndjson", "", {}};
        for (const store::DeadLetter& letter : *letters) response.body += letter_line(letter);
        reply(std::move(response));
      });
}

void Router::letter_action(const Request& request, Reply reply) {
  auto ids = ids_of(request.body);
  if (!ids) return reply(error_response(ids.error()));
  if (request.path[2] == "replay")
    return backend_.replay(*ids, [reply = std::move(reply)](Result<ReplayCount> count) mutable {
      if (!count) return reply(error_response(count.error()));
      const json::object body{
          {"accepted", count->accepted}, {"missing", count->missing}, {"running", count->running}};
      reply({200, "application/json", json::serialize(body) + "\n", {}});
    });
  if (request.path[2] == "purge")
    return backend_.purge(*ids, [reply = std::move(reply)](Result<std::uint64_t> count) mutable {
      if (!count) return reply(error_response(count.error()));
      reply(
          {200, "application/json", json::serialize(json::object{{"purged", *count}}) + "\n", {}});
    });
  reply(not_here(request));
}

void Router::seek(const Request& request, Reply reply) {
  auto wanted = seek_of(request.body);
  if (!wanted) return reply(error_response(wanted.error()));
  backend_.seek(*wanted, [reply =
                              std::move(reply)](Result<std::vector<SeekChange>> changes) mutable {
    if (!changes) return reply(error_response(changes.error()));
    json::array list;
    for (const SeekChange& change : *changes)
      list.push_back({{"partition", change.partition},
                      {"from", change.from},
                      {"to", change.to},
                      {"events", change.to - change.from}});
    reply({200, "application/json", json::serialize(json::object{{"changes", list}}) + "\n", {}});
  });
}

}  // namespace pelton::http
