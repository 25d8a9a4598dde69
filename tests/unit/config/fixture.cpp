// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include "engine/config/specs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace pelton::config {

namespace fs = std::filesystem;

ConfigTest::ConfigTest() {
  std::string name = (fs::temp_directory_path() / "config_test_XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  folder_ = fs::canonical(name);
}

ConfigTest::~ConfigTest() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

fs::path ConfigTest::write(const std::string& name, std::string_view text) {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
  return folder_ / name;
}

fs::path ConfigTest::write_executable(const std::string& name) {
  const fs::path path = write(name, "#!/bin/sh\n");
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

fs::path ConfigTest::make_folder(const std::string& name) {
  fs::create_directories(folder_ / name);
  return folder_ / name;
}

Loaded ConfigTest::loaded(const std::string& text) const {
  const auto types = sample_types();
  return load_text(text, folder_ / "pelton.yaml", types,
                   [this](const std::string& name) -> std::optional<std::string> {
                     const auto at = variables_.find(name);
                     if (at == variables_.end()) return std::nullopt;
                     return at->second;
                   });
}

std::vector<std::string> ConfigTest::problems(const std::string& text) const {
  std::vector<std::string> all;
  for (const Diagnostic& d : loaded(text).problems)
    all.push_back(fmt::format("{}:{} {} {}", d.place.line, d.place.column, d.code, d.message));
  return all;
}

std::vector<std::string> ConfigTest::codes(const std::string& text) const {
  std::vector<std::string> all;
  for (const Diagnostic& d : loaded(text).problems) all.push_back(d.code);
  return all;
}

Config ConfigTest::good(const std::string& text) const {
  Loaded result = loaded(text);
  for (const Diagnostic& d : result.problems) EXPECT_NE(d.severity, Severity::error) << d.message;
  return result.config ? std::move(*result.config) : Config{};
}

namespace {

// A connector type whose options are those of a topic.
ConnectorOptions topic_type() {
  const SectionSpec spec = kafka_topic_spec("");
  ConnectorOptions type;
  type.type = "kafka";
  type.sentence = "A topic.";
  type.source = type.sink = type.topic = true;
  type.source_options = type.sink_options = spec.options;
  for (OptionSpec& option : kafka_member_options()) type.source_options.push_back(option);
  type.source_sections = type.sink_sections = spec.sections;
  return type;
}

}  // namespace

std::vector<ConnectorOptions> sample_types() {
  OptionSpec path;
  path.name = "path";
  path.type = OptionType::path;
  path.sentence = "The folder.";
  path.required = true;
  OptionSpec match;
  match.name = "match";
  match.type = OptionType::text_list;
  match.fallback = "*";
  match.sentence = "Patterns.";
  OptionSpec limit;
  limit.name = "limit";
  limit.type = OptionType::size;
  limit.fallback = "1MiB";
  limit.at_most = "16MiB";
  limit.sentence = "The largest.";
  ConnectorOptions files;
  files.type = "files";
  files.sentence = "Files in and out.";
  files.source = files.sink = true;
  files.source_options = {path, match, limit};
  files.sink_options = {path};
  files.place_option = "path";
  ConnectorOptions feed;
  feed.type = "feed";
  feed.sentence = "Only comes in.";
  feed.source = true;
  return {files, feed, topic_type()};
}

std::string whole_config() {
  return R"(version: 1
engine: { data: ./state, http: { listen: "127.0.0.1:0" }, log: { level: warn } }
streams:
  in: { partitions: 4, retention: { time: 7d, size: 10GiB } }
  out: {}
connectors:
  inbox: { files: { path: ./inbox, match: ["*.jpg"] }, to: in }
  outbox: { files: { path: ./outbox }, from: out, order: none, retry: { attempts: 9 } }
functions:
  f:
    runtime: cpp
    code: /bin/true
    timeout: 1.5s
    memory: 64MiB
    environment: { A: "${env:OF_A}", B: "$${plain}" }
    scale: { min: 1, max: 3, idle: 5s }
    recycle: { events: 10 }
bindings:
  b:
    from: in
    function: f
    to: out
    order: partition
    start: 2026-01-01T00:00:00Z
    window: 500
    filter: { type: [x, y], data.n: { above: 3, at_most: 9 }, key: { prefix: k } }
    batch: { events: 64, bytes: 2MiB, window: 10ms }
    retry: { attempts: 7, backoff: { first: 1s, factor: 3, max: 1m, jitter: 0 }, max_age: 6h }
    idempotency: { key: [data.id, headers.tenant] }
)";
}

}  // namespace pelton::config
