// SPDX-License-Identifier: Apache-2.0
#include "engine/config/build.h"

#include "engine/base/units.h"
#include "engine/config/filter_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

using Count = std::int64_t;

bool good_name(const std::string& name) {
  const auto good = [](char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (!first && (c == '_' || c == '-' || c == '.'));
  };
  if (name.empty() || name.size() > 63) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (!good(name[i], i == 0)) return false;
  return true;
}

std::uint32_t count(const Section& section, const std::string& path) {
  return static_cast<std::uint32_t>(section.value<Count>(path));
}

Order order_of(const Section& section) {
  const auto text = section.value<std::string>("order");
  return text == "partition" ? Order::partition : text == "none" ? Order::none : Order::key;
}

BatchLimits batch_of(const Section& section) {
  return {count(section, "batch.events"), section.value<std::uint64_t>("batch.bytes"),
          section.value<Duration>("batch.window")};
}

Retry retry_of(const Section& section) {
  Retry retry;
  retry.attempts = count(section, "retry.attempts");
  retry.first = section.value<Duration>("retry.backoff.first");
  retry.factor = section.value<double>("retry.backoff.factor");
  retry.max = section.value<Duration>("retry.backoff.max");
  retry.jitter = section.value<double>("retry.backoff.jitter");
  retry.max_age = section.get<Duration>("retry.max_age");
  return retry;
}

std::optional<HttpListen> listen_of(const Section& section, Diagnostics& problems) {
  const auto text = section.get<std::string>("http.listen");
  if (!text) return std::nullopt;
  const auto colon = text->rfind(':');
  char* end = nullptr;
  const unsigned long port =
      colon == std::string::npos ? 65536 : std::strtoul(text->c_str() + colon + 1, &end, 10);
  if (colon == std::string::npos || colon == 0 || colon + 1 == text->size() || *end != '\0' ||
      port > 65535) {
    problems.error(
        section.place("http.listen"), "E1008",
        fmt::format("listen: \"{}\" is not ADDRESS:PORT, such as 127.0.0.1:8080", *text));
    return std::nullopt;
  }
  return HttpListen{text->substr(0, colon), static_cast<std::uint16_t>(port)};
}

Engine engine_of(const Section& section, Diagnostics& problems) {
  Engine engine;
  engine.data = section.value<std::filesystem::path>("data");
  engine.http = listen_of(section, problems);
  const auto level = section.value<std::string>("log.level");
  engine.log_level = level == "debug"   ? LogLevel::debug
                     : level == "warn"  ? LogLevel::warn
                     : level == "error" ? LogLevel::error
                                        : LogLevel::info;
  const auto format = section.value<std::string>("log.format");
  engine.log_format = format == "pretty" ? LogFormat::pretty
                      : format == "json" ? LogFormat::json
                                         : LogFormat::automatic;
  engine.free_space_bytes = section.value<std::uint64_t>("free_space");
  engine.shutdown_timeout = section.value<Duration>("shutdown_timeout");
  engine.tail_bytes = section.value<std::uint64_t>("tail");
  return engine;
}

Stream stream_of(const std::string& name, const Node& node, ReadContext& context) {
  Stream stream{name, node.place, 1, {}};
  if (const Node* kafka = node.find("kafka")) {
    context.problems.error(kafka->place, "E1015",
                           "streams on Kafka are not in this build; this stream needs no backend: "
                           "it is kept by the engine");
    return stream;
  }
  const Section section = read_section(node, stream_spec(), context);
  stream.partitions = count(section, "partitions");
  stream.retention.time = section.get<Duration>("retention.time");
  stream.retention.size_bytes = section.get<std::uint64_t>("retention.size");
  stream.retention.force = section.value<bool>("retention.force");
  return stream;
}

// Runtimes that the project knows but this build does not have.
bool later_runtime(const Node& node, Diagnostics& problems) {
  const Node* runtime = node.find("runtime");
  if (runtime == nullptr) return false;
  if (runtime->text != "node" && runtime->text != "http" && !runtime->text.starts_with("lambda/"))
    return false;
  problems.error(
      runtime->place, "E1015",
      fmt::format("runtime {} is not in this build; it has python and cpp", runtime->text));
  return true;
}

void read_environment(const Node* node, Function& function, ReadContext& context) {
  if (node == nullptr) return;
  if (node->kind != Node::Kind::map) {
    context.problems.error(
        node->place, "E1007",
        fmt::format("environment is a mapping of names to texts, here is {}", node->kind_name()));
    return;
  }
  for (const auto& [key, value] : node->entries) {
    if (value.kind != Node::Kind::scalar) {
      context.problems.error(value.place, "E1007",
                             fmt::format("the variable {} needs a text", key.text));
      continue;
    }
    std::string lower = key.text;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool secret =
        lower.find("password") != std::string::npos || lower.find("secret") != std::string::npos ||
        lower.find("token") != std::string::npos || lower.find("api_key") != std::string::npos;
    if (secret && value.text.find("${") == std::string::npos)
      context.problems.warning(
          value.place, "E1102",
          fmt::format(
              "{} looks like a secret in plain text; take it from ${{env:NAME}} or ${{file:path}}",
              key.text));
    if (auto text = expand(value, context)) function.environment[key.text] = std::move(*text);
  }
}

// A path is relative to the config file; a virtual environment's folder means its interpreter.
std::string interpreter_of(const Section& section, ReadContext& context) {
  const auto text = section.value<std::string>("interpreter");
  if (text.find('/') == std::string::npos) return text;
  std::filesystem::path path = (context.folder / text).lexically_normal();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) path /= "bin/python3";
  if (!std::filesystem::exists(path, ignored))
    context.problems.error(section.place("interpreter"), "E1014",
                           fmt::format("the interpreter {} does not exist", path.string()));
  return path.string();
}

std::optional<Function> function_of(const std::string& name, const Node& node,
                                    ReadContext& context) {
  if (later_runtime(node, context.problems)) return std::nullopt;
  const Section section = read_section(node, function_spec(), context);
  Function function;
  function.name = name;
  function.place = node.place;
  function.runtime =
      section.value<std::string>("runtime") == "cpp" ? Runtime::cpp : Runtime::python;
  function.code = section.value<std::filesystem::path>("code");
  function.handler = section.value<std::string>("handler");
  function.interpreter = interpreter_of(section, context);
  function.timeout = section.value<Duration>("timeout");
  function.memory_bytes = section.get<std::uint64_t>("memory");
  function.scale = {count(section, "scale.min"), count(section, "scale.max"),
                    section.value<Duration>("scale.idle")};
  if (function.scale.min > function.scale.max)
    context.problems.error(section.place("scale.min"), "E1009",
                           fmt::format("scale.min {} is more than scale.max {}", function.scale.min,
                                       function.scale.max));
  if (const auto events = section.get<Count>("recycle.events"))
    function.recycle_events = static_cast<std::uint64_t>(*events);
  function.recycle_bytes = section.get<std::uint64_t>("recycle.memory");
  read_environment(section.node("environment"), function, context);
  if (function.runtime == Runtime::python && function.handler.empty())
    context.problems.error(node.place, "E1006",
                           "\"handler\" is missing: a python function names module:callable");
  return function;
}

Start start_of(const Section& section, Diagnostics& problems) {
  const auto text = section.value<std::string>("start");
  if (text == "earliest") return {};
  if (text == "latest") return {Start::Kind::latest, {}};
  const auto time = parse_time(text);
  if (time) return {Start::Kind::time, *time};
  problems.error(
      section.place("start"), "E1008",
      fmt::format(
          "start: \"{}\" is neither earliest, latest nor a time such as 2026-01-01T00:00:00Z",
          text));
  return {};
}

Binding binding_of(const std::string& name, const Node& node, ReadContext& context) {
  const Section section = read_section(node, binding_spec(), context);
  Binding binding;
  binding.name = name;
  binding.place = node.place;
  binding.from = section.value<std::string>("from");
  binding.function = section.value<std::string>("function");
  binding.to = section.get<std::string>("to");
  binding.order = order_of(section);
  binding.start = start_of(section, context.problems);
  if (const Node* filter = section.node("filter"))
    binding.filter = read_filter(*filter, context.problems);
  binding.batch = batch_of(section);
  binding.retry = retry_of(section);
  binding.window = count(section, "window");
  if (section.node("idempotency") == nullptr) return binding;
  Idempotency idempotency;
  idempotency.ttl = section.value<Duration>("idempotency.ttl");
  const Place place = section.place("idempotency.key");
  for (const std::string& text : section.value<std::vector<std::string>>("idempotency.key"))
    if (auto field = read_field(text, place, context.problems))
      idempotency.key.push_back(std::move(*field));
  binding.idempotency = std::move(idempotency);
  return binding;
}

const ConnectorOptions* type_of(const Node& node, std::span<const ConnectorOptions> types,
                                Connector& connector, ReadContext& context) {
  const ConnectorOptions* found = nullptr;
  std::vector<std::string> known;
  for (const ConnectorOptions& type : types) {
    known.push_back(type.type);
    if (node.find(type.type) == nullptr) continue;
    if (found != nullptr)
      context.problems.error(node.place, "E1017",
                             fmt::format("connector {} is of two types, {} and {}", connector.name,
                                         found->type, type.type));
    found = &type;
  }
  if (found == nullptr) {
    std::string guess;
    std::string all;
    for (const auto& [key, value] : node.entries)
      if (guess.empty()) guess = did_you_mean(key.text, known);
    for (const std::string& type : known) all += (all.empty() ? "" : ", ") + type;
    context.problems.error(
        node.place, "E1006",
        fmt::format("connector {} has no type: give it the options of one of {}{}", connector.name,
                    all, guess));
  }
  return found;
}

std::optional<Connector> connector_of(const std::string& name, const Node& node,
                                      std::span<const ConnectorOptions> types,
                                      ReadContext& context) {
  Connector connector;
  connector.name = name;
  connector.place = node.place;
  const ConnectorOptions* type = type_of(node, types, connector, context);
  if (type == nullptr) return std::nullopt;
  connector.type = type->type;
  const Section section = read_section(node, connector_spec(), context, {type->type});
  const auto to = section.get<std::string>("to");
  const auto from = section.get<std::string>("from");
  if (to.has_value() == from.has_value()) {
    context.problems.error(
        node.place, "E1017",
        fmt::format("connector {} needs either `to` (it is a source) or `from` (it is a sink)",
                    name));
    return std::nullopt;
  }
  connector.direction = to ? Direction::source : Direction::sink;
  connector.stream = to ? *to : *from;
  if (!(to ? type->source : type->sink)) {
    context.problems.error(node.place, "E1017",
                           fmt::format("{} cannot be a {}", type->type, to ? "source" : "sink"));
    return std::nullopt;
  }
  connector.options =
      read_section(*node.find(type->type), connector_type_spec(*type, connector.direction), context)
          .values();
  connector.order = order_of(section);
  connector.retry = retry_of(section);
  connector.batch = batch_of(section);
  connector.window = count(section, "window");
  return connector;
}

// Calls read(name, node) for each entry of a mapping of names.
template <typename Read>
void each_named(const Node& root, const std::string& key, Diagnostics& problems, Read read) {
  const Node* section = root.find(key);
  if (section == nullptr || section->kind == Node::Kind::null) return;
  if (section->kind != Node::Kind::map) {
    problems.error(section->place, "E1007",
                   fmt::format("{} is a mapping of names, here is {}", key, section->kind_name()));
    return;
  }
  for (const auto& [name, node] : section->entries) {
    if (!good_name(name.text)) {
      problems.error(
          name.place, "E1011",
          fmt::format("\"{}\" is not a name: lower-case letters, digits, - _ and ., at most 63",
                      name.text));
      continue;
    }
    Node placed = node;
    placed.place = name.place;
    if (placed.kind == Node::Kind::null) placed.kind = Node::Kind::map;
    read(name.text, placed);
  }
}

}  // namespace

Config build_config(const Node& root, std::span<const ConnectorOptions> connectors,
                    ReadContext& context) {
  Config config;
  Node none;
  none.kind = Node::Kind::map;
  none.place = root.place;
  const Node* engine = root.find("engine");
  config.engine = engine_of(
      read_section(engine == nullptr ? none : *engine, engine_spec(), context), context.problems);
  each_named(root, "streams", context.problems, [&](const std::string& name, const Node& node) {
    config.streams.push_back(stream_of(name, node, context));
  });
  each_named(root, "connectors", context.problems, [&](const std::string& name, const Node& node) {
    if (auto connector = connector_of(name, node, connectors, context))
      config.connectors.push_back(std::move(*connector));
  });
  each_named(root, "functions", context.problems, [&](const std::string& name, const Node& node) {
    if (auto function = function_of(name, node, context))
      config.functions.push_back(std::move(*function));
  });
  each_named(root, "bindings", context.problems, [&](const std::string& name, const Node& node) {
    config.bindings.push_back(binding_of(name, node, context));
  });
  return config;
}

}  // namespace pelton::config
