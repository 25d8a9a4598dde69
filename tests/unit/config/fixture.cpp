// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include "engine/config/check.h"
#include "engine/config/specs.h"
#include "engine/kafka/option_fields.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace pelton::config {

namespace fs = std::filesystem;

ConfigTest::ConfigTest() : kinds_(sample_kinds()) {
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
  return load_text(text, folder_ / "pelton.yaml", kinds_,
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
struct TopicOptions {
  kafka::TopicOptions topic;
  kafka::GroupOptions group;
  Start start;
};

std::vector<Location> topic_read(const TopicOptions& options) {
  Location read = kafka::topic_location(options.topic, false);
  read.group = options.group.group;
  return {read};
}

std::vector<Location> topic_written(const TopicOptions& options) {
  return {kafka::topic_location(options.topic, true)};
}

ConnectorOptions topic_type() {
  const auto topic = [] {
    return Fields<TopicOptions>("", "").include(&TopicOptions::topic, kafka::topic_fields("", ""));
  };
  ConnectorOptions type{"kafka", "A topic.", {}, {}};
  type.source = connector_side(
      topic()
          .include(&TopicOptions::group, kafka::group_name_fields("The group."))
          .parsed("start", &TopicOptions::start, parse_start, start_text, "Where it begins.",
                  kStartDefault)
          .include(&TopicOptions::group, kafka::member_fields("", ""))
          .then([](const Section&, const std::string&, ReadContext& context, TopicOptions& out) {
            if (out.group.group.empty()) out.group.group = "pelton." + context.part;
          }),
      topic_read);
  type.sink = connector_side(topic(), topic_written);
  return type;
}

struct Feed {};

std::vector<ConnectorOptions> connector_types() {
  ConnectorOptions files{"files", "Files in and out.", {}, {}};
  const auto path = [] {
    return Fields<SampleFiles>("", "").option("path", &SampleFiles::path, "The folder.",
                                              {.required = true});
  };
  files.source = connector_side<SampleFiles>(
      path()
          .option("match", &SampleFiles::match, "Patterns.")
          .option("limit", &SampleFiles::limit, "The largest.", {.at_most = "16MiB"}),
      [](const SampleFiles& f) { return std::vector{folder_location(f.path, false)}; });
  files.sink = connector_side<SampleFiles>(
      path(), [](const SampleFiles& f) { return std::vector{folder_location(f.path, true)}; });
  ConnectorOptions feed{"feed", "Only comes in.", {}, {}};
  feed.source = connector_side<Feed>(Fields<Feed>("", ""),
                                     [](const Feed&) { return std::vector<Location>{}; });
  return {files, feed, topic_type()};
}

std::vector<RuntimeOptions> runtimes() {
  const auto files = [](const SampleCode& sample) {
    return std::vector<FunctionFile>{{"code", sample.code}};
  };
  const auto code = [] {
    return Fields<SampleCode>("", "").option("code", &SampleCode::code, "The code.",
                                             {.required = true});
  };
  return {runtime_options<SampleCode>("python", "A module.",
                                      code().option("handler", &SampleCode::handler,
                                                    "The function to call.", {.required = true}),
                                      files),
          runtime_options<SampleCode>("cpp", "An executable.", code(), files)};
}

}  // namespace

Kinds sample_kinds() {
  return {connector_types(), runtimes(), kafka::topic_kind()};
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
    max_unsettled: 500
    max_unsettled_bytes: 8MiB
    filter: { type: [x, y], data.n: { above: 3, at_most: 9 }, key: { prefix: k } }
    batch: { events: 64, bytes: 2MiB, wait: 10ms }
    retry: { attempts: 7, backoff: { first: 1s, factor: 3, max: 1m, jitter: 0 }, max_age: 6h }
    idempotency: { key: [data.id, headers.tenant] }
)";
}

}  // namespace pelton::config
