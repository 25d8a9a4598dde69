// SPDX-License-Identifier: Apache-2.0
#include "engine/import/lambda_function.h"
#include "engine/import/readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace pelton::importer {
namespace {

constexpr std::uint64_t kTimeout = 6;    // seconds, as the Serverless Framework has it
constexpr std::uint64_t kMemory = 1024;  // MiB, likewise

// What every function has unless it says otherwise.
struct ProviderDefaults {
  std::string runtime;
  Place runtime_place;
  std::uint64_t timeout_s = kTimeout;
  std::uint64_t memory_mb = kMemory;
  const Node* environment = nullptr;
  bool traced = false;
  EventDefaults events;
};

// The logical id of a function, by which `resources` refer to it.
std::string logical_id(const std::string& function) {
  std::string id;
  for (const char c : function) {
    if (c == '-')
      id += "Dash";
    else if (c == '_')
      id += "Underscore";
    else
      id += c;
  }
  if (!id.empty()) id[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(id[0])));
  return id + "LambdaFunction";
}

// true, Active or PassThrough.
bool is_traced(const Node& map, const char* key, bool absent, Reader& reader) {
  const auto mode = reader.text(map, key);
  return mode ? *mode == "true" || *mode == "Active" : absent;
}

ProviderDefaults read_provider(const Node& provider, Reader& reader) {
  reader.check_keys(provider, kProviderKeys);
  ProviderDefaults defaults;
  if (const auto name = reader.text(provider, "name"); name && *name != "aws")
    reader.problems.error(Reader::place(provider, "name"), "E1042",
                          fmt::format("the provider {} is not supported; only aws is", *name));
  defaults.runtime = reader.text(provider, "runtime").value_or("");
  defaults.runtime_place = Reader::place(provider, "runtime");
  defaults.timeout_s = reader.number(provider, "timeout", 1, 86'400).value_or(kTimeout);
  defaults.memory_mb = reader.number(provider, "memorySize", 128, 10'240).value_or(kMemory);
  defaults.environment = reader.map(provider, "environment");
  if (const Node* tracing = reader.map(provider, "tracing"))
    defaults.traced = is_traced(*tracing, "lambda", false, reader);
  if (const Node* api = reader.map(provider, "httpApi")) {
    defaults.events.http_api_cors = read_cors(*api, reader);
    defaults.events.payload1 = reader.text(*api, "payload").value_or("2.0") == "1.0";
  }
  return defaults;
}

// Of `package`: a jar or a folder that is there already.
std::string artifact_of(const Node& function, Reader& reader) {
  const Node* package = reader.map(function, "package");
  const auto artifact = package == nullptr ? std::nullopt : reader.text(*package, "artifact");
  return artifact.value_or(".");
}

FunctionSource function_source(const Node& name, const Node& node, const ProviderDefaults& defaults,
                               Reader& reader) {
  FunctionSource source;
  source.name = name.text;
  source.place = name.place;
  const auto runtime = reader.text(node, "runtime");
  source.runtime = runtime.value_or(defaults.runtime);
  source.runtime_place = runtime ? Reader::place(node, "runtime") : defaults.runtime_place;
  if (source.runtime_place.line == 0) source.runtime_place = name.place;
  source.handler = reader.text(node, "handler").value_or("");
  source.handler_place = Reader::place(node, "handler");
  source.container = node.find("image") != nullptr;
  source.traced = is_traced(node, "tracing", defaults.traced, reader);
  source.code = artifact_of(node, reader);
  source.timeout_s = reader.number(node, "timeout", 1, 86'400).value_or(defaults.timeout_s);
  source.memory_mb = reader.number(node, "memorySize", 128, 10'240).value_or(defaults.memory_mb);
  source.concurrency = reader.number(node, "reservedConcurrency", 0, 1024);
  if (source.concurrency == 0U) source.concurrency = 1;
  add_environment(defaults.environment, source.environment);
  add_environment(reader.map(node, "environment"), source.environment);
  return source;
}

void read_function(const Node& name, const Node& node, const ProviderDefaults& defaults,
                   Service& service, Reader& reader) {
  if (node.kind != Node::Kind::map) {
    reader.problems.error(
        node.place, "E1007",
        fmt::format("the function {} must be a mapping, not {}", name.text, node.kind_name()));
    return;
  }
  reader.check_keys(node, kFunctionKeys);
  if (reader.truth(node, "url", false))
    reader.ignored(Reader::place(node, "url"), "url of a function", "is ignored: use httpApi");
  auto function = make_function(function_source(name, node, defaults, reader), reader);
  EventDefaults events = defaults.events;
  events.retry.attempts = reader.number(node, "maximumRetryAttempts", 0, 2).value_or(2);
  events.retry.max_age_s = reader.number(node, "maximumEventAge", 60, 21'600);
  const Node* list = reader.find(node, "events");
  if (list != nullptr && list->kind != Node::Kind::sequence)
    reader.problems.error(list->place, "E1007",
                          fmt::format("events must be a list, not {}", list->kind_name()));
  // Its events are looked at in any case: what is wrong with them is wrong whether it runs or not.
  Function left_out;
  for (const Node& event : list == nullptr ? std::vector<Node>{} : list->items)
    read_event(event, events, function ? *function : left_out, reader);
  if (function) service.functions.push_back(std::move(*function));
}

// A mapping, or a list of mappings, each of which may come from a file.
std::vector<const Node*> mappings(const Node& root, std::string_view key, Reader& reader) {
  const Node* whole = reader.find(root, key);
  if (whole == nullptr) return {};
  if (whole->kind == Node::Kind::map) return {whole};
  std::vector<const Node*> all;
  for (const Node& item : whole->items) {
    const Node* part = reader.variables.value(item);
    if (part == nullptr || part->kind == Node::Kind::null) continue;
    if (part->kind == Node::Kind::map)
      all.push_back(part);
    else
      reader.problems.error(
          item.place, "E1007",
          fmt::format("an entry of {} must be a mapping, not {}", key, part->kind_name()));
  }
  if (whole->kind != Node::Kind::sequence)
    reader.problems.error(whole->place, "E1007",
                          fmt::format("{} must be a mapping, not {}", key, whole->kind_name()));
  return all;
}

void read_resources(const Node& root, const std::vector<const Node*>& functions,
                    const Service& service, Reader& reader) {
  reader.resources.set_stack(fmt::format("{}-{}", service.name, service.stage));
  for (const Node* part : functions)
    for (const auto& [name, node] : part->entries)
      reader.resources.add_function(
          logical_id(name.text), fmt::format("{}-{}-{}", service.name, service.stage, name.text));
  if (root.find("resources") == nullptr) return;
  for (const Node* part : mappings(root, "resources", reader))
    if (const Node* resources = reader.map(*part, "Resources")) reader.resources.add(*resources);
}

}  // namespace

void tell_not_created(Reader& reader) {
  for (const auto& [id, resource] : reader.resources.all()) {
    const std::string& type = resource.type;
    const bool quiet = resource.node == nullptr || type.starts_with("AWS::IAM::") ||
                       type.starts_with("AWS::Logs::") || type == "AWS::Lambda::Permission" ||
                       type == "AWS::S3::BucketPolicy" || type == "AWS::SQS::QueuePolicy" ||
                       type == "AWS::Serverless::Function";
    if (!quiet)
      reader.problems.warning(resource.place, "E1106",
                              fmt::format("not created here: {} {} ({})", id, resource.name, type));
  }
}

Service read_serverless(const Node& root, Reader& reader) {
  Service service;
  service.kind = "serverless.yml";
  reader.check_keys(root, kServiceKeys);
  const Node* name = reader.find(root, "service");
  if (name != nullptr && name->kind == Node::Kind::map) name = reader.find(*name, "name");
  if (name == nullptr)
    reader.problems.error(root.place, "E1006", "\"service\" is missing: the service's name");
  else
    service.name = reader.resources.text(*name).value_or("");
  service.stage = reader.variables.stage();
  const Node* provider = reader.map(root, "provider");
  if (root.find("provider") == nullptr)
    reader.problems.error(root.place, "E1006", "\"provider\" is missing");
  if (provider == nullptr) return service;
  reader.resources.set_stack(fmt::format("{}-{}", service.name, service.stage));
  const std::vector<const Node*> functions = mappings(root, "functions", reader);
  read_resources(root, functions, service, reader);
  const ProviderDefaults defaults = read_provider(*provider, reader);
  for (const Node* part : functions)
    for (const auto& [key, node] : part->entries)
      if (const Node* function = reader.variables.value(node))
        read_function(key, *function, defaults, service, reader);
  tell_not_created(reader);
  return service;
}

}  // namespace pelton::importer
