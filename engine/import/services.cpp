// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/aws_services.h"
#include "engine/import/readers.h"

#include <algorithm>
#include <utility>

namespace pelton::importer {
namespace {

const KnownKeys kOwnKeys{"custom.pelton", "services", "", ""};

// The key's service, or the key where there is none, which is reported where the section is read.
std::string service_named(const std::string& key) {
  return config::aws_service(key).value_or(key);
}

// Its text as a config file has it, which is also added to the URLs. They are no secrets, and the
// buckets of events need them.
Node url_of(const Node& value, const std::string& service, Reader& reader,
            std::map<std::string, std::string>& urls) {
  const auto text = reader.variables.text(value);
  if (text) urls[service] = *text;
  return quoted(text.value_or(""), value.place);
}

Node endpoints_of(const Node& map, Reader& reader, std::map<std::string, std::string>& urls) {
  Map endpoints(map.place);
  for (const auto& [key, value] : map.entries) {
    const Node* whole = reader.variables.value(value);
    if (whole == nullptr || whole->kind == Node::Kind::null) continue;
    endpoints.add(key, whole->kind == Node::Kind::scalar
                           ? url_of(value, service_named(key.text), reader, urls)
                           : *whole);
  }
  return endpoints.take();
}

// A scalar as a config file writes it.
std::optional<Node> text_of(const Node& value, Reader& reader) {
  auto text = reader.variables.written(value);
  if (!text) return std::nullopt;
  Node node = written(std::move(*text), value.place);
  node.quoted = true;
  return node;
}

// Nothing: it is absent, or there is a problem.
std::optional<Node> option_of(const std::string& key, const Node& value, Reader& reader,
                              std::map<std::string, std::string>& urls) {
  // Credentials may come from an environment that is not here yet.
  if (key != "endpoint" && Variables::is_kept(value)) return text_of(value, reader);
  const Node* whole = reader.variables.value(value);
  if (whole == nullptr || whole->kind == Node::Kind::null) return std::nullopt;
  if (whole->kind == Node::Kind::map && key == "endpoints")
    return endpoints_of(*whole, reader, urls);
  if (whole->kind != Node::Kind::scalar) return *whole;
  return key == "endpoint" ? url_of(value, "", reader, urls) : text_of(value, reader);
}

Node* entry_of(Node& map, std::string_view key) {
  for (auto& [name, value] : map.entries)
    if (name.text == key) return &value;
  return nullptr;
}

void put(Node& map, const std::string& key, Node value) {
  if (Node* known = entry_of(map, key))
    *known = std::move(value);
  else
    map.entries.emplace_back(written(key, value.place), std::move(value));
}

}  // namespace

std::optional<Node> read_services(const Node& root, Reader& reader,
                                  std::map<std::string, std::string>& urls) {
  const Node* custom = reader.find(root, "custom");
  if (custom == nullptr || custom->kind != Node::Kind::map) return std::nullopt;
  const Node* own = reader.map(*custom, "pelton");
  if (own == nullptr) return std::nullopt;
  reader.check_keys(*own, kOwnKeys);
  const Node* services = reader.find(*own, "services");
  if (services == nullptr) return std::nullopt;
  if (services->kind == Node::Kind::scalar) {
    Map section(services->place);
    return section.add("endpoint", url_of(*services, "", reader, urls)).take();
  }
  if (services->kind != Node::Kind::map) return *services;
  Map section(services->place);
  for (const auto& [key, value] : services->entries)
    if (auto option = option_of(key.text, value, reader, urls))
      section.add(key, std::move(*option));
  return section.take();
}

std::optional<Node> with_services(std::optional<Node> section,
                                  const std::map<std::string, std::string>& urls) {
  if (urls.empty()) return section;
  const Place place = section ? section->place : Place{1, 1};
  if (!section) section = Map(place).take();
  // What is no mapping is reported where it is read.
  if (section->kind != Node::Kind::map) return section;
  for (const auto& [service, url] : urls) {
    if (service.empty()) {
      put(*section, "endpoint", quoted(url, place));
      continue;
    }
    if (entry_of(*section, "endpoints") == nullptr) put(*section, "endpoints", Map(place).take());
    Node& endpoints = *entry_of(*section, "endpoints");
    if (endpoints.kind != Node::Kind::map) continue;
    std::erase_if(endpoints.entries,
                  [&](const auto& entry) { return service_named(entry.first.text) == service; });
    put(endpoints, service, quoted(url, place));
  }
  return section;
}

}  // namespace pelton::importer
