// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/postgres_fixture.h"

#include "connectors/postgres/postgres_source.h"
#include "engine/base/ensure.h"
#include "tests/contract/memory_ledger.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

namespace pelton::test {
namespace {

constexpr int kNotInstalled = 3;  // exit code of tools/postgres

// One table; an event's data is the text of its row.
class PostgresSourceFixture final : public SourceFixture {
 public:
  PostgresSourceFixture() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    EXPECT_EQ(chmod(folder_.c_str(), 0755), 0);  // the server's user enters it
    options_.url = tool("up", "--set fsync=off");
    if (!missing_.empty()) return;
    options_.connector = options_.slot = "under_test";
    options_.publications = {"under_test"};
    options_.tables = {*database::TablePattern::parse("public.events", "public")};
    sql("CREATE TABLE events (id serial PRIMARY KEY, data text)");
  }
  ~PostgresSourceFixture() override {
    tool("down", "");
    std::filesystem::remove_all(folder_);
  }

  std::string missing() const override { return missing_; }
  std::unique_ptr<connector::Source> make() override { return std::make_unique<Texts>(*this); }
  void produce(const std::string& data) override {
    sql("INSERT INTO events (data) VALUES ('" + data + "')");
  }
  void go_away() override { tool("kill", ""); }
  void come_back() override { tool("up", ""); }
  void keep(std::span<const connector::LedgerEntry> position) override {
    EXPECT_TRUE(ledger_.put(position));
  }

 private:
  class Texts final : public connector::Source {
   public:
    explicit Texts(PostgresSourceFixture& world)
        : source_(world.options_, world.ledger_, world.clock_) {}
    Status connect() override { return source_.connect(); }
    Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                                 std::size_t max_bytes,
                                 std::chrono::steady_clock::time_point deadline) override {
      model::BatchBuilder rows;
      auto read = source_.read(rows, max_events, max_bytes, deadline);
      if (!read || rows.empty()) return read;
      const auto batch = rows.finish();
      for (std::size_t i = 0; i < batch->size(); ++i) {
        std::string_view row = batch->data(i);  // {"id":1,"data":"..."}
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
    postgres::PostgresSource source_;
  };

  // What tools/postgres prints.
  std::string tool(const std::string& command, const std::string& arguments) {
    const std::string line =
        PELTON_TOOLS "/postgres " + command + " --dir " + folder_ + "/server " + arguments;
    FILE* out = popen(line.c_str(), "r");
    std::string text;
    for (int c = 0; (c = std::fgetc(out)) != EOF;) text += static_cast<char>(c);
    const int status = WEXITSTATUS(pclose(out));
    if (status == kNotInstalled && std::getenv("CI") == nullptr)
      missing_ = "no PostgreSQL server can be had here: tools/setup --broker";
    else
      EXPECT_EQ(status, 0) << line;
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  void sql(const std::string& statement) { tool("psql", "-qc \"" + statement + "\""); }

  std::string folder_ = testing::TempDir() + "pelton-postgres-XXXXXX";
  std::string missing_;
  postgres::SourceOptions options_;
  SystemClock clock_;
  MemoryLedger ledger_;
};

}  // namespace

std::unique_ptr<SourceFixture> postgres_source_fixture() {
  return std::make_unique<PostgresSourceFixture>();
}

}  // namespace pelton::test
