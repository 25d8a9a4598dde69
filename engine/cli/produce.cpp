// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utf8.h"
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/http/ndjson.h"

#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

namespace pelton::cli {
namespace {

namespace json = boost::json;

// What one request carries at most.
constexpr std::size_t kRequestBytes = 4U << 20;
constexpr std::size_t kRequestEvents = 5'000;

struct Options {
  EngineAddress address;
  std::string stream;
  std::string format = "text";
  bool ndjson = false;
  std::vector<std::string> files;
  std::string key;
  std::string type;
  std::string content_type;
  std::vector<std::string> headers;
  int partition = -1;
};

// Collects lines and sends them request by request.
class Producer {
 public:
  Producer(Client& client, const Options& options) : client_(client) {
    target_ = "/v1/streams/" + url_encoded(options.stream) + "/events";
    if (options.partition >= 0) target_ += fmt::format("?partition={}", options.partition);
  }

  Status add(std::string line) {
    body_ += line;
    body_ += '\n';
    ++waiting_;
    return waiting_ >= kRequestEvents || body_.size() >= kRequestBytes ? flush() : Status{};
  }

  Status flush() {
    if (waiting_ == 0) return {};
    auto answer = client_.post(target_, body_);
    if (!answer)
      return std::unexpected(
          std::move(answer.error()).within(fmt::format("after {} events that are stored", sent_)));
    sent_ += waiting_;
    waiting_ = 0;
    body_.clear();
    return {};
  }

  std::uint64_t sent() const { return sent_; }

 private:
  Client& client_;
  std::string target_;
  std::string body_;
  std::uint64_t waiting_ = 0;
  std::uint64_t sent_ = 0;
};

// The attributes that the command line gives every event.
json::object common(const Options& options) {
  json::object event;
  if (!options.key.empty()) event["key"] = options.key;
  if (!options.type.empty()) event["type"] = options.type;
  if (!options.content_type.empty()) event["content_type"] = options.content_type;
  json::object headers;
  for (const std::string& header : options.headers) {
    const auto equal = header.find('=');
    headers[header.substr(0, equal)] = equal == std::string::npos ? "" : header.substr(equal + 1);
  }
  if (!headers.empty()) event["headers"] = headers;
  return event;
}

std::string event_of(const std::string& data, json::object event) {
  if (is_utf8(data))
    event["data"] = data;
  else
    event["data_base64"] = http::to_base64(data);
  return json::serialize(event);
}

Status produce_lines(Producer& producer, const Options& options) {
  const json::object base = common(options);
  std::string line;
  while (std::getline(std::cin, line)) {
    if (options.ndjson && line.empty()) continue;
    if (auto ok = producer.add(options.ndjson ? line : event_of(line, base)); !ok) return ok;
  }
  return producer.flush();
}

Status produce_files(Producer& producer, const Options& options) {
  ProgressBar bar("files", options.files.size());
  for (const std::string& file : options.files) {
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file))
      return fail(ErrorKind::invalid, "E5004", "{} cannot be read", file);
    std::ostringstream data;
    data << in.rdbuf();
    json::object event = common(options);
    event["subject"] = std::filesystem::path(file).filename().string();
    if (options.key.empty()) event["key"] = event["subject"];
    if (auto ok = producer.add(event_of(data.str(), event)); !ok) return ok;
    bar.advance(1);
  }
  return producer.flush();
}

int produce(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  Producer producer(**client, options);
  const Status done =
      options.files.empty() ? produce_lines(producer, options) : produce_files(producer, options);
  if (!done) return complain(done.error());
  if (options.format == "json")
    fmt::print("{{\"count\":{}}}\n", producer.sent());
  else
    fmt::print("{} events are durable in {}\n", grouped(producer.sent()), options.stream);
  return kOk;
}

}  // namespace

void add_produce(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand(
      "produce", "append events to a stream: lines of standard input, NDJSON or files");
  auto options = std::make_shared<Options>();
  command->add_option("STREAM", options->stream, "stream")->required();
  command->add_flag("--ndjson", options->ndjson,
                    R"(each line is an event: {"key":"k","data":...})");
  command->add_option("--file", options->files, "each file is an event, its name the subject");
  command->add_option("--key", options->key, "key of every event");
  command->add_option("--type", options->type, "type of every event");
  command->add_option("--content-type", options->content_type, "content type of every event");
  command->add_option("--header", options->headers, "NAME=VALUE, for every event");
  command->add_option("--partition", options->partition, "this partition instead of the key's");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "It answers once the events are on disk.\n"
      "Example: echo '{\"key\":\"a\",\"data\":{\"n\":1}}' | pelton produce orders --ndjson");
  command->callback([&chosen, options] { chosen = [options] { return produce(*options); }; });
}

}  // namespace pelton::cli
