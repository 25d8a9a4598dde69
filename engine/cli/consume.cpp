// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/http/ndjson.h"

#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fnmatch.h>

#include <memory>
#include <thread>

namespace pelton::cli {
namespace {

namespace json = boost::json;

struct Options {
  EngineAddress address;
  std::string stream;
  std::string format = "json";
  std::string from = "earliest";
  int partition = -1;
  bool follow = false;
  std::uint64_t limit = 0;
  std::string key;
  std::string type;
  std::string subject;
};

std::string member(const json::object& event, const char* name) {
  const json::value* at = event.if_contains(name);
  return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

bool wanted(const json::object& event, const Options& options) {
  auto fits = [&](const std::string& glob, const char* name) {
    return glob.empty() || ::fnmatch(glob.c_str(), member(event, name).c_str(), 0) == 0;
  };
  return fits(options.key, "key") && fits(options.type, "type") && fits(options.subject, "subject");
}

void print(const std::string& line, const json::object& event, const Options& options) {
  if (options.format == "json") {
    fmt::print("{}\n", line);
    return;
  }
  std::string data = member(event, "data");
  if (const json::value* value = event.if_contains("data"); value != nullptr && !value->is_string())
    data = value->is_null() ? "" : json::serialize(*value);
  if (const std::string encoded = member(event, "data_base64"); !encoded.empty())
    http::from_base64(encoded, data);
  fmt::print("{}\n", data);
}

// Reads one partition page by page.
class Reader {
 public:
  Reader(Client& client, const Options& options, std::uint32_t partition)
      : client_(client), options_(options), partition_(partition), from_(options.from) {}

  // Prints what one page has. Answers how many events it printed; nothing when the end is reached.
  Result<std::optional<std::uint64_t>> page(std::uint64_t most) {
    auto answer =
        client_.get(fmt::format("/v1/streams/{}/events?partition={}&from={}",
                                url_encoded(options_.stream), partition_, url_encoded(from_)));
    if (!answer) return std::unexpected(answer.error());
    std::string_view lines = answer->body;
    const bool empty = lines.empty();
    std::uint64_t printed = 0;
    while (!lines.empty() && printed < most) {
      const std::string line(lines.substr(0, lines.find('\n')));
      lines.remove_prefix(line.size() + 1);
      const json::value event = json::parse(line);
      if (!wanted(event.as_object(), options_)) continue;
      print(line, event.as_object(), options_);
      ++printed;
    }
    from_ = answer->headers["pelton-next"];
    if (empty) return std::nullopt;
    return printed;
  }

 private:
  Client& client_;
  const Options& options_;
  const std::uint32_t partition_;
  std::string from_;
};

Result<std::uint32_t> partitions_of(Client& client, const std::string& stream) {
  auto answer = client.get("/v1/status");
  if (!answer) return std::unexpected(answer.error());
  const json::value status = json::parse(answer->body);
  for (const json::value& value : status.as_object().at("streams").as_array())
    if (member(value.as_object(), "name") == stream)
      return static_cast<std::uint32_t>(value.as_object().at("partitions").as_array().size());
  return fail(ErrorKind::invalid, "E5001", "no stream named \"{}\"", stream);
}

int read_all(std::vector<Reader>& readers, const Options& options) {
  std::uint64_t left = options.limit == 0 ? UINT64_MAX : options.limit;
  for (;;) {
    bool all_at_end = true;
    for (Reader& reader : readers) {
      if (left == 0) return kOk;
      auto printed = reader.page(left);
      if (!printed) return complain(printed.error());
      if (!*printed) continue;
      left -= **printed;
      all_at_end = false;
    }
    std::fflush(stdout);
    if (!all_at_end) continue;
    if (!options.follow || left == 0) return kOk;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

int consume(const Options& options) {
  auto client = Client::connect(options.address);
  if (!client) return complain(client.error());
  auto partitions = partitions_of(**client, options.stream);
  if (!partitions) return complain(partitions.error());
  std::vector<Reader> readers;
  for (std::uint32_t p = 0; p < *partitions; ++p)
    if (options.partition < 0 || options.partition == static_cast<int>(p))
      readers.emplace_back(**client, options, p);
  if (readers.empty())
    return complain(
        {ErrorKind::invalid, "E5001",
         fmt::format("stream {} has no partition {}", options.stream, options.partition)});
  return read_all(readers, options);
}

}  // namespace

void add_consume(CLI::App& app, Run& chosen) {
  auto* command =
      app.add_subcommand("consume", "print the events of a stream, one JSON object a line");
  auto options = std::make_shared<Options>();
  command->add_option("STREAM", options->stream, "stream")->required();
  command->add_option("--from", options->from,
                      "earliest, latest, an offset, or a time such as 2026-11-23T10:00:00Z");
  command->add_option("--partition", options->partition, "this partition only");
  command->add_flag("--follow", options->follow, "wait for more");
  command->add_option("--limit", options->limit, "stop after so many events");
  command->add_option("--key", options->key, "only keys that match this glob");
  command->add_option("--type", options->type, "only types that match this glob");
  command->add_option("--subject", options->subject, "only subjects that match this glob");
  command->add_option("-o,--output", options->format, "json (the event) or raw (its data)")
      ->check(CLI::IsMember({"json", "raw"}));
  add_address(*command, options->address);
  command->footer("Example: pelton consume thumbnails --from latest --follow");
  command->callback([&chosen, options] { chosen = [options] { return consume(*options); }; });
}

}  // namespace pelton::cli
