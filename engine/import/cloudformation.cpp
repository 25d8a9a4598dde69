// SPDX-License-Identifier: Apache-2.0
#include "engine/import/cloudformation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace pelton::importer {
namespace {

constexpr std::size_t kMaxDepth = 20;

// The property with a resource's name, by type.
constexpr std::array kNameProperties{
    std::pair{"AWS::S3::Bucket", "BucketName"},
    std::pair{"AWS::SQS::Queue", "QueueName"},
    std::pair{"AWS::DynamoDB::Table", "TableName"},
    std::pair{"AWS::Serverless::SimpleTable", "TableName"},
    std::pair{"AWS::SNS::Topic", "TopicName"},
    std::pair{"AWS::Kinesis::Stream", "Name"},
    std::pair{"AWS::Lambda::Function", "FunctionName"},
    std::pair{"AWS::Serverless::Function", "FunctionName"},
    std::pair{"AWS::Events::EventBus", "Name"},
};

// The service that an ARN names, and what stands before the resource's name, by type.
constexpr std::array kArns{
    std::array{"AWS::SQS::Queue", "sqs", ""},
    std::array{"AWS::DynamoDB::Table", "dynamodb", "table/"},
    std::array{"AWS::Serverless::SimpleTable", "dynamodb", "table/"},
    std::array{"AWS::SNS::Topic", "sns", ""},
    std::array{"AWS::Kinesis::Stream", "kinesis", "stream/"},
    std::array{"AWS::Lambda::Function", "lambda", "function:"},
    std::array{"AWS::Serverless::Function", "lambda", "function:"},
    std::array{"AWS::Events::EventBus", "events", "event-bus/"},
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

void Resources::add(const Node& resources) {
  for (const auto& [id, node] : resources.entries) {
    Resource resource{id.place, {}, {}, &node};
    if (const Node* type = node.find("Type"); type != nullptr) resource.type = type->text;
    resource.name = lower(fmt::format("{}-{}", stack_, id.text));
    const auto named = std::ranges::find(kNameProperties, resource.type,
                                         [](const auto& known) { return known.first; });
    const Node* properties = node.find("Properties");
    const Node* name = properties != nullptr && named != kNameProperties.end()
                           ? properties->find(named->second)
                           : nullptr;
    if (name != nullptr)
      if (auto given = text(*name)) resource.name = std::move(*given);
    resources_.try_emplace(id.text, std::move(resource));
  }
}

void Resources::add_parameters(const Node& parameters) {
  for (const auto& [name, node] : parameters.entries)
    if (const Node* fallback = node.find("Default")) parameters_[name.text] = fallback;
}

void Resources::add_function(const std::string& id, const std::string& name) {
  resources_.try_emplace(id, Resource{{}, "AWS::Lambda::Function", name, nullptr});
}

const Resource* Resources::find(const std::string& id) const {
  const auto at = resources_.find(id);
  return at == resources_.end() ? nullptr : &at->second;
}

const Resource* Resources::find_named(const std::string& type, const std::string& name) const {
  const auto at = std::ranges::find_if(resources_, [&](const auto& entry) {
    return entry.second.type == type && entry.second.name == name;
  });
  return at == resources_.end() ? nullptr : &at->second;
}

std::optional<Resources::Call> Resources::call_of(const Node& node) {
  if (node.tag.starts_with('!')) {
    Call call{node.tag.substr(1), node};
    call.argument.tag.clear();
    return call;
  }
  if (node.kind != Node::Kind::map || node.entries.size() != 1) return std::nullopt;
  const auto& [key, value] = node.entries.front();
  if (key.text == "Ref") return Call{"Ref", value};
  if (key.text.starts_with("Fn::")) return Call{key.text.substr(4), value};
  return std::nullopt;
}

bool Resources::is_function(const Node& node) {
  return call_of(node).has_value();
}

std::optional<std::string> Resources::text(const Node& node) {
  const Node* whole = node.tag.empty() ? variables_.value(node) : &node;
  if (whole == nullptr) return std::nullopt;
  const auto call = call_of(*whole);
  if (!call) return variables_.text(*whole);
  if (depth_ >= kMaxDepth) return unknown(node.place, "functions in functions");
  ++depth_;
  auto result = called(*call, node.place);
  --depth_;
  return result;
}

std::optional<std::string> Resources::written(const Node& node) {
  if (Variables::is_kept(node)) return variables_.written(node);
  const Node* whole = node.tag.empty() ? variables_.value(node) : &node;
  if (whole == nullptr) return std::nullopt;
  if (!is_function(*whole)) return variables_.written(node);
  auto plain = text(*whole);
  return plain ? std::optional(escaped(*plain)) : std::nullopt;
}

std::optional<std::string> Resources::unknown(Place place, const std::string& what) {
  // The environment that all functions share is read for each of them.
  if (told_.insert({place.line, place.column}).second)
    problems_.warning(place, "E1107", fmt::format("{} is not known here and is left out", what));
  return std::nullopt;
}

std::optional<std::string> Resources::called(const Call& call, Place place) {
  if (call.name == "Ref") {
    const auto name = variables_.text(call.argument);
    return name ? reference(*name, place) : std::nullopt;
  }
  if (call.name == "GetAtt") {
    if (call.argument.kind == Node::Kind::scalar) {
      const auto name = variables_.text(call.argument);
      return name ? attribute(*name, place) : std::nullopt;
    }
    std::string name;
    for (const Node& item : call.argument.items) {
      const auto part = text(item);
      if (!part) return std::nullopt;
      name += (name.empty() ? "" : ".") + *part;
    }
    return attribute(name, place);
  }
  if (call.name == "Sub") return substituted(call.argument);
  if (call.name == "Join") return joined(call.argument);
  return unknown(place, fmt::format("what Fn::{} stands for", call.name));
}

std::optional<std::string> Resources::reference(const std::string& name, Place place) {
  if (name == "AWS::NoValue") return std::nullopt;
  if (name == "AWS::Region") return variables_.region();
  if (name == "AWS::AccountId") return Variables::kAccount;
  if (name == "AWS::StackName") return stack_;
  if (name == "AWS::Partition") return "aws";
  if (name == "AWS::URLSuffix") return "amazonaws.com";
  if (const auto parameter = parameters_.find(name); parameter != parameters_.end())
    return text(*parameter->second);
  const Resource* resource = find(name);
  if (resource == nullptr) return unknown(place, fmt::format("what {} refers to", name));
  if (resource->type == "AWS::SNS::Topic") return arn_of(*resource);
  if (resource->type != "AWS::SQS::Queue") return resource->name;
  const std::string host = queue_endpoint_.empty()
                               ? fmt::format("https://sqs.{}.amazonaws.com", variables_.region())
                               : queue_endpoint_;
  return fmt::format("{}/{}/{}", host, Variables::kAccount, resource->name);
}

std::optional<std::string> Resources::attribute(const std::string& name, Place place) {
  const auto point = name.find('.');
  const Resource* resource = find(name.substr(0, point));
  const std::string what = point == std::string::npos ? "" : name.substr(point + 1);
  if (resource != nullptr && what == "Arn") return arn_of(*resource);
  if (resource != nullptr && what == "StreamArn")
    return arn_of(*resource) + "/stream/2026-01-01T00:00:00.000";
  if (resource != nullptr && (what == "QueueName" || what == "TopicName")) return resource->name;
  if (resource != nullptr && what == "QueueUrl") return reference(name.substr(0, point), place);
  return unknown(place, fmt::format("the attribute {}", name));
}

std::string Resources::arn(const std::string& service, const std::string& rest) const {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, variables_.region(), Variables::kAccount,
                     rest);
}

std::string Resources::arn_of(const Resource& resource) const {
  if (resource.type == "AWS::S3::Bucket") return "arn:aws:s3:::" + resource.name;
  for (const auto& [type, service, before] : kArns)
    if (resource.type == type) return arn(service, before + resource.name);
  const auto service = lower(resource.type.substr(
      resource.type.find("::") == std::string::npos ? 0 : resource.type.find("::") + 2));
  return arn(service.substr(0, service.find("::")), resource.name);
}

// "${Name}", "${Name.Attribute}", "${!literal}", and names of its own.
std::optional<std::string> Resources::substituted(const Node& argument) {
  const bool has_names = argument.kind == Node::Kind::sequence && !argument.items.empty();
  const Node& pattern = has_names ? argument.items.front() : argument;
  const auto whole = variables_.text(pattern);
  if (!whole) return std::nullopt;
  std::string out;
  for (std::size_t at = 0; at < whole->size();) {
    const auto end = whole->compare(at, 2, "${") == 0 ? whole->find('}', at) : std::string::npos;
    if (end == std::string::npos) {
      out += (*whole)[at++];
      continue;
    }
    const std::string name = whole->substr(at + 2, end - at - 2);
    at = end + 1;
    const Node* own =
        has_names && argument.items.size() > 1 ? argument.items[1].find(name) : nullptr;
    std::optional<std::string> part;
    if (name.starts_with('!'))
      part = "${" + name.substr(1) + "}";
    else if (own != nullptr)
      part = text(*own);
    else if (name.starts_with("AWS::") || name.find('.') == std::string::npos)
      part = reference(name, pattern.place);
    else
      part = attribute(name, pattern.place);
    if (!part) return std::nullopt;
    out += *part;
    if (out.size() > Variables::kMaxText) return unknown(pattern.place, "a text of this length");
  }
  return out;
}

std::optional<std::string> Resources::joined(const Node& argument) {
  if (argument.items.size() != 2) return unknown(argument.place, "what Fn::Join makes of this");
  const auto between = text(argument.items[0]);
  const Node* parts = variables_.value(argument.items[1]);
  if (!between || parts == nullptr) return std::nullopt;
  std::string out;
  for (const Node& item : parts->items) {
    const auto part = text(item);
    if (!part) return std::nullopt;
    out += (&item == &parts->items.front() ? "" : *between) + *part;
    if (out.size() > Variables::kMaxText) return unknown(argument.place, "a text of this length");
  }
  return out;
}

}  // namespace pelton::importer
