// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/parameters.h"

#include "engine/base/units.h"
#include "engine/http/json_text.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace pelton::http {
namespace {

// The function's own timeout ends it earlier.
constexpr const char* kDefaultCallTime = "1h";

std::unexpected<Error> bad_parameter(std::string_view what) {
  return fail(ErrorKind::invalid, "E5002", "{}", what);
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::string> query(const net::Request& request, const std::string& name) {
  const std::string* value = request.parameter(name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

// Reads a parameter into `to` when it is there.
template <typename Number, typename To>
Status read_number(const net::Request& request, const std::string& name, To& to) {
  const auto text = query(request, name);
  if (!text) return {};
  const auto value = number<Number>(*text);
  if (!value) return bad_parameter(fmt::format("{} is not a number: {}", name, json_quoted(*text)));
  to = *value;
  return {};
}

Status read_flag(const net::Request& request, const std::string& name, bool& to) {
  const auto text = query(request, name);
  if (!text) return {};
  if (*text != "" && *text != "1" && *text != "0" && *text != "true" && *text != "false")
    return bad_parameter(fmt::format("{} is true or false, not {}", name, json_quoted(*text)));
  to = *text != "0" && *text != "false";
  return {};
}

Status read_time(const net::Request& request, const std::string& name,
                 std::optional<WallTime>& to) {
  const auto text = query(request, name);
  if (!text) return {};
  auto time = parse_time(*text);
  if (!time) return bad_parameter(name + ": " + time.error().message);
  to = *time;
  return {};
}

// earliest, latest, an offset or a time; "offset:" or "time:" may say which.
Status read_from(const net::Request& request, stream::ReadRequest::From& to) {
  using Kind = stream::ReadRequest::From::Kind;
  const std::string whole = query(request, "from").value_or("earliest");
  if (whole == "earliest") return {};
  if (whole == "latest") {
    to.kind = Kind::latest;
    return {};
  }
  const bool offset_only = whole.starts_with("offset:");
  const bool time_only = whole.starts_with("time:");
  const std::string_view text =
      std::string_view(whole).substr(offset_only ? 7 : (time_only ? 5 : 0));
  if (const auto offset = number<Offset>(text); offset && *offset >= 0 && !time_only) {
    to = {Kind::offset, *offset, {}};
    return {};
  }
  if (const auto time = parse_time(text); time && !offset_only) {
    to = {Kind::time, 0, *time};
    return {};
  }
  return bad_parameter(fmt::format("from: {} is neither earliest, latest, an offset nor a time",
                                   json_quoted(whole)));
}

// The first that failed.
template <typename... Statuses>
Status first_error(Statuses... statuses) {
  Status first;
  ((first ? void(first = std::move(statuses)) : void()), ...);
  return first;
}

// The members of a body; kinds are checked where they are read.
Result<std::vector<JsonMember>> body_members(const std::string& body) {
  if (auto good = check_json(body); !good)
    return bad_parameter(
        fmt::format("the body is not JSON: column {}: {}", good.error().at + 1, good.error().what));
  auto members = json_members(body);
  if (!members) return bad_parameter("the body: " + members.error().what);
  return std::move(*members);
}

std::optional<SeekRequest::To> seek_to(std::string_view text) {
  using To = SeekRequest::To;
  const std::pair<std::string_view, To> names[] = {{"offset", To::offset},
                                                   {"time", To::time},
                                                   {"earliest", To::earliest},
                                                   {"latest", To::latest},
                                                   {"by", To::by}};
  for (const auto& [name, to] : names)
    if (text == name) return to;
  return std::nullopt;
}

// One member of a seek's body. `offset` and `time` are noted: they must fit "to".
struct SeekReader {
  SeekRequest request;
  bool to = false, offset = false, time = false;

  Status read_moment(std::string_view text) {
    const auto parsed = parse_time(text);
    if (!parsed) return bad_parameter("\"time\": " + parsed.error().message);
    request.time = *parsed;
    time = true;
    return {};
  }

  Status read(const JsonMember& member) {
    const auto& [name, value, at] = member;
    const std::string text = is_json_string(value) ? json_string(value) : std::string();
    bool good = true;
    if (name == "binding") {
      request.binding = text;
      good = !text.empty();
    } else if (name == "partition") {
      request.partition = number<std::uint32_t>(value);
      good = request.partition.has_value();
    } else if (name == "dry_run") {
      request.dry_run = value == "true";
      good = value == "true" || value == "false";
    } else if (name == "offset") {
      offset = good = number<Offset>(value).has_value();
      request.offset = number<Offset>(value).value_or(0);
    } else if (name == "time") {
      return read_moment(text);
    } else if (name == "to") {
      to = good = seek_to(text).has_value();
      request.to = seek_to(text).value_or(request.to);
    } else {
      return bad_parameter("unknown member " + json_quoted(name));
    }
    return good ? Status{}
                : bad_parameter(fmt::format("\"{}\" cannot be {}", name, value.substr(0, 100)));
  }
};

}  // namespace

Status check_parameters(const net::Request& request, std::string_view known) {
  const std::string names = " " + std::string(known) + " ";
  std::vector<std::string_view> seen;
  for (const net::Field& parameter : request.query) {
    const std::string_view name = parameter.name;
    const bool plain = !name.empty() && name.find_first_of(" +") == std::string_view::npos;
    const bool repeatable = plain && names.contains(" " + parameter.name + "+ ");
    if (!repeatable && !(plain && names.contains(" " + parameter.name + " ")))
      return bad_parameter("unknown parameter " + json_quoted(name));
    if (!repeatable && std::ranges::find(seen, name) != seen.end())
      return bad_parameter("duplicate parameter " + json_quoted(name));
    seen.push_back(name);
  }
  return {};
}

Result<ProduceParameters> produce_parameters(const net::Request& request) {
  ProduceParameters out;
  auto ok = first_error(read_number<std::uint32_t>(request, "partition", out.partition),
                        read_number<std::uint64_t>(request, "first_line", out.first_line));
  if (!ok) return std::unexpected(ok.error());
  return out;
}

Result<ConsumeParameters> consume_parameters(const net::Request& request) {
  ConsumeParameters out;
  auto ok = first_error(read_number<std::uint32_t>(request, "partition", out.partition),
                        read_number<std::uint64_t>(request, "limit", out.limit),
                        read_flag(request, "follow", out.follow), read_from(request, out.from));
  if (!ok) return std::unexpected(ok.error());
  return out;
}

Result<std::string> usage_since(const net::Request& request) {
  const auto text = query(request, "since");
  if (!text) return std::string();
  const auto time = parse_time(text->size() == 10 ? *text + "T00:00:00Z" : *text);
  if (!time) return bad_parameter("since: " + time.error().message);
  return format_time(*time).substr(0, 10);
}

Result<OperatorCall> operator_call(const net::Request& request, std::string&& body) {
  const std::string form = query(request, "form").value_or("natural");
  if (form != "natural" && form != "event")
    return bad_parameter(fmt::format("form is natural or event, not {}", json_quoted(form)));
  const auto timeout = parse_duration(query(request, "timeout").value_or(kDefaultCallTime));
  if (!timeout) return bad_parameter("timeout: " + timeout.error().message);
  OperatorCall call;
  call.function = request.path[2];
  call.form = form == "event" ? OperatorCall::Form::event : OperatorCall::Form::natural;
  call.body = std::move(body);
  call.deadline = std::chrono::steady_clock::now() + *timeout;
  return call;
}

Result<LetterParameters> letter_parameters(const net::Request& request) {
  LetterParameters out;
  auto ok = first_error(read_number<std::uint32_t>(request, "partition", out.query.partition),
                        read_number<std::uint64_t>(request, "limit", out.limit),
                        read_time(request, "since", out.query.since),
                        read_time(request, "until", out.query.until),
                        read_flag(request, "brief", out.brief));
  if (!ok) return std::unexpected(ok.error());
  out.query.binding = query(request, "binding").value_or("");
  out.query.reason = query(request, "reason").value_or("");
  out.query.contains = query(request, "contains").value_or("");
  out.query.after = query(request, "after");
  return out;
}

Result<std::vector<std::string>> ids_of(const std::string& body) {
  auto members = body_members(body);
  if (!members) return std::unexpected(members.error());
  if (members->size() != 1 || members->front().name != "ids" ||
      !members->front().value.starts_with('['))
    return bad_parameter("the body must be {\"ids\": [...]}");
  auto ids = json_strings(members->front().value);
  if (!ids) return bad_parameter("ids are texts");
  return std::move(*ids);
}

Result<SeekRequest> seek_of(const std::string& body) {
  auto members = body_members(body);
  if (!members) return std::unexpected(members.error());
  SeekReader reader;
  for (const JsonMember& member : *members)
    if (auto ok = reader.read(member); !ok) return std::unexpected(ok.error());
  using To = SeekRequest::To;
  const To to = reader.request.to;
  if (reader.request.binding.empty()) return bad_parameter("\"binding\" is missing");
  if (!reader.to) return bad_parameter("\"to\" is missing: offset, time, earliest, latest or by");
  if (reader.offset != (to == To::offset || to == To::by))
    return bad_parameter("\"offset\" belongs to \"to\": \"offset\" and \"by\"");
  if (reader.time != (to == To::time)) return bad_parameter("\"time\" belongs to \"to\": \"time\"");
  if (to == To::offset && reader.request.offset < 0)
    return bad_parameter("an offset is not negative");
  return reader.request;
}

Result<std::vector<std::string>> config_files(const net::Request& request) {
  std::vector<std::string> files;
  for (const net::Field& parameter : request.query) {
    if (parameter.name != "file") continue;
    if (!parameter.value.starts_with('/'))
      return bad_parameter("\"file\" must be an absolute path");
    files.push_back(parameter.value);
  }
  return files;
}

Result<std::string> offsets_binding(const net::Request& request) {
  return query(request, "binding").value_or("");
}

}  // namespace pelton::http
