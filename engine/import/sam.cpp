// SPDX-License-Identifier: Apache-2.0
#include "engine/import/lambda_function.h"
#include "engine/import/readers.h"

#include <fmt/format.h>

namespace pelton::importer {
namespace {

constexpr std::uint64_t kSamTimeout = 3;   // seconds, as AWS Lambda has it
constexpr std::uint64_t kSamMemory = 128;  // MiB, likewise

// A function's own section, then that of Globals.
struct Layers {
  const Node* own;
  const Node* globals;  // may be null

  const Node& of(std::string_view key) const {
    return own->find(key) == nullptr && globals != nullptr ? *globals : *own;
  }
};

const Node* variables_in(const Node* section, Reader& reader) {
  const Node* environment = section == nullptr ? nullptr : reader.map(*section, "Environment");
  return environment == nullptr ? nullptr : reader.map(*environment, "Variables");
}

FunctionSource sam_source_of(const Node& id, const Layers& layers, Reader& reader) {
  const auto text = [&](const char* key) { return reader.text(layers.of(key), key).value_or(""); };
  const auto number = [&](const char* key, std::uint64_t least, std::uint64_t most) {
    return reader.number(layers.of(key), key, least, most);
  };
  FunctionSource source;
  source.name = id.text;
  source.place = id.place;
  source.runtime = text("Runtime");
  source.runtime_place = Reader::place(layers.of("Runtime"), "Runtime");
  source.handler = text("Handler");
  source.handler_place = Reader::place(layers.of("Handler"), "Handler");
  const std::string code = text("CodeUri");
  source.code = code.empty() ? "." : code;
  source.container = text("PackageType") == "Image";
  source.traced = text("Tracing") == "Active";
  source.timeout_s = number("Timeout", 1, 86'400).value_or(kSamTimeout);
  source.memory_mb = number("MemorySize", 128, 10'240).value_or(kSamMemory);
  source.concurrency = number("ReservedConcurrentExecutions", 0, 1024);
  if (source.concurrency == 0U) source.concurrency = 1;
  add_environment(variables_in(layers.globals, reader), source.environment);
  add_environment(variables_in(layers.own, reader), source.environment);
  return source;
}

void read_api(const Node& properties, bool rest, Function& function, Reader& reader) {
  reader.check_keys(properties, kSamApiKeys);
  HttpRoute route{Reader::place(properties, "Path"), "ANY", "*", rest, std::nullopt};
  route.method = reader.text(properties, "Method").value_or("ANY");
  route.path = reader.text(properties, "Path").value_or("*");
  if (reader.text(properties, "PayloadFormatVersion") == "1.0") route.version1 = true;
  for (Node& node : http_routes(route)) function.routes.push_back(std::move(node));
}

void read_sam_s3(const Node& properties, const AsyncRetry& retry, Function& function,
                 Reader& reader) {
  reader.check_keys(properties, kSamS3Keys);
  S3Rule rule;
  rule.place = Reader::place(properties, "Bucket");
  const auto bucket = reader.text(properties, "Bucket");
  if (!bucket) return;
  rule.bucket = name_of_arn(*bucket);
  rule.events = reader.texts(properties, "Events");
  const Node* filter = reader.map(properties, "Filter");
  const Node* key = filter == nullptr ? nullptr : reader.map(*filter, "S3Key");
  const Node* rules = key == nullptr ? nullptr : reader.find(*key, "Rules");
  for (const Node& item : rules == nullptr ? std::vector<Node>{} : rules->items) {
    const std::string value = reader.text(item, "Value").value_or("");
    (reader.text(item, "Name") == "suffix" ? rule.suffix : rule.prefix) = value;
  }
  function.feeds.push_back(s3_feed(rule, retry, reader));
}

void read_sam_schedule(const Node& properties, const AsyncRetry& retry, Function& function,
                       Reader& reader) {
  reader.check_keys(properties, kSamScheduleKeys);
  const char* key = properties.find("Schedule") == nullptr ? "ScheduleExpression" : "Schedule";
  Schedule schedule;
  schedule.place = Reader::place(properties, key);
  schedule.expression = reader.text(properties, key).value_or("");
  schedule.timezone = reader.text(properties, "ScheduleExpressionTimezone").value_or("");
  if (const auto input = reader.text(properties, "Input"))
    schedule.input = quoted(*input, Reader::place(properties, "Input"));
  const bool enabled = reader.truth(properties, "Enabled", true) &&
                       reader.text(properties, "State").value_or("ENABLED") == "ENABLED";
  if (enabled) function.feeds.push_back(schedule_feed(schedule, retry));
}

void read_queue(const Node& properties, QueueSource::Kind kind, Function& function,
                Reader& reader) {
  reader.check_keys(properties, kSamSqsKeys);
  const char* key = kind == QueueSource::Kind::sqs ? "Queue" : "Stream";
  QueueSource queue;
  queue.kind = kind;
  queue.place = Reader::place(properties, key);
  const auto arn = reader.text(properties, key);
  if (!arn) return;
  queue.name = name_of_arn(*arn);
  queue.batch = reader.number(properties, "BatchSize", 1, 10'000);
  queue.window_s = reader.number(properties, "MaximumBatchingWindowInSeconds", 0, 300);
  if (const auto more = reader.number(properties, "MaximumRetryAttempts", 0, 10'000))
    queue.attempts = *more + 1;
  queue.latest = reader.text(properties, "StartingPosition") == "LATEST";
  queue.in_order = kind != QueueSource::Kind::sqs &&
                   reader.number(properties, "ParallelizationFactor", 1, 10).value_or(1) == 1;
  if (reader.truth(properties, "Enabled", true)) function.feeds.push_back(queue_feed(queue));
}

void read_sam_event(const Node& event, const AsyncRetry& retry, Function& function,
                    Reader& reader) {
  const std::string type = reader.text(event, "Type").value_or("");
  const Node nothing = Map(event.place).take();
  const Node* found = reader.map(event, "Properties");
  const Node& properties = found == nullptr ? nothing : *found;
  if (type == "Api" || type == "HttpApi")
    return read_api(properties, type == "Api", function, reader);
  if (type == "S3") return read_sam_s3(properties, retry, function, reader);
  if (type == "Schedule" || type == "ScheduleV2")
    return read_sam_schedule(properties, retry, function, reader);
  if (type == "SQS") return read_queue(properties, QueueSource::Kind::sqs, function, reader);
  if (type == "Kinesis")
    return read_queue(properties, QueueSource::Kind::kinesis, function, reader);
  if (type == "DynamoDB")
    return read_queue(properties, QueueSource::Kind::dynamodb, function, reader);
  const Place place = Reader::place(event, "Type");
  if (kSamEventKeys.meaning(type) == KnownKeys::Meaning::ignored)
    return reader.ignored(place, "the event " + type, "is not available and is left out");
  reader.problems.error(place, "E1008",
                        fmt::format("unknown type of an event: \"{}\"{}", type,
                                    config::did_you_mean(type, kSamEventKeys.names())));
}

AsyncRetry retry_of(const Layers& layers, Reader& reader) {
  AsyncRetry retry;
  const Node* section = reader.map(layers.of("EventInvokeConfig"), "EventInvokeConfig");
  if (section == nullptr) return retry;
  retry.attempts = reader.number(*section, "MaximumRetryAttempts", 0, 2).value_or(2);
  retry.max_age_s = reader.number(*section, "MaximumEventAgeInSeconds", 60, 21'600);
  return retry;
}

void read_sam_function(const Node& id, const Node& resource, const Node* globals, Service& service,
                       Reader& reader) {
  const Node nothing = Map(id.place).take();
  const Node* properties = reader.map(resource, "Properties");
  const Layers layers{properties == nullptr ? &nothing : properties, globals};
  reader.check_keys(*layers.own, kSamFunctionKeys);
  auto function = make_function(sam_source_of(id, layers, reader), reader);
  Function left_out;
  const AsyncRetry retry = retry_of(layers, reader);
  if (const Node* events = reader.map(*layers.own, "Events"))
    for (const auto& [name, event] : events->entries)
      read_sam_event(event, retry, function ? *function : left_out, reader);
  if (function) service.functions.push_back(std::move(*function));
}

// Routes need no resource of their own. What one would add to them is reported as ignored.
void read_sam_api(const Node& resource, Reader& reader) {
  const Node* properties = reader.map(resource, "Properties");
  if (properties == nullptr) return;
  for (const char* key : {"Auth", "Cors", "CorsConfiguration", "DefinitionBody", "DefinitionUri"})
    if (const Node* found = reader.find(*properties, key))
      reader.ignored(found->place, fmt::format("`{}` of an API", key), "is ignored");
}

}  // namespace

Service read_template(const Node& root, Reader& reader) {
  Service service;
  service.kind = "template.yaml";
  service.name = "sam";
  service.stage = reader.variables.stage();
  reader.check_keys(root, kTemplateKeys);
  reader.resources.set_stack("sam-app");
  if (const Node* parameters = reader.map(root, "Parameters"))
    reader.resources.add_parameters(*parameters);
  const Node* resources = reader.map(root, "Resources");
  if (resources == nullptr) {
    reader.problems.error(root.place, "E1006", "\"Resources\" is missing");
    return service;
  }
  reader.resources.add(*resources);
  const Node* globals = reader.map(root, "Globals");
  if (globals != nullptr) reader.check_keys(*globals, kGlobalsKeys);
  const Node* shared = globals == nullptr ? nullptr : reader.map(*globals, "Function");
  if (shared != nullptr) reader.check_keys(*shared, kSamFunctionKeys);
  for (const auto& [id, resource] : resources->entries) {
    const auto type = reader.text(resource, "Type");
    if (type == "AWS::Serverless::Function")
      read_sam_function(id, resource, shared, service, reader);
    if (type == "AWS::Serverless::Api" || type == "AWS::Serverless::HttpApi")
      read_sam_api(resource, reader);
  }
  tell_not_created(reader);
  return service;
}

}  // namespace pelton::importer
