// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/event_input.h"

#include "engine/base/base64.h"
#include "engine/base/unique_fd.h"
#include "engine/base/utf8.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace pelton::cli {
namespace {

namespace json = boost::json;

// The engine takes no more.
constexpr std::size_t kMaxEvent = 16U << 20;

Result<std::string> read_whole(int fd, const std::string& name) {
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("E5020", "reading " + observe::log::escaped(name), errno);
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxEvent)
      return fail(ErrorKind::invalid, "E5020", "{} is larger than the {} MiB of an event",
                  observe::log::escaped(name), kMaxEvent >> 20);
  }
}

Result<std::string> read_file(const std::string& name) {
  if (name == "-") return read_whole(STDIN_FILENO, "standard input");
  const UniqueFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("E5020", "opening " + observe::log::escaped(name), errno);
  return read_whole(fd.get(), name);
}

}  // namespace

CLI::Option* add_header_option(CLI::App& command, EventAttributes& attributes,
                               const std::string& what) {
  return command
      .add_option("--header", attributes.headers, "NAME=VALUE" + what + "; may be repeated")
      ->allow_extra_args(false);  // what follows it is an argument of the command
}

Result<std::pair<std::string, std::string>> split_header(const std::string& header) {
  const auto equal = header.find('=');
  if (equal == std::string::npos || equal == 0)
    return fail(ErrorKind::invalid, "E5004", "--header is NAME=VALUE, not \"{}\"",
                observe::log::escaped(header));
  return std::pair(header.substr(0, equal), header.substr(equal + 1));
}

Result<json::object> members_of(const EventAttributes& attributes) {
  json::object event;
  if (attributes.key) event["key"] = *attributes.key;
  if (!attributes.type.empty()) event["type"] = attributes.type;
  if (!attributes.subject.empty()) event["subject"] = attributes.subject;
  if (!attributes.content_type.empty()) event["content_type"] = attributes.content_type;
  json::array headers;
  for (const std::string& header : attributes.headers) {
    const auto named = split_header(header);
    if (!named) return std::unexpected(named.error());
    headers.push_back(json::array{named->first, named->second});
  }
  if (!headers.empty()) event["headers"] = headers;
  return event;
}

std::string event_text(std::string_view data, json::object members) {
  if (is_utf8(data))
    members["data"] = json::string(data);
  else
    members["data_base64"] = to_base64(data);
  return json::serialize(members);
}

void add_event_input(CLI::App& command, EventInput& input) {
  auto* file = command.add_option(
      "--event", input.file,
      "file with the event, - is standard input: for functions for AWS Lambda the document, for "
      "others an event as `consume` prints it (default: {})");
  EventAttributes& attributes = input.attributes;
  CLI::Option* given[] = {
      command.add_option("--payload", input.data, "data of the event, instead of --event"),
      command.add_option("--key", attributes.key, "its key"),
      command.add_option("--type", attributes.type, "its type"),
      command.add_option("--subject", attributes.subject, "its subject"),
      command.add_option("--content-type", attributes.content_type, "its content type"),
      add_header_option(command, attributes, ", a header of it")};
  for (CLI::Option* option : given) file->excludes(option);
}

Result<InvokeBody> read_event(const EventInput& input) {
  if (!input.file.empty()) {
    auto text = read_file(input.file);
    if (!text) return std::unexpected(text.error());
    return InvokeBody{std::move(*text), false};
  }
  if (!input.data && input.attributes.empty()) return InvokeBody{"{}", false};
  auto members = members_of(input.attributes);
  if (!members) return std::unexpected(members.error());
  return InvokeBody{event_text(input.data.value_or(""), std::move(*members)), true};
}

}  // namespace pelton::cli
