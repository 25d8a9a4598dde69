// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include <sys/stat.h>

namespace pelton::config {
namespace {

class Load : public ConfigTest {
 protected:
  Load() { variables_["OF_A"] = "a"; }
};

TEST_F(Load, EnginesStreamsAndConnectorsAreTyped) {
  const Config c = good(whole_config());
  EXPECT_EQ(c.files, std::vector{folder_ / "pelton.yaml"});
  EXPECT_EQ(c.engine.data, folder_ / "state");
  EXPECT_EQ(c.engine.http->host, "127.0.0.1");
  EXPECT_EQ(c.engine.log_level, LogLevel::warn);
  EXPECT_EQ(c.find_stream("in")->partitions, 4U);
  EXPECT_EQ(c.find_stream("in")->retention.time, std::chrono::days(7));
  EXPECT_EQ(c.find_stream("in")->retention.size_bytes, 10ULL << 30);
  ASSERT_EQ(c.connectors.size(), 2U);
  EXPECT_EQ(c.connectors[0].direction, Direction::source);
  const auto files = std::any_cast<SampleFiles>(c.connectors[0].settings);
  EXPECT_EQ(files.path, folder_ / "inbox");
  EXPECT_EQ(files.limit, 1ULL << 20);
  EXPECT_EQ(c.connectors[1].stream, "out");
  EXPECT_EQ(c.connectors[1].delivery.order, model::Order::none);
  EXPECT_EQ(c.connectors[1].delivery.retry.attempts, 9U);
}

TEST_F(Load, FunctionsAreTyped) {
  const Config c = good(whole_config());
  const Function& f = *c.find_function("f");
  EXPECT_EQ(f.runtime, "cpp");
  EXPECT_EQ(f.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(f.memory_bytes, 64ULL << 20);
  EXPECT_EQ(f.environment.at("A"), "a");
  EXPECT_EQ(f.environment.at("B"), "${plain}");
  EXPECT_EQ(f.scale.min, 1U);
  EXPECT_EQ(f.scale.max, 3U);
  EXPECT_EQ(f.recycle_events, 10U);
  EXPECT_EQ(f.recycle_bytes, std::nullopt);
}

TEST_F(Load, BindingsAreTyped) {
  const Config c = good(whole_config());
  const Binding& b = c.bindings.front();
  EXPECT_EQ(b.to, std::vector<std::string>{"out"});
  EXPECT_EQ(b.delivery.order, model::Order::partition);
  EXPECT_EQ(b.start.kind, Start::Kind::time);
  EXPECT_EQ(b.delivery.max_unsettled, 500U);
  EXPECT_EQ(b.delivery.max_unsettled_bytes, 8ULL << 20);
  EXPECT_EQ(b.delivery.batch.events, 64U);
  EXPECT_EQ(b.delivery.batch.bytes, 2ULL << 20);
  EXPECT_EQ(b.delivery.batch.wait, std::chrono::milliseconds(10));
  EXPECT_EQ(b.delivery.retry.factor, 3.0);
  EXPECT_EQ(b.delivery.retry.jitter, 0.0);
  EXPECT_EQ(b.delivery.retry.max_age, std::chrono::hours(6));
  ASSERT_EQ(b.filter.size(), 3U);
  EXPECT_EQ(b.idempotency->key[1].header, "tenant");
  EXPECT_EQ(b.idempotency->ttl, std::chrono::hours(24));
}

TEST_F(Load, DefaultsAreThoseOfTheContract) {
  const Config c = good(R"(version: 1
streams: { a: }
functions: { f: { runtime: cpp, code: /bin/true } }
bindings: { b: { from: a, function: f } }
)");
  EXPECT_EQ(c.engine.data, folder_ / "data");
  EXPECT_FALSE(c.engine.http);
  EXPECT_EQ(c.engine.free_space_bytes, 1ULL << 30);
  EXPECT_EQ(c.engine.shutdown_timeout, std::chrono::seconds(30));
  EXPECT_FALSE(c.engine.memory);
  EXPECT_EQ(c.streams[0].partitions, 1U);
  EXPECT_FALSE(c.streams[0].retention.time);
  const Function& f = c.functions[0];
  EXPECT_EQ(f.timeout, std::chrono::seconds(30));
  EXPECT_EQ(f.scale.min, 0U);
  EXPECT_EQ(f.scale.max, 1U);
  EXPECT_EQ(f.scale.idle, std::chrono::seconds(60));
  EXPECT_FALSE(f.memory_bytes);
  const Binding& b = c.bindings[0];
  EXPECT_EQ(b.delivery.order, model::Order::key);
  EXPECT_EQ(b.start.kind, Start::Kind::earliest);
  EXPECT_EQ(b.delivery.max_unsettled, 10'000U);
  EXPECT_EQ(b.delivery.max_unsettled_bytes, 64ULL << 20);
  EXPECT_EQ(b.delivery.batch.events, 1024U);
  EXPECT_EQ(b.delivery.batch.bytes, 1ULL << 20);
  EXPECT_EQ(b.delivery.batch.wait, Duration{});
  EXPECT_EQ(b.delivery.retry.attempts, 5U);
  EXPECT_EQ(b.delivery.retry.first, std::chrono::milliseconds(200));
  EXPECT_EQ(b.delivery.retry.factor, 2.0);
  EXPECT_EQ(b.delivery.retry.max, std::chrono::minutes(5));
  EXPECT_EQ(b.delivery.retry.jitter, 0.2);
  EXPECT_FALSE(b.idempotency);
}

TEST_F(Load, AnAddressMayBeOfIpv6) {
  const Config c = good("version: 1\nengine: { http: { listen: \"[::1]:8080\" } }\n");
  EXPECT_EQ(c.engine.http->host, "::1");
  EXPECT_EQ(c.engine.http->port, 8080);
  for (const char* text : {"::1:80", "localhost", ":80", "[::1]", "h:", "h:+80", "h:-1", "h: 80",
                           "h:65536", "[]:80", "a b:80"})
    EXPECT_EQ(codes("version: 1\nengine: { http: { listen: \"" + std::string(text) + "\" } }\n"),
              std::vector<std::string>{"E1008"})
        << text;
}

TEST_F(Load, AllProblemsComeAtOnceInOrder) {
  const auto found =
      loaded("version: 1\nx: 1\nstreams: { a: { y: 1, partitions: 0 } }\nbindings: { b: {} }\n");
  EXPECT_FALSE(found.config);
  ASSERT_GE(found.problems.size(), 5U);
  for (std::size_t i = 1; i < found.problems.size(); ++i)
    EXPECT_LE(found.problems[i - 1].place.line, found.problems[i].place.line);
}

TEST_F(Load, WarningsLeaveAConfig) {
  const auto found = loaded("version: 1\nstreams: { unused: {} }\n");
  EXPECT_TRUE(found.config);
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_EQ(found.problems[0].severity, Severity::warning);
}

TEST_F(Load, APartWithProblemsIsStillThereForOthers) {
  EXPECT_EQ(codes(R"(version: 1
streams: { a: { kafka: {} }, b: { partitions: 0 } }
functions: { f: { runtime: http, code: x } }
bindings: { x: { from: a, function: f, to: b } }
)"),
            (std::vector<std::string>{"E1006", "E1006", "E1009", "E1010"}));
}

TEST_F(Load, AFileThatCannotBeReadSaysWhy) {
  const auto nothing = load({folder_ / "none.yaml"}, kinds_, process_environment);
  ASSERT_EQ(nothing.problems.size(), 1U);
  EXPECT_EQ(nothing.problems[0].code, "E1001");
  EXPECT_NE(nothing.problems[0].message.find("No such file"), std::string::npos);
  const auto folder = load({folder_}, kinds_, process_environment);
  EXPECT_NE(folder.problems.at(0).message.find("it is a folder"), std::string::npos);
}

// Opening it would wait for a writer.
TEST_F(Load, ARunningEngineReadsRegularFilesOnly) {
  const auto fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const auto& file : {fifo, std::filesystem::path("/dev/zero")}) {
    const auto found = load({file}, kinds_, process_environment, Readable::regular_files);
    ASSERT_EQ(found.problems.size(), 1U) << file;
    EXPECT_EQ(found.problems[0].code, "E1001");
    EXPECT_NE(found.problems[0].message.find("it is not a regular file"), std::string::npos);
  }
  const auto folder = load({folder_}, kinds_, process_environment, Readable::regular_files);
  EXPECT_NE(folder.problems.at(0).message.find("it is a folder"), std::string::npos);
  const auto file = write("p.yaml", "version: 1\n");
  EXPECT_TRUE(load({file}, kinds_, process_environment, Readable::regular_files).config);
}

TEST_F(Load, AFileIsReadFromItsFolder) {
  const auto file = write("sub/p.yaml", "version: 1\nengine: { data: ../state }\n");
  const auto found = load({file}, {}, process_environment);
  ASSERT_TRUE(found.config);
  EXPECT_EQ(found.config->engine.data, folder_ / "state");
}

TEST_F(Load, ALargeFileIsRefusedWithoutReadingItAll) {
  const auto file = write("large.yaml", std::string((2U << 20), '#'));
  const auto found = load({file}, {}, process_environment);
  EXPECT_EQ(found.problems.at(0).code, "E1003");
}

TEST_F(Load, NamesHaveTheirRules) {
  const auto one = [](const std::string& name) {
    return "version: 1\nstreams: { " + name + ": {} }\n";
  };
  for (const std::string& name :
       {std::string("a"), std::string("0"), std::string("a.b-c_d"), std::string(63, 'x')})
    EXPECT_EQ(codes(one(name)), std::vector<std::string>{"E1101"}) << name;
  for (const std::string& name : {std::string("A"), std::string("\"\""), std::string("-a"),
                                  std::string("_a"), std::string(".a"), std::string("a/b"),
                                  std::string("a b"), std::string("ä"), std::string(64, 'x')})
    EXPECT_EQ(codes(one(name)).front(), "E1011") << name;
}

// A part of each kind that names what is not there, thousands of times.
TEST_F(Load, ManyProblemsAreBoundedAndInTime) {
  std::string text = "version: 1\nstreams:\n";
  for (int i = 0; i < 8'000; ++i) text += " stream-number-" + std::to_string(i) + ":\n";
  text += "bindings:\n";
  for (int i = 0; i < 8'000; ++i)
    text += " b" + std::to_string(i) + ": {from: stream-nunber-" + std::to_string(i) +
            ", function: x}\n";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(loaded(text).problems.size(), Diagnostics::kMost + 1);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

class DataFolder : public ConfigTest {
 protected:
  std::string of(std::string_view text) {
    const auto found = data_folder(write("p.yaml", text), [this](const std::string& name) {
      const auto at = variables_.find(name);
      return at == variables_.end() ? std::nullopt : std::optional(at->second);
    });
    if (found) return found->string();
    EXPECT_EQ(found.error().file, (folder_ / "p.yaml").string());
    return found.error().text().substr(folder_.string().size() + 1);
  }
};

TEST_F(DataFolder, NeedsNothingElseOfTheFile) {
  variables_["HERE"] = "place";
  EXPECT_EQ(of("engine: { data: \"${env:HERE}\", http: { listen: nowhere } }\n"
               "functions: { f: { environment: { A: \"${env:NOT_SET}\" } } }\n"),
            folder_ / "place");
  EXPECT_EQ(of("streams: {}\n"), folder_ / "data");
  EXPECT_EQ(of("engine:\n"), folder_ / "data");
  EXPECT_EQ(of("engine: { data: a }\nengine: { data: b }\n"), folder_ / "a")
      << "as load() reads it";
}

TEST_F(DataFolder, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(of("engine: { data: {} }\n").substr(0, 18), "p.yaml:1:17: E1007");
  EXPECT_EQ(of("engine: [\n").substr(0, 7), "p.yaml:");
  EXPECT_NE(of("engine: 5\n").find("E1007"), std::string::npos);
}

}  // namespace
}  // namespace pelton::config
