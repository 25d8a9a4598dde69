// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/connector_fixtures.h"

#include "connectors/builtin.h"
#include "connectors/directory/options.h"
#include "connectors/kafka/options.h"
#include "connectors/s3/options.h"
#include "connectors/schedule/schedule_source.h"
#include "engine/base/ensure.h"
#include "tests/contract/database_fixtures.h"
#include "tests/contract/fake_clock.h"
#include "tests/contract/fake_consumption.h"
#include "tests/contract/memory_ledger.h"
#include "tests/contract/temporary_folder.h"
#include "tests/kafka/mock_cluster.h"
#include "tests/s3/fake_s3.h"

#include <gtest/gtest.h>

#include <map>

namespace pelton::test {
namespace {

namespace fs = std::filesystem;

connector::ConnectorSpec spec_of(const std::string& type) {
  for (connector::ConnectorSpec& spec : builtin_connectors())
    if (spec.options.type == type) return std::move(spec);
  ENSURE(false, "no connector {}", type);
}

config::Connector config_of(const std::string& type, std::any settings) {
  config::Connector config;
  config.name = "under_test";
  config.type = type;
  config.settings = std::move(settings);
  return config;
}

class DirectorySourceFixture final : public SourceFixture {
 public:
  std::unique_ptr<connector::Source> make() override {
    directory::SourceOptions options;
    options.connector = "under_test";
    options.path = inbox_;
    options.create = directory::CreateFolder::no;
    options.settle = std::chrono::milliseconds(20);
    const auto config = config_of("directory", options);
    return std::move(*spec_of("directory").make_source({config, ledger_, &consumption_}));
  }
  void produce(const std::string& data) override {
    write_file(inbox_ / ("file" + std::to_string(++files_)), data);
  }
  void go_away() override { fs::rename(inbox_, away_); }
  void come_back() override { fs::rename(away_, inbox_); }
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

  DirectorySourceFixture() { fs::create_directory(inbox_); }

 private:
  TemporaryFolder folder_;
  const fs::path inbox_ = folder_.path() / "inbox";
  const fs::path away_ = folder_.path() / "away";
  MemoryLedger ledger_;
  FakeConsumption consumption_;
  int files_ = 0;
};

// A slot a second; an event's data is that of the call that let its second pass.
class ScheduleSourceFixture final : public SourceFixture {
 public:
  ScheduleSourceFixture() {
    options_.connector = "under_test";
    options_.every = std::chrono::seconds(1);
    clock_.set(from_us(1'800'000'000'000'000));
    // The first start, before which nothing happens.
    EXPECT_TRUE(make()->connect());
  }
  std::unique_ptr<connector::Source> make() override { return std::make_unique<Named>(*this); }
  void produce(const std::string& data) override {
    clock_.advance(std::chrono::seconds(1));
    data_[to_us(clock_.now())] = data;
  }
  bool can_go_away() const override { return false; }
  void go_away() override {}
  void come_back() override {}
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

 private:
  // The schedule's source, with the data in place of its own.
  class Named final : public connector::Source {
   public:
    explicit Named(ScheduleSourceFixture& world)
        : world_(world), source_(world.options_, world.ledger_, world.consumption_, world.clock_) {}
    Status connect() override { return source_.connect(); }
    Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                                 std::size_t max_bytes,
                                 std::chrono::steady_clock::time_point deadline) override {
      model::BatchBuilder slots;
      auto read = source_.read(slots, max_events, max_bytes, deadline);
      if (!read || slots.empty()) return read;
      const auto batch = slots.finish();
      for (std::size_t i = 0; i < batch->size(); ++i) {
        model::EventView event;
        event.data = world_.data_.at(batch->time_us(i));
        into.add(event);
      }
      return read;
    }
    Status settle(connector::AckToken token, connector::Settlement how) override {
      return source_.settle(token, how);
    }
    void close() override { source_.close(); }

   private:
    ScheduleSourceFixture& world_;
    schedule::ScheduleSource source_;
  };

  schedule::SourceOptions options_;
  FakeClock clock_;
  MemoryLedger ledger_;
  FakeConsumption consumption_;
  std::map<std::int64_t, std::string> data_;
};

class DirectorySinkFixture final : public SinkFixture {
 public:
  std::unique_ptr<connector::Sink> make() override {
    directory::SinkOptions options;
    options.connector = "under_test";
    options.path = outbox_;
    options.create = directory::CreateFolder::no;
    const auto config = config_of("directory", options);
    return std::move(*spec_of("directory").make_sink({config, ledger_}));
  }
  std::string written(const std::string& subject) override { return read_file(outbox_ / subject); }
  std::string invalid_subject() override { return "../outside"; }
  void go_away() override { fs::rename(outbox_, away_); }
  void come_back() override { fs::rename(away_, outbox_); }

  DirectorySinkFixture() { fs::create_directory(outbox_); }

 private:
  TemporaryFolder folder_;
  const fs::path outbox_ = folder_.path() / "outbox";
  const fs::path away_ = folder_.path() / "away";
  MemoryLedger ledger_;
};

class KafkaSourceFixture final : public SourceFixture {
 public:
  std::unique_ptr<connector::Source> make() override {
    kafka_connector::SourceOptions options{topic_, {}, {}};
    options.group.group = "contract";
    options.group.session_timeout = std::chrono::seconds(6);
    options.group.commit_interval = std::chrono::milliseconds(20);
    const auto config = config_of("kafka", options);
    return std::move(*spec_of("kafka").make_source({config, ledger_, &consumption_}));
  }
  void produce(const std::string& data) override {
    cluster_.produce("records", 0, {std::nullopt, data});
  }
  void go_away() override { cluster_.set_down(true); }
  void come_back() override { cluster_.set_down(false); }
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

 private:
  MockCluster cluster_;
  const kafka::TopicOptions topic_ = cluster_.topic("records");
  MemoryLedger ledger_;
  FakeConsumption consumption_;
};

class KafkaSinkFixture final : public SinkFixture {
 public:
  std::unique_ptr<connector::Sink> make() override {
    const auto config = config_of("kafka", kafka_connector::SinkOptions{topic_});
    return std::move(*spec_of("kafka").make_sink({config, ledger_}));
  }
  std::string written(const std::string& subject) override {
    std::string found;
    for (const MockCluster::Record& record : cluster_.read("records"))
      for (const auto& [name, value] : record.headers)
        if (name == "ce_subject" && value == subject) found = record.value.value_or("");
    return found;
  }
  // With it the record is larger than the client lets pass.
  std::string invalid_subject() override { return std::string(5'000, 's'); }
  void go_away() override { cluster_.set_down(true); }
  void come_back() override { cluster_.set_down(false); }

  KafkaSinkFixture() { topic_.client.properties = {{"message.max.bytes", "4000", {}}}; }

 private:
  MockCluster cluster_;
  kafka::TopicOptions topic_ = cluster_.topic("records");
  MemoryLedger ledger_;
};

s3::BucketOptions bucket_of(const FakeS3& server) {
  s3::BucketOptions at;
  at.connector = "under_test";
  at.bucket = "bucket";
  at.endpoint = server.url();
  at.access_key = "key";
  at.secret_key = "secret";
  at.retries = {1, {}};
  return at;
}

// An event's data is that of the object which it names.
class S3SourceFixture final : public SourceFixture {
 public:
  std::unique_ptr<connector::Source> make() override {
    s3::SourceOptions options;
    options.at = bucket_of(server_);
    options.poll = std::chrono::milliseconds(5);
    const auto config = config_of("s3", options);
    return std::make_unique<Contents>(
        std::move(*spec_of("s3").make_source({config, ledger_, &consumption_})), server_);
  }
  void produce(const std::string& data) override {
    server_.put("object " + std::to_string(++objects_), data);
  }
  void go_away() override { server_.set_down(true); }
  void come_back() override { server_.set_down(false); }
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

 private:
  class Contents final : public connector::Source {
   public:
    Contents(std::unique_ptr<connector::Source> source, const FakeS3& server)
        : source_(std::move(source)), server_(server) {}
    Status connect() override { return source_->connect(); }
    Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                                 std::size_t max_bytes,
                                 std::chrono::steady_clock::time_point deadline) override {
      model::BatchBuilder notifications;
      auto read = source_->read(notifications, max_events, max_bytes, deadline);
      if (!read || notifications.empty()) return read;
      const auto batch = notifications.finish();
      for (std::size_t i = 0; i < batch->size(); ++i) {
        const std::string data = server_.get(std::string(batch->key(i))).data;
        model::EventView event;
        event.data = data;
        into.add(event);
      }
      return read;
    }
    Status settle(connector::AckToken token, connector::Settlement how) override {
      return source_->settle(token, how);
    }
    void close() override { source_->close(); }

   private:
    const std::unique_ptr<connector::Source> source_;
    const FakeS3& server_;
  };

  FakeS3 server_;
  MemoryLedger ledger_;
  FakeConsumption consumption_;
  int objects_ = 0;
};

class S3SinkFixture final : public SinkFixture {
 public:
  std::unique_ptr<connector::Sink> make() override {
    s3::SinkOptions options;
    options.at = bucket_of(server_);
    const auto config = config_of("s3", options);
    return std::move(*spec_of("s3").make_sink({config, ledger_}));
  }
  std::string written(const std::string& subject) override { return server_.get(subject).data; }
  std::string invalid_subject() override { return "a/../b"; }
  void go_away() override { server_.set_down(true); }
  void come_back() override { server_.set_down(false); }

 private:
  FakeS3 server_;
  MemoryLedger ledger_;
};

}  // namespace

std::vector<FixtureCase<SourceFixture>> source_fixtures() {
  return {
      {"directory", [] { return std::make_unique<DirectorySourceFixture>(); }},
      {"kafka", [] { return std::make_unique<KafkaSourceFixture>(); }},
      {"mysql", [] { return mysql_source_fixture(); }},
      {"postgres", [] { return postgres_source_fixture(); }},
      {"s3", [] { return std::make_unique<S3SourceFixture>(); }},
      {"schedule", [] { return std::make_unique<ScheduleSourceFixture>(); }},
  };
}

std::vector<FixtureCase<SinkFixture>> sink_fixtures() {
  return {
      {"directory", [] { return std::make_unique<DirectorySinkFixture>(); }},
      {"kafka", [] { return std::make_unique<KafkaSinkFixture>(); }},
      {"mysql", [] { return mysql_sink_fixture(); }},
      {"postgres", [] { return postgres_sink_fixture(); }},
      {"s3", [] { return std::make_unique<S3SinkFixture>(); }},
  };
}

}  // namespace pelton::test
