// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pelton::config {
namespace {

// "host:port", "[::1]:port". A trailing dot of the host would fail the check of certificates.
std::optional<std::string> tidy_broker(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65'535)
    return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const bool bad = host.empty() || (!bracketed && host.find(':') != std::string_view::npos) ||
                   host.find_first_of(" /,") != std::string_view::npos;
  if (bad) return std::nullopt;
  return fmt::format("{}:{}", host, number);
}

std::vector<std::string> brokers_of(const Section& section, const std::string& path,
                                    const std::string& who, ReadContext& context) {
  std::vector<std::string> brokers;
  for (const std::string& text : section.value<std::vector<std::string>>(path)) {
    if (auto broker = tidy_broker(text))
      brokers.push_back(std::move(*broker));
    else
      context.problems.error(section.place(path), "E1008",
                             fmt::format("{}: \"{}\" is not host:port of a broker", who, text));
  }
  return brokers;
}

std::vector<KafkaProperty> properties_of(const Node& node, ReadContext& context) {
  std::vector<KafkaProperty> properties;
  if (node.kind != Node::Kind::map) {
    context.problems.error(
        node.place, "E1007",
        fmt::format("properties is a mapping of names to texts, here is {}", node.kind_name()));
    return properties;
  }
  for (const auto& [key, value] : node.entries) {
    if (value.kind != Node::Kind::scalar)
      context.problems.error(
          value.place, "E1007",
          fmt::format("the property {} needs a text, here is {}", key.text, value.kind_name()));
    else if (auto text = expand(value, context))
      properties.push_back({key.text, std::move(*text), key.place});
  }
  return properties;
}

std::filesystem::path file_of(const Section& section, const std::string& path,
                              const std::string& who, ReadContext& context) {
  const auto file = section.value<std::filesystem::path>(path);
  std::error_code ignored;
  if (!file.empty() && !std::filesystem::is_regular_file(file, ignored))
    context.problems.error(section.place(path), "E1008",
                           fmt::format("{}: there is no file {}", who, file.string()));
  return file;
}

std::optional<KafkaTls> tls_of(const Section& section, const std::string& path,
                               const std::string& who, ReadContext& context) {
  if (section.node(path) == nullptr) return std::nullopt;
  KafkaTls tls{file_of(section, path + ".ca", who, context),
               file_of(section, path + ".certificate", who, context),
               file_of(section, path + ".key", who, context),
               section.value<std::string>(path + ".key_password"),
               section.value<bool>(path + ".verify_host")};
  if (tls.certificate.empty() != tls.key.empty())
    context.problems.error(section.place(path), "E1017",
                           who + ": tls takes `certificate` and `key` together");
  return tls;
}

std::optional<KafkaSasl> sasl_of(const Section& section, const std::string& path,
                                 const std::string& who, ReadContext& context) {
  if (section.node(path) == nullptr) return std::nullopt;
  KafkaSasl sasl{section.value<std::string>(path + ".mechanism"),
                 section.value<std::string>(path + ".username"),
                 section.value<std::string>(path + ".password"),
                 file_of(section, path + ".token_file", who, context)};
  const bool token = sasl.mechanism == "oauthbearer";
  if (token ? sasl.token_file.empty() : (sasl.username.empty() || sasl.password.empty()))
    context.problems.error(section.place(path), "E1006",
                           fmt::format("{}: sasl {} needs {}", who, sasl.mechanism,
                                       token ? "`token_file`" : "`username` and `password`"));
  return sasl;
}

// The options' prefix in a section.
std::string prefix_of(const std::string& path) {
  return path.empty() ? path : path + ".";
}

KafkaClient client_of(const Section& section, const std::string& path, const std::string& who,
                      ReadContext& context) {
  const std::string prefix = prefix_of(path);
  KafkaClient client;
  client.place = section.place(path);
  client.brokers = brokers_of(section, prefix + "brokers", who, context);
  client.tls = tls_of(section, prefix + "tls", who, context);
  client.sasl = sasl_of(section, prefix + "sasl", who, context);
  if (const Node* properties = section.node(prefix + "properties"))
    client.properties = properties_of(*properties, context);
  return client;
}

}  // namespace

void check_topic(const Section& section, const std::string& path, const std::string& who,
                 ReadContext& context) {
  const auto topic = section.value<std::string>(path);
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (topic.empty() ||
      (topic.size() <= 249 && topic != "." && topic != ".." && std::ranges::all_of(topic, good)))
    return;
  context.problems.error(
      section.place(path), "E1008",
      fmt::format("{}: \"{}\" is not a topic: letters, digits, . _ and -, at most 249", who,
                  topic));
}

KafkaTopic parse_kafka_topic(const Section& section, const std::string& path,
                             const std::string& who, ReadContext& context) {
  const std::string topic = prefix_of(path) + "topic";
  check_topic(section, topic, who, context);
  return {client_of(section, path, who, context), section.value<std::string>(topic),
          ContentMode::binary};
}

KafkaGroup parse_kafka_group(const Section& section, const std::string& path,
                             const std::string& name) {
  const std::string prefix = prefix_of(path);
  KafkaGroup group;
  group.group = section.get<std::string>("group").value_or("pelton." + name);
  group.assignor = section.value<std::string>(prefix + "assignor");
  group.instance = section.value<std::string>(prefix + "instance");
  group.session_timeout = section.value<Duration>(prefix + "session_timeout");
  group.drain = section.value<Duration>(prefix + "drain");
  group.commit_interval = section.value<Duration>(prefix + "commit_interval");
  const auto policy = section.value<std::string>(prefix + "out_of_range");
  if (policy == "earliest") group.out_of_range = KafkaGroup::OutOfRange::earliest;
  if (policy == "latest") group.out_of_range = KafkaGroup::OutOfRange::latest;
  for (const std::string& own : {std::string("group"), path})
    if (!own.empty() && section.node(own) != nullptr) group.place = section.place(own);
  return group;
}

}  // namespace pelton::config
