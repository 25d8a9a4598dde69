// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/log.h"
#include "engine/observe/metrics.h"
#include "engine/observe/process_status.h"
#include "engine/observe/status_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace pelton::observe {
namespace {

StatusReport report() {
  StatusReport report;
  report.version = "1";
  report.memory_limit = 1000;
  report.memory = {{"unsettled", 10}};
  report.streams.push_back({"s", {{0, 0, 9, 100}}, 9, 1.5, 0});
  ConnectorStatus connector;
  connector.name = "c";
  connector.type = "directory";
  connector.direction = "source";
  connector.stream = "s";
  connector.state = "running";
  connector.events = 3;
  connector.bytes = 4;
  connector.lag_events = 5;
  connector.lag_bytes = 6;
  connector.lag_seconds = 7;
  connector.last_slot = from_us(1);
  connector.next_slot = from_us(2);
  connector.skipped_slots = {{"missed", 1}};
  report.connectors.push_back(connector);
  FunctionStatus function;
  function.name = "f";
  Histogram durations;
  durations.add(std::chrono::milliseconds(3), 4);
  durations.add(std::chrono::hours(2));
  function.durations.done = durations.counts();
  report.functions.push_back(function);
  BindingStatus binding;
  binding.name = "b\"quoted\n";
  binding.done = 7;
  binding.dead_lettered_by_reason = {{"attempts", 2}, {"failed", 0}};
  binding.outputs = 4;
  binding.discarded_outputs = 3;
  binding.last_done = from_us(5'500'000);
  binding.completion_ages = durations.counts();
  binding.partitions.push_back({0, 2, 9, 7, 1.25, 0, 0, 0, 4096});
  report.bindings.push_back(binding);
  RouteStatus route;
  route.name = "r";
  route.by_status = {{200, 2}};
  route.durations = durations.counts();
  route.durable = DurableStatus{1, 2};
  report.routes.push_back(route);
  report.listeners.push_back({"web", "127.0.0.1:8080", 1});
  return report;
}

TEST(Metrics, FollowTheRulesOfTheFormat) {
  std::istringstream text(render_metrics(report()));
  std::string type_of;
  std::set<std::string> families;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name;
      words >> name >> type_of;
      EXPECT_TRUE(families.insert(name).second) << name << " stands twice";
      EXPECT_EQ(name.ends_with("_total"), type_of == "counter") << name;
      EXPECT_TRUE(name.starts_with("pelton_") || name.starts_with("process_")) << name;
    }
  }
  EXPECT_GT(families.size(), 25U);
  const std::string all = render_metrics(report());
  EXPECT_NE(all.find("pelton_binding_done_events_total{binding=\"b\\\"quoted\\n\"} 7"),
            std::string::npos)
      << all;
}

TEST(Metrics, BucketsAreCumulative) {
  const std::string text = render_metrics(report());
  for (const char* line : {"_bucket{function=\"f\",outcome=\"done\",le=\"0.0025\"} 0\n",
                           "_bucket{function=\"f\",outcome=\"done\",le=\"0.005\"} 4\n",
                           "_bucket{function=\"f\",outcome=\"done\",le=\"3600\"} 4\n",
                           "_bucket{function=\"f\",outcome=\"done\",le=\"+Inf\"} 5\n",
                           "_count{function=\"f\",outcome=\"done\"} 5\n",
                           "_count{function=\"f\",outcome=\"timeout\"} 0\n"})
    EXPECT_NE(text.find("pelton_function_duration_seconds" + std::string(line)), std::string::npos)
        << line << text;
}

TEST(Metrics, ABindingSaysWhenItLastSucceededAndHowOldEventsWere) {
  const std::string text = render_metrics(report());
  const std::string label = "{binding=\"b\\\"quoted\\n\"";
  for (const char* line : {"last_success_timestamp_seconds", "completion_age_seconds_bucket"})
    EXPECT_NE(text.find("\npelton_binding_" + std::string(line) + label), std::string::npos);
  EXPECT_NE(text.find("last_success_timestamp_seconds" + label + "} 5.5\n"), std::string::npos);
  EXPECT_NE(text.find("completion_age_seconds_count" + label + "} 5\n"), std::string::npos);
  EXPECT_NE(text.find("held_bytes" + label + ",partition=\"0\"} 4096\n"), std::string::npos);
  StatusReport idle = report();
  idle.bindings[0].last_done.reset();
  EXPECT_EQ(render_metrics(idle).find("pelton_binding_last_success"), std::string::npos)
      << "a time that is not known is not 1970";
}

TEST(Metrics, OutputsThatGoNowhereAreNotOutputs) {
  const std::string text = render_metrics(report());
  const std::string label = "{binding=\"b\\\"quoted\\n\"} ";
  EXPECT_NE(text.find("pelton_binding_output_events_total" + label + "4\n"), std::string::npos);
  EXPECT_NE(text.find("pelton_binding_discarded_output_events_total" + label + "3\n"),
            std::string::npos);
}

TEST(Metrics, DeadLettersSayWhy) {
  const std::string text = render_metrics(report());
  EXPECT_NE(text.find("reason=\"attempts\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("reason=\"failed\"} 0\n"), std::string::npos) << "there from the start";
}

// docs/metrics.md and the page name the same metrics.
TEST(Metrics, ThePageOfTheDocsHasEveryOne) {
  std::ifstream file(PELTON_DOCS "/metrics.md");
  std::set<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find(" |", 2));
    for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at)) {
      const std::size_t end = cell.find('`', at + 1);
      documented.insert(cell.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  std::set<std::string> exposed;
  std::istringstream text(render_metrics(report()));
  for (std::string line; std::getline(text, line);)
    if (line.starts_with("# TYPE ")) exposed.insert(line.substr(7, line.rfind(' ') - 7));
  EXPECT_EQ(documented, exposed);
}

TEST(ProcessStatus, IsThatOfThisProcess) {
  const ProcessStatus before = read_process_status();
  EXPECT_GT(before.resident_bytes, 1U << 20);
  EXPECT_GE(before.threads, 1U);
  EXPECT_GT(before.most_descriptors, before.open_descriptors);
  std::ifstream another("/proc/self/stat");
  EXPECT_EQ(read_process_status().open_descriptors, before.open_descriptors + 1);
}

TEST(StatusJson, HasTheFieldsOfTheReport) {
  const std::string json = to_json(report());
  for (const char* part :
       {"\"lag_events\":7", "\"state\":\"running\"", "\"appended_per_second\":1.5E0",
        "\"dead_letters\":0", "\"discarded_outputs\":3",
        "\"last_done\":\"1970-01-01T00:00:05.500Z\"", "\"held_bytes\":4096"})
    EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
}

TEST(Metrics, TheLastReloadIsSeen) {
  StatusReport fine = report();
  fine.started = from_us(1'000'000);
  std::string all = render_metrics(fine);
  EXPECT_NE(all.find("pelton_config_last_reload_successful 1"), std::string::npos);
  EXPECT_NE(all.find("pelton_config_last_success_timestamp_seconds 1\n"), std::string::npos);
  fine.config_status.reloads_ok = 2;
  fine.config_status.reloads_failed = 3;
  fine.config_status.last_success = from_us(5'500'000);
  fine.config_status.last_error = "E1005";
  all = render_metrics(fine);
  for (const char* line : {"pelton_config_reloads_total{result=\"ok\"} 2",
                           "pelton_config_reloads_total{result=\"failed\"} 3",
                           "pelton_config_last_reload_successful 0",
                           "pelton_config_last_success_timestamp_seconds 5.5"})
    EXPECT_NE(all.find(line), std::string::npos) << line;
  EXPECT_NE(to_json(fine).find("\"last_error\":\"E1005\""), std::string::npos);
}

TEST(Log, OneLineAndNoEscapes) {
  const std::string hostile = "a\nb\x1b[31m";
  EXPECT_EQ(log::render(log::Format::pretty, false, "T", log::Level::warn, hostile,
                        {{"n", 5}, {"empty", ""}}),
            "T warn  a\\nb\\x1b[31m  n=5");
  EXPECT_EQ(log::render(log::Format::json, false, "T", log::Level::info, hostile,
                        {{"n", 5}, {"s", "\xff"}}),
            "{\"ts\":\"T\",\"level\":\"info\",\"msg\":\"a\\nb\\u001b[31m\",\"n\":5,\"s\":"
            "\"\xef\xbf\xbd\"}");
}

TEST(Metrics, ManyPartitionsAreOneSeries) {
  StatusReport report;
  StreamStatus wide;
  wide.name = "wide";
  for (std::uint32_t p = 0; p < 1024; ++p) wide.partitions.push_back({p, 1, 3, 10});
  StreamStatus narrow;
  narrow.name = "narrow";
  narrow.partitions.push_back({0, 1, 3, 10});
  report.streams = {wide, narrow};
  BindingStatus binding;
  binding.name = "b";
  for (std::uint32_t p = 0; p < 1024; ++p)
    binding.partitions.push_back({p, 1, 3, 2, p * 0.5, 1, 0, 0, 5});
  report.bindings = {binding};
  const std::string text = render_metrics(report);
  EXPECT_LT(text.size(), 16U << 10);
  EXPECT_NE(text.find("pelton_stream_bytes{stream=\"wide\",partition=\"all\"} 10240"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("pelton_stream_bytes{stream=\"narrow\",partition=\"0\"} 10"),
            std::string::npos);
  EXPECT_NE(text.find("pelton_binding_lag_events{binding=\"b\",partition=\"all\"} 2048"),
            std::string::npos);
  EXPECT_NE(text.find("pelton_binding_lag_seconds{binding=\"b\",partition=\"all\"} 511.5"),
            std::string::npos);
  EXPECT_NE(text.find("pelton_binding_held_bytes{binding=\"b\",partition=\"all\"} 5120"),
            std::string::npos);
  narrow.partitions.resize(60);
  report.streams.assign(10, narrow);
  EXPECT_EQ(render_metrics(report).find("partition=\"0\""), std::string::npos) << "bounded in all";
}

TEST(StatusJson, PathsThatAreNotUtf8AreStillJson) {
  StatusReport report;
  report.data = "/data/\xff";
  report.config = "/etc/\xfe.yaml";
  EXPECT_NE(to_json(report).find("\"data\":\"/data/\xef\xbf\xbd\""), std::string::npos);
}

}  // namespace
}  // namespace pelton::observe
