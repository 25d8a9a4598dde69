// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/database_fixtures.h"

#include "connectors/database/table_sink.h"
#include "connectors/mysql/mysql_source.h"
#include "connectors/mysql/mysql_target.h"
#include "connectors/postgres/postgres_source.h"
#include "connectors/postgres/postgres_target.h"
#include "engine/base/ensure.h"
#include "engine/config/parts/filter.h"
#include "tests/contract/memory_ledger.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

namespace pelton::test {
namespace {

constexpr int kNotInstalled = 3;  // exit code of tools/postgres and tools/mariadb

// A server in a folder of its own, by one of the tools.
class ServerTool {
 public:
  explicit ServerTool(std::string name)
      : name_(std::move(name)), folder_(testing::TempDir() + "pelton-" + name_ + "-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    EXPECT_EQ(chmod(folder_.c_str(), 0755), 0);  // the server's user enters it
  }
  ~ServerTool() {
    run("down", "");
    std::filesystem::remove_all(folder_);
  }
  ServerTool(const ServerTool&) = delete;
  ServerTool& operator=(const ServerTool&) = delete;

  // What it prints.
  std::string run(const std::string& command, const std::string& arguments) {
    const std::string line =
        PELTON_TOOLS "/" + name_ + " " + command + " --dir " + folder_ + "/server " + arguments;
    FILE* out = popen(line.c_str(), "r");
    std::string text;
    for (int c = 0; (c = std::fgetc(out)) != EOF;) text += static_cast<char>(c);
    const int status = WEXITSTATUS(pclose(out));
    if (status == kNotInstalled && std::getenv("CI") == nullptr)
      missing_ = "no server can be had here: tools/setup --broker";
    else
      EXPECT_EQ(status, 0) << line;
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  const std::string& missing() const { return missing_; }

 private:
  const std::string name_;
  std::string folder_;
  std::string missing_;
};

// Gives the member `data` of each row, {"id":1,"data":"..."}, as an event's data.
template <typename Changes>
class Texts final : public connector::Source {
 public:
  template <typename... Arguments>
  explicit Texts(Arguments&&... arguments) : source_(std::forward<Arguments>(arguments)...) {}
  Status connect() override { return source_.connect(); }
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override {
    model::BatchBuilder rows;
    auto read = source_.read(rows, max_events, max_bytes, deadline);
    if (!read || rows.empty()) return read;
    const auto batch = rows.finish();
    for (std::size_t i = 0; i < batch->size(); ++i) {
      std::string_view row = batch->data(i);
      row.remove_prefix(row.find(R"("data":")") + 8);
      row.remove_suffix(2);
      model::EventView event;
      event.data = row;
      into.add(event);
    }
    return read;
  }
  Status settle(connector::AckToken token, connector::Settlement how) override {
    return source_.settle(token, how);
  }
  void close() override { source_.close(); }

 private:
  Changes source_;
};

// One table.
template <typename Changes, typename Options>
class DatabaseFixture : public SourceFixture {
 public:
  std::string missing() const override { return tool_.missing(); }
  std::unique_ptr<connector::Source> make() override {
    return std::make_unique<Texts<Changes>>(options_, ledger_, clock_);
  }
  void produce(const std::string& data) override {
    sql("INSERT INTO events (data) VALUES ('" + data + "')");
  }
  void go_away() override { tool_.run("kill", ""); }
  void come_back() override { tool_.run("up", ""); }
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

 protected:
  DatabaseFixture(std::shared_ptr<ServerTool> tool, const std::string& setting, std::string client)
      : server_(std::move(tool)), tool_(*server_), client_(std::move(client)) {
    options_.url = tool_.run("up", "--set " + setting);
    options_.connector = "under_test";
  }
  // The client, and how it takes a statement.
  void sql(const std::string& statement) {
    const std::size_t space = client_.find(' ');
    tool_.run(client_.substr(0, space), client_.substr(space + 1) + " \"" + statement + "\"");
  }

  const std::shared_ptr<ServerTool> server_;  // shared with later fixtures, if they use it again
  ServerTool& tool_;
  const std::string client_;
  Options options_;
  SystemClock clock_;
  MemoryLedger ledger_;
};

class PostgresFixture final
    : public DatabaseFixture<postgres::PostgresSource, postgres::SourceOptions> {
 public:
  PostgresFixture()
      : DatabaseFixture(std::make_shared<ServerTool>("postgres"), "fsync=off", "psql -qc") {
    if (!missing().empty()) return;
    options_.slot = "under_test";
    options_.publications = {"under_test"};
    options_.tables = {*database::TablePattern::parse("public.events", "")};
    sql("CREATE TABLE events (id serial PRIMARY KEY, data text)");
  }
};

// It takes long to create: one is enough.
std::shared_ptr<ServerTool> mariadb_server() {
  static const auto server = std::make_shared<ServerTool>("mariadb");
  return server;
}

class MysqlFixture final : public DatabaseFixture<mysql::MysqlSource, mysql::SourceOptions> {
 public:
  MysqlFixture() : DatabaseFixture(mariadb_server(), "sync-binlog=0", "sql -D pelton -e") {
    if (!missing().empty()) return;
    sql("DROP TABLE IF EXISTS events");
    options_.tables = {*database::TablePattern::parse("pelton.events", "")};
    sql("CREATE TABLE events (id serial, data text, PRIMARY KEY (id))");
  }
};

// One table, whose rows have an event's subject and data.
template <typename Target, typename Options>
class DatabaseSinkFixture : public SinkFixture {
 public:
  std::string missing() const override { return tool_.missing(); }
  std::unique_ptr<connector::Sink> make() override {
    return std::make_unique<database::TableSink>(
        options_, "pelton.under_test", std::make_unique<Target>(Options{options_}), ledger_);
  }
  std::string invalid_subject() override { return "never"; }
  void go_away() override { tool_.run("kill", ""); }
  void come_back() override { tool_.run("up", ""); }

 protected:
  DatabaseSinkFixture(const std::shared_ptr<ServerTool>& tool, const std::string& setting,
                      const std::string& table)
      : tool_(*tool) {
    options_.url = tool_.run("up", "--set " + setting);
    config::Diagnostics problems;
    for (const char* name : {"subject", "data"})
      options_.columns.push_back({name, *config::read_field(name, {}, problems)});
    options_.name = *database::parse_table_name(table, "");
    options_.progress_name = {options_.name.schema, "pelton_progress"};
    options_.mode = database::WriteMode::upsert;
  }

  ServerTool& tool_;
  database::SinkOptions options_;
  MemoryLedger ledger_;
};

class PostgresSinkFixture final
    : public DatabaseSinkFixture<postgres::PostgresTarget, postgres::SinkOptions> {
 public:
  PostgresSinkFixture() : DatabaseSinkFixture(one_server(), "fsync=off", "public.written") {
    if (!missing().empty()) return;
    tool_.run("psql",
              "-qc \"DROP TABLE IF EXISTS written, pelton_progress; CREATE TABLE written (subject "
              "text PRIMARY KEY CHECK (subject <> 'never'), data text)\"");
  }
  std::string written(const std::string& subject) override {
    return tool_.run("psql",
                     "-qAtc \"SELECT data FROM written WHERE subject = '" + subject + "'\"");
  }

 private:
  static std::shared_ptr<ServerTool> one_server() {
    static const auto server = std::make_shared<ServerTool>("postgres");
    return server;
  }
};

class MysqlSinkFixture final : public DatabaseSinkFixture<mysql::MysqlTarget, mysql::SinkOptions> {
 public:
  MysqlSinkFixture() : DatabaseSinkFixture(mariadb_server(), "sync-binlog=0", "pelton.written") {
    if (!missing().empty()) return;
    tool_.run("sql",
              "-D pelton -e \"DROP TABLE IF EXISTS written, pelton_progress; CREATE TABLE written "
              "(subject varchar(100) PRIMARY KEY CHECK (subject <> 'never'), data text)\"");
  }
  std::string written(const std::string& subject) override {
    return tool_.run(
        "sql", "-D pelton -Ne \"SELECT data FROM written WHERE subject = '" + subject + "'\"");
  }
};

}  // namespace

std::unique_ptr<SinkFixture> mysql_sink_fixture() {
  return std::make_unique<MysqlSinkFixture>();
}

std::unique_ptr<SinkFixture> postgres_sink_fixture() {
  return std::make_unique<PostgresSinkFixture>();
}

std::unique_ptr<SourceFixture> postgres_source_fixture() {
  return std::make_unique<PostgresFixture>();
}

std::unique_ptr<SourceFixture> mysql_source_fixture() {
  return std::make_unique<MysqlFixture>();
}

}  // namespace pelton::test
