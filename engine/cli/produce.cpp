// SPDX-License-Identifier: Apache-2.0
#include "engine/base/utf8.h"
#include "engine/cli/commands.h"
#include "engine/cli/event_input.h"
#include "engine/cli/json.h"
#include "engine/cli/line_reader.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/http/ndjson.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace pelton::cli {
namespace {

// What one request carries at most.
constexpr std::size_t kRequestBytes = 4U << 20;
constexpr std::size_t kRequestEvents = 5'000;
// Base64 of it still fits in one request.
constexpr std::uint64_t kMaxFile = 47U << 20;

struct ProduceOptions {
  EngineAddress address;
  std::string stream;
  std::string format = "text";
  bool ndjson = false;
  std::vector<std::string> files;
  EventAttributes attributes;
  std::optional<std::uint32_t> partition;
  bool no_wait = false;
};

// Collects lines and sends them request by request.
class Producer {
 public:
  Producer(Client& client, const ProduceOptions& options)
      : client_(client), wait_(!options.no_wait) {
    target_ = "/v1/streams/" + url_encoded(options.stream) + "/events?";
    if (options.partition) target_ += fmt::format("partition={}&", *options.partition);
  }

  Status add(std::string_view line) {
    if (!body_.empty() && body_.size() + line.size() > kRequestBytes)
      if (auto ok = flush(); !ok) return ok;
    body_ += line;
    body_ += '\n';
    ++line_;
    ++waiting_;
    return waiting_ >= kRequestEvents ? flush() : Status{};
  }

  // A line that is no event, but counts where lines are named.
  void skip_line() {
    ++line_;
    if (waiting_ == 0)
      first_line_ = line_;
    else
      body_ += '\n';
  }

  Status flush() {
    if (waiting_ == 0) return {};
    auto answer = send();
    if (!answer && sent_ == 0 && answer.error().code != "E5006")
      return std::unexpected(answer.error());
    if (!answer) {
      const std::string context = how_far(answer.error());
      return std::unexpected(std::move(answer.error()).within(context));
    }
    const auto stored = parse_object(*answer);
    if (!stored) return std::unexpected(stored.error());
    sent_ += count_of(*stored, "count");
    waiting_ = 0;
    first_line_ = line_;
    body_.clear();
    return {};
  }

  // Events that the engine says are durable.
  std::uint64_t sent() const { return sent_; }

  // Nothing to send is no reason to say that all is well with a stream that is not there.
  Status look_for_stream() {
    auto answer = client_.get(fmt::format("{}from=latest&limit=0", target_));
    return answer ? Status{} : std::unexpected(answer.error());
  }

 private:
  // What a script needs to go on after an error. Of a request whose answer was lost nobody knows.
  std::string how_far(const Error& error) const {
    if (error.code == "E5006")
      return fmt::format("{} events are durable; those of lines {} to {} may be as well", sent_,
                         first_line_, line_ - 1);
    return fmt::format("{} events are durable; continue from line {}", sent_, first_line_);
  }

  static constexpr auto kFirstPause = std::chrono::milliseconds(100);
  static constexpr auto kLongestPause = std::chrono::seconds(2);

  // While the engine is overloaded, nothing of the request is appended: it is sent again.
  Result<std::string> send() {
    for (auto pause = std::chrono::milliseconds(kFirstPause);;
         pause = std::min<std::chrono::milliseconds>(2 * pause, kLongestPause)) {
      auto answer = client_.post(fmt::format("{}first_line={}", target_, first_line_), body_);
      if (answer || !wait_ || answer.error().kind != ErrorKind::overloaded) return answer;
      if (!std::exchange(said_waiting_, true))
        note("pelton: waiting: {}\n", observe::log::escaped(answer.error().text()));
      std::this_thread::sleep_for(pause);
    }
  }

  Client& client_;
  const bool wait_;  // for an engine that is overloaded
  bool said_waiting_ = false;
  std::string target_;
  std::string body_;
  std::uint64_t first_line_ = 1;  // of the body
  std::uint64_t line_ = 1;        // of the next line
  std::uint64_t waiting_ = 0;
  std::uint64_t sent_ = 0;
};

// What has come is sent when nothing more comes at once: a slow writer's lines do not wait.
Status produce_lines(Producer& producer, const ProduceOptions& options, const json::object& base) {
  LineReader reader(STDIN_FILENO);
  std::string line;
  while (reader.next(line)) {
    if (options.ndjson && line.empty()) {
      producer.skip_line();
    } else if (auto ok = producer.add(options.ndjson ? line : event_text(line, base)); !ok) {
      return ok;
    }
    if (!reader.ready())
      if (auto ok = producer.flush(); !ok) return ok;
  }
  if (auto ok = reader.status(); !ok) return ok;
  return producer.flush();
}

Result<std::string> contents(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return fail(ErrorKind::invalid, "E5020", "{}: {}", file, error.message());
  if (size > kMaxFile)
    return fail(ErrorKind::invalid, "E5020", "{} is larger than the {} MiB of one request", file,
                kMaxFile >> 20);
  std::string data(size, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(data.data(), static_cast<std::streamsize>(size));
  if (!in) return fail(ErrorKind::invalid, "E5020", "{} cannot be read", file);
  return data;
}

Status produce_files(Producer& producer, const ProduceOptions& options, const json::object& base) {
  ProgressBar bar("files", options.files.size());
  for (const std::string& file : options.files) {
    const auto data = contents(file);
    if (!data) return std::unexpected(data.error());
    json::object event = base;
    event["subject"] = to_utf8(std::filesystem::path(file).filename().string());
    if (!options.attributes.key) event["key"] = event["subject"];
    if (auto ok = producer.add(event_text(*data, event)); !ok) return ok;
    bar.advance(1);
  }
  return producer.flush();
}

Result<int> produce(const ProduceOptions& options) {
  const auto base = members_of(options.attributes);
  if (!base) return std::unexpected(base.error());
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  Producer producer(**client, options);
  Status done = options.files.empty() ? produce_lines(producer, options, *base)
                                      : produce_files(producer, options, *base);
  if (done && producer.sent() == 0) done = producer.look_for_stream();
  // Also behind an error: a script has to know how far it came.
  if (options.format == "json") print("{{\"count\":{}}}\n", producer.sent());
  if (!done) return std::unexpected(done.error());
  if (options.format == "text")
    print("{} event{} durable in {}\n", grouped(producer.sent()),
          producer.sent() == 1 ? " is" : "s are", options.stream);
  return kOk;
}

}  // namespace

void add_produce(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand(
      "produce", "append events to a stream: lines of standard input, NDJSON or files");
  auto options = std::make_shared<ProduceOptions>();
  command->add_option("STREAM", options->stream, "stream")->required();
  auto* ndjson = command->add_flag("--ndjson", options->ndjson,
                                   R"(each line is an event: {"key":"k","data":...})");
  CLI::Option* given[] = {
      command->add_option("--file", options->files, "each file is an event, its name the subject"),
      command->add_option("--key", options->attributes.key, "key of every event"),
      command->add_option("--type", options->attributes.type, "type of every event"),
      command->add_option("--content-type", options->attributes.content_type,
                          "content type of every event"),
      add_header_option(*command, options->attributes, ", for every event")};
  for (CLI::Option* option : given) ndjson->excludes(option);
  command->add_option("--partition", options->partition, "this partition instead of the key's")
      ->check(check_partition);
  command->add_flag("--no-wait", options->no_wait,
                    "fail when the engine is overloaded, instead of waiting until it is not");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer(
      "It answers once the events are on disk.\n"
      "Example: echo '{\"key\":\"a\",\"data\":{\"n\":1}}' | pelton produce orders --ndjson");
  command->callback([&chosen, options] { chosen = [options] { return produce(*options); }; });
}

}  // namespace pelton::cli
