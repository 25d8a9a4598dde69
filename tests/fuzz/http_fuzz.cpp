// SPDX-License-Identifier: Apache-2.0
// Requests that nobody meant to send. An input is a byte that says how long the pieces are in which
// it comes, and what comes.
#include "engine/base/ensure.h"
#include "engine/base/utf8.h"
#include "engine/http/ingest/cloud_events.h"
#include "engine/net/request_parser.h"
#include "tests/fuzz/driver.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::size_t kMostBody = 4096;
constexpr std::size_t kMostRequests = 8;

// What a connection was understood to say.
struct Said {
  std::vector<std::string> requests;
  unsigned refusal = 0;  // the status that ended it; 0: more may come
  std::string left;      // not yet a request

  bool operator==(const Said&) const = default;
};

std::string text_of(const net::Request& request, const std::string& body,
                    const net::RequestParser& parser) {
  std::string text = request.method + " " + request.target + "\n";
  for (const std::string& segment : request.path) text += "/" + segment;
  for (const auto* fields : {&request.query, &request.headers})
    for (const net::Field& field : *fields) text += field.name + "=" + field.value + "\n";
  for (const net::Field& field : parser.trailers()) text += field.name + ":" + field.value + "\n";
  return text + body + (parser.keep_alive() ? "+" : "-");
}

void ingest_body(const net::Request& request, const std::string& body) {
  const auto mode = cloud_event_mode(request);
  if (mode == CloudEventMode::none || mode == CloudEventMode::unknown) return;
  model::BatchBuilder builder;
  std::vector<std::string> ids;
  const EventSink sink{builder, ids, from_us(0)};
  const Status ok = mode == CloudEventMode::binary       ? add_binary(request, body, sink)
                    : mode == CloudEventMode::structured ? add_structured(body, sink)
                                                         : add_batch(body, sink);
  if (!ok) {
    ENSURE(ok.error().kind == ErrorKind::invalid, "it is the client's own fault");
    ENSURE(ok.error().message.size() < 2'000, "messages are short");
    ENSURE(is_utf8(ok.error().message), "messages are shown to people");
    return;
  }
  const model::BatchPtr batch = builder.empty() ? nullptr : builder.finish();
  ENSURE((batch ? batch->size() : 0) == ids.size(), "each event has its id");
  for (std::size_t i = 0; batch && i < batch->size(); ++i)
    ENSURE(batch->id(i) == ids[i] && is_utf8(batch->subject(i)), "texts are UTF-8");
}

// One request of what has come; false: it is not whole, or refused.
bool one_request(net::RequestParser& parser, bool& head_done, std::string& body, std::string& bytes,
                 Said& said) {
  if (!head_done) {
    const auto head = parser.head(bytes);
    if (!head) said.refusal = head.error().status;
    if (!head || !*head) return false;
    head_done = true;
  }
  while (!parser.done()) {
    const auto piece = parser.body(bytes);
    if (!piece) said.refusal = piece.error().status;
    if (!piece || (piece->empty() && !parser.done())) return false;
    body += *piece;
  }
  ENSURE(body.size() <= kMostBody, "a body is bounded");
  said.requests.push_back(text_of(parser.request(), body, parser));
  ingest_body(parser.request(), body);
  return true;
}

Said understood(std::string_view input, std::size_t piece) {
  Said said;
  std::string bytes;
  std::unique_ptr<net::RequestParser> parser;
  bool head_done = false;
  std::string body;
  while (!input.empty() && said.refusal == 0 && said.requests.size() < kMostRequests) {
    const std::size_t taken = std::min(piece, input.size());
    bytes += input.substr(0, taken);
    input.remove_prefix(taken);
    do {
      if (!parser) {
        parser = std::make_unique<net::RequestParser>(kMostBody);
        head_done = false;
        body.clear();
      }
      if (!one_request(*parser, head_done, body, bytes, said)) break;
      parser.reset();
    } while (!bytes.empty() && said.requests.size() < kMostRequests);
  }
  // What is left of a request that was refused, or that comes after the last, is of no interest.
  if (said.refusal == 0 && said.requests.size() < kMostRequests && !head_done) said.left = bytes;
  return said;
}

int try_input(std::string_view input) {
  if (input.empty()) return 0;
  const std::size_t piece = 1 + static_cast<unsigned char>(input[0]) % 128;
  const Said whole = understood(input.substr(1), input.size());
  const Said pieces = understood(input.substr(1), piece);
  // A proxy in front must see the requests that we see, however they come.
  ENSURE(whole == pieces, "the same bytes say the same");
  return 0;
}

std::vector<std::string> all_seeds() {
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/s","type":"t",)";
  const auto post = [](const std::string& headers, const std::string& body) {
    return "POST /a%20b/c?x=1&y=%C3%A4 HTTP/1.1\r\nHost: h\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  std::vector<std::string> seeds{
      "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET http://h/x HTTP/1.0\r\n\r\n",
      "\r\nPUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
      "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
      post("Content-Type: application/cloudevents+json\r\n",
           event + R"("time":"2026-01-01T00:00:00Z","data":{"a":[1,null,"\u00e4"]}})"),
      post("Content-Type: application/cloudevents+json\r\n",
           event + R"("subject":"s","partitionkey":"k","data_base64":"AAEC"})"),
      post("Content-Type: application/cloudevents-batch+json\r\n",
           "[" + event + R"("data":1},)" + event + R"("ext":true}])"),
      post("ce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\nce-type: t\r\nce-subject: "
           "\"a%20b\"\r\nContent-Type: text/plain\r\n",
           "data")};
  std::vector<std::string> all;
  for (const std::string& seed : seeds)
    for (const char piece : {'\1', '\7', '\100'}) all.push_back(piece + seed);
  return all;
}

}  // namespace
}  // namespace pelton::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return pelton::http::try_input({reinterpret_cast<const char*>(data), size});
}

std::vector<std::string> pelton::fuzz::seeds() {
  return pelton::http::all_seeds();
}
