// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/durable.h"

#include "engine/base/utf8.h"
#include "engine/http/invoke/function_response.h"
#include "engine/http/invoke/invoke.h"
#include "engine/http/invoke/kept_calls.h"

#include <algorithm>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::size_t kMaxKey = 255;

net::Response no(unsigned status, ErrorKind kind, const char* code, std::string message) {
  net::Response response = net::error_response({kind, code, std::move(message)});
  response.status = status;
  return response;
}

net::Response try_again(unsigned status, const char* code, std::string message) {
  net::Response response = no(status, ErrorKind::overloaded, code, std::move(message));
  if (response.headers.empty()) response.headers.push_back({"Retry-After", "1"});
  return response;
}

net::Response why_not(KeptCalls::Refusal why) {
  using Refusal = KeptCalls::Refusal;
  switch (why) {
    case Refusal::loading:
      return try_again(503, "E7070", "the engine is starting or stopping: try again");
    case Refusal::under_way:
      return try_again(409, "E7101",
                       "a request with this Idempotency-Key is being worked on: try again later");
    case Refusal::other_request:
      return no(422, ErrorKind::invalid, "E7102",
                "this Idempotency-Key was used for a request with another method, path, query "
                "or body");
    case Refusal::full:
      return try_again(503, "E7103", "the route remembers as many keys as it may (`durable.keys`)");
    case Refusal::memory:
      return try_again(503, "E7105",
                       "idempotency keys take as much of the engine's memory as they may "
                       "(`engine.memory`)");
    case Refusal::waiting:
      break;
  }
  return try_again(503, "E7070", "too many requests are waiting: try again");
}

// Of a text that names the parts, so that none can pass for another.
Hash128 hash_of(const RoutedRequest& request) {
  const Hash128 body = hash128(request.body);
  return hash128(fmt::format("{} {} {} {}", request.request.method, request.request.target,
                             body.high, body.low));
}

// E7064: it is no proper one, or nobody's. E7104: there must be one.
Result<std::optional<RequestKey>> read_key(const RoutedRequest& request) {
  const config::DurableCalls& durable = *request.route->settings.durable;
  const std::string* given = request.request.header("Idempotency-Key");
  if (given == nullptr) {
    if (!durable.require_key) return std::optional<RequestKey>();
    return fail(ErrorKind::invalid, "E7104", "the request must have an Idempotency-Key");
  }
  if (std::ranges::count_if(request.request.headers, [](const net::Field& field) {
        return net::same_name(field.name, "Idempotency-Key");
      }) > 1)
    return fail(ErrorKind::invalid, "E7064", "the request has several ids (Idempotency-Key)");
  if (given->empty() || given->size() > kMaxKey || !is_utf8(*given))
    return fail(ErrorKind::invalid, "E7064",
                "the request's id (Idempotency-Key) must be a text of 1 to {} bytes", kMaxKey);
  RequestKey key{*given, hash_of(request)};
  if (!durable.per) return key;
  const std::string* const whose = field_of(request, *durable.per);
  if (whose == nullptr)
    return fail(ErrorKind::invalid, "E7064",
                "the request has no {}, which says whose Idempotency-Key it is",
                config::request_field_text(*durable.per));
  key.whose = hash128(*whose);
  return key;
}

// The result is read where it is; it may have gone meanwhile.
void answer_again(const ServedRoute& route, Offset result, net::Reply reply) {
  stream::ReadRequest read;
  read.from = {stream::ReadRequest::From::Kind::offset, result, {}};
  read.max_bytes = 1;
  // Shared by the answer and the why_not of the reader: exactly one of them replies.
  const auto to = std::make_shared<net::Reply>(std::move(reply));
  route.results->read(read, [to, result](Result<stream::ReadAnswer> page) {
    if (!page) return (*to)(net::error_response(page.error()));
    for (const model::PlacedBatch& placed : page->batches)
      for (std::size_t i = 0; i < placed.batch->size(); ++i) {
        if (placed.base + placed.batch->delta(i) != result) continue;
        net::Response response = stored_response(*placed.batch, i);
        response.headers.push_back({"Idempotent-Replayed", "true"});
        return (*to)(std::move(response));
      }
    (*to)(try_again(503, "E7070", "the stored response is being deleted: try again"));
  });
}

// Of a call that has begun. Not stored: its request hears why.
void store(const ServedRoute& route, const Call& call, const std::optional<RequestKey>& key) {
  const auto not_stored = [kept = route.kept, key, id = call.id](const Error& why) {
    if (auto waiter = kept->withdraw(key, id)) waiter->reply(net::error_response(why));
  };
  const auto taken = route.appender->append(
      call.event, {},
      [not_stored](Status durable) {
        if (!durable) not_stored(durable.error());
      },
      std::chrono::steady_clock::now());
  if (!taken) not_stored(taken.error());
}

}  // namespace

void call_durably(RoutedRequest&& request, const GatewayContext& context, WorkThread& reading) {
  const ServedRoutePtr route = request.route;
  auto key = read_key(request);
  if (!key) return request.reply(net::error_response(key.error()));
  const Call call = call_of(request, context, call_headers(*key, route->exchange));
  // Shared by the waiter, which keeps it when the call begins, and the other answers.
  const auto reply = std::make_shared<net::Reply>(std::move(request.reply));
  KeptCalls::Waiter waiter{call.deadline,
                           [reply](net::Response response) { (*reply)(std::move(response)); },
                           [route](CallFailure::Kind why) {
                             return failure_response(route->exchange, {why, "", ""});
                           }};
  const auto answer = route->kept->begin(*key, call.id, std::move(waiter));
  if (const auto* why = std::get_if<KeptCalls::Refusal>(&answer)) return (*reply)(why_not(*why));
  if (const auto* stored = std::get_if<KeptCalls::Stored>(&answer))
    return reading.run([route, result = stored->result, reply] {
      answer_again(*route, result, std::move(*reply));
    });
  store(*route, call, *key);
}

}  // namespace pelton::http
