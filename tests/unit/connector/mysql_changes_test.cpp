// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/change_stream.h"
#include "connectors/mysql/preparation.h"
#include "tests/unit/connector/binlog_bytes.h"

#include <gmock/gmock.h>

namespace pelton::mysql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace binlog = test::binlog;

class OneOrders final : public Catalog {
 public:
  Result<std::optional<TableDefinition>> table(const TableName&) override {
    ++asked;
    return now;
  }
  Result<std::string> default_charset(const std::string&) override { return "latin1"; }
  Result<std::string> charset_of(std::uint32_t collation) override {
    return collation == 63 ? "binary" : collation == 8 ? "latin1" : "utf8mb4";
  }
  std::optional<TableDefinition> now;
  int asked = 0;
};

TableDefinition orders() {
  return {
      {{"id", "int(11)", "", false}, {"note", "varchar(20)", "latin1", false}}, {"id"}, "latin1"};
}

// int and varchar(20).
constexpr const char* kTypes = "\x03\x0F";
const std::string kMeta = binlog::number(20, 2);
constexpr std::uint64_t kOrders = 5;

std::string row(std::uint32_t id, const std::string& note) {
  return std::string(1, '\0') + binlog::number(id, 4) + static_cast<char>(note.size()) + note;
}

class MysqlChanges : public testing::Test {
 protected:
  MysqlChanges() { schema_.put({"shop", "orders"}, orders()); }

  void start(Reached reached = MariaGtidSet{}, std::string transaction = "",
             std::uint64_t events = 0) {
    stream_.emplace(setup_, catalog_);
    stream_->begin({"h", std::move(reached), std::move(transaction), events, std::nullopt},
                   schema_);
    EXPECT_THAT(take(binlog::rotate("binlog.000001", 4)), IsEmpty());
    EXPECT_THAT(take(binlog::format(0)), IsEmpty());
  }
  // Takes a message and gives its events: "type key data".
  std::vector<std::string> take(const std::string& event) {
    const Status taken = stream_->take(event);
    EXPECT_TRUE(taken) << taken.error().text();
    model::BatchBuilder into;
    while (stream_->waiting()) EXPECT_TRUE(stream_->give(into));
    if (into.empty()) return {};
    batch_ = into.finish();
    std::vector<std::string> out;
    for (std::size_t i = 0; i < batch_->size(); ++i)
      out.push_back(std::string(batch_->type(i).substr(13)) + " " + std::string(batch_->key(i)) +
                    " " + (batch_->has_data(i) ? std::string(batch_->data(i)) : "-"));
    return out;
  }
  std::string error(const std::string& event) {
    const Status taken = stream_->take(event);
    return taken ? "none" : taken.error().code;
  }
  std::string header(std::string_view name) const {
    std::string_view value;
    return batch_->find_header(0, name, value) ? std::string(value) : "-";
  }
  std::vector<std::string> insert(const std::string& images) {
    return take(binlog::rows(EventType::write_rows_v1, kOrders, 2, "\x03", images));
  }
  void describe() {
    EXPECT_THAT(take(binlog::table_map(kOrders, "shop", "orders", kTypes, kMeta)), IsEmpty());
  }
  std::string reached() const { return text_of(stream_->position().reached); }

  ChangeStream::Setup setup_{{"shop", Envelope::flat, Decimals::text},
                             {{*database::TablePattern::parse("shop.*", "")}, false, true},
                             false};
  OneOrders catalog_;
  Schema schema_;
  std::optional<ChangeStream> stream_;
  model::BatchPtr batch_;
};

TEST_F(MysqlChanges, ATransactionOfMariaDB) {
  start();
  take(binlog::maria_gtid(42));
  describe();
  EXPECT_THAT(insert(row(1, "a") + row(2, "\xE9")),
              ElementsAre(R"(insert 1 {"id":1,"note":"a"})", "insert 2 {\"id\":2,\"note\":\"é\"}"));
  EXPECT_EQ(batch_->id(1), "h/0-1-42/1");
  EXPECT_EQ(batch_->source(0), "mysql:shop");
  EXPECT_EQ(batch_->subject(0), "shop.orders");
  EXPECT_EQ(header("gtid"), "0-1-42");
  EXPECT_EQ(header("schema"), "shop");
  EXPECT_EQ(header("op"), "c");
  EXPECT_EQ(stream_->position().transaction, "0-1-42");
  EXPECT_EQ(stream_->position().events, 2U);
  EXPECT_EQ(reached(), "");
  EXPECT_THAT(take(binlog::rows(EventType::update_rows_v1, kOrders, 2, "\x03\x03",
                                row(1, "a") + row(1, "b"))),
              ElementsAre(R"(update 1 {"id":1,"note":"b"})"));
  EXPECT_THAT(take(binlog::rows(EventType::delete_rows_v1, kOrders, 2, "\x03", row(1, "b"))),
              ElementsAre(R"(delete 1 {"id":1,"note":"b"})"));
  take(binlog::xid());
  EXPECT_EQ(reached(), "0-1-42");
  EXPECT_EQ(stream_->position().events, 0U);
  EXPECT_EQ(catalog_.asked, 0);
}

TEST_F(MysqlChanges, ATransactionOfMySQLHasItsTimeAndSecondVersionRows) {
  const std::string server = binlog::from_hex("3e11fa4771ca11e19e33c80aa9429562");
  start(*MysqlGtidSet::parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-22"));
  take(binlog::mysql_gtid(server, 23, 1'700'000'000'123'456));
  take(binlog::query("BEGIN"));
  describe();
  EXPECT_THAT(take(binlog::rows(EventType::write_rows, kOrders, 2, "\x03", row(1, "a"))),
              ElementsAre(R"(insert 1 {"id":1,"note":"a"})"));
  EXPECT_EQ(batch_->id(0), "h/3e11fa47-71ca-11e1-9e33-c80aa9429562:23/0");
  EXPECT_EQ(batch_->time_us(0), 1'700'000'000'123'456);
  take(binlog::xid());
  EXPECT_EQ(reached(), "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-23");
}

TEST_F(MysqlChanges, WithoutNumbersAPlaceOfTheLogIsThePosition) {
  start(LogPlace{"binlog.000001", 4});
  take(binlog::event(EventType::anonymous_gtid, std::string(42, '\0'), {.next_position = 161}));
  take(binlog::query("BEGIN"));
  describe();
  EXPECT_THAT(insert(row(1, "a")), ElementsAre(R"(insert 1 {"id":1,"note":"a"})"));
  EXPECT_EQ(batch_->id(0), "h/binlog.000001:100/0");
  EXPECT_EQ(header("position"), "binlog.000001:100");
  EXPECT_EQ(reached(), "binlog.000001:4");
  take(binlog::event(EventType::xid, binlog::number(7, 8), {.next_position = 2000}));
  EXPECT_EQ(reached(), "binlog.000001:2000");
  take(binlog::rotate("binlog.000002", 4));
  EXPECT_EQ(reached(), "binlog.000002:4");
}

TEST_F(MysqlChanges, APlaceBeyondFourGigabytesIsFollowed) {
  start(LogPlace{"binlog.000001", 4});
  take(binlog::event(EventType::xid, binlog::number(7, 8), {.next_position = 0xFFFFFF00U}));
  take(binlog::event(EventType::xid, binlog::number(7, 8), {.next_position = 0x100}));
  EXPECT_EQ(reached(), "binlog.000001:4294967552");
}

TEST_F(MysqlChanges, WhatIsStoredOfATransactionDoesNotComeAgain) {
  start(*MariaGtidSet::parse("0-1-41"), "0-1-42", 1);
  take(binlog::maria_gtid(42));
  describe();
  EXPECT_THAT(insert(row(1, "a") + row(2, "b")), ElementsAre(R"(insert 2 {"id":2,"note":"b"})"));
  EXPECT_EQ(batch_->id(0), "h/0-1-42/1");
  take(binlog::xid());
  EXPECT_EQ(reached(), "0-1-42");
}

TEST_F(MysqlChanges, ALowerNumberOfMariaDBCanComeLater) {
  start(*MariaGtidSet::parse("0-1-41"));
  take(binlog::maria_gtid(40));
  describe();
  EXPECT_THAT(insert(row(1, "a")), ElementsAre(R"(insert 1 {"id":1,"note":"a"})"));
  take(binlog::xid());
  EXPECT_EQ(reached(), "0-1-40");
}

TEST_F(MysqlChanges, ALogThatStartsOverIsAGap) {
  start(*MariaGtidSet::parse("0-1-41"));
  const LogFile first{1, "binlog.000001", 100};
  EXPECT_EQ(stream_->position().file, first);
  const Position stored = stream_->position();
  const auto again = [&](const std::string& file, binlog::Place place) {
    stream_->begin(stored, schema_);
    take(binlog::rotate(file, 4));
    place.next_position = 0;
    return error(binlog::format(0, place));
  };
  EXPECT_EQ(again("binlog.000001", {}), "none");
  EXPECT_EQ(again("binlog.000002", {.time_s = 200}), "none");
  EXPECT_EQ(again("binlog.000001", {.time_s = 200}), "E7227");
  EXPECT_EQ(again("binlog.000000", {.time_s = 200}), "E7227");
  EXPECT_EQ(again("binlog.000000", {.time_s = 50}), "none") << "an earlier one of the same log";
  EXPECT_EQ(again("binlog.000001", {.time_s = 200, .server_id = 2}), "none") << "another server";
  EXPECT_EQ(again("mariadb-bin.000001", {.time_s = 200}), "none") << "another name";
  EXPECT_EQ(stream_->position().file->name, "mariadb-bin.000001");
  take(binlog::rotate("mariadb-bin.000002", 4));
  take(binlog::format(0, {.time_s = 300, .next_position = 0}));
  EXPECT_EQ(stream_->position().file->name, "mariadb-bin.000001") << "nothing of it was read";
  take(binlog::maria_gtid(42));
  take(binlog::xid());
  EXPECT_EQ(stream_->position().file->name, "mariadb-bin.000002");
}

TEST_F(MysqlChanges, ARowWhoseKeyChangesEndsAndBegins) {
  setup_.tombstones = true;
  start();
  take(binlog::maria_gtid(1));
  describe();
  EXPECT_THAT(take(binlog::rows(EventType::update_rows_v1, kOrders, 2, "\x03\x03",
                                row(1, "a") + row(2, "a"))),
              ElementsAre(R"(delete 1 {"id":1,"note":"a"})", "tombstone 1 -",
                          R"(insert 2 {"id":2,"note":"a"})"));
}

TEST_F(MysqlChanges, MinimalImagesLeaveOutWhatDidNotChange) {
  start();
  take(binlog::maria_gtid(1));
  describe();
  EXPECT_THAT(
      take(binlog::rows(EventType::update_rows_v1, kOrders, 2, "\x01\x02",
                        std::string(1, '\0') + binlog::number(1, 4) + std::string("\0\1b", 3))),
      ElementsAre(R"(update 1 {"id":1,"note":"b"})"));
}

TEST_F(MysqlChanges, StatementsThatDefineTablesAreFollowed) {
  start();
  take(binlog::maria_gtid(1, 1));
  take(binlog::query("ALTER TABLE orders CHANGE note remark varchar(20) CHARACTER SET utf8mb4"));
  EXPECT_EQ(reached(), "0-1-1");
  take(binlog::maria_gtid(2));
  describe();
  EXPECT_THAT(insert(row(1, "\xC3\xBC")), ElementsAre("insert 1 {\"id\":1,\"remark\":\"ü\"}"));
  take(binlog::xid());
  take(binlog::maria_gtid(3, 1));
  EXPECT_THAT(take(binlog::query("TRUNCATE orders")), ElementsAre("truncate shop.orders {}"));
  EXPECT_EQ(reached(), "0-1-3");
  EXPECT_EQ(Schema::changes(schema_, stream_->schema()).size(), 1U);
}

TEST_F(MysqlChanges, TheServerIsAskedForADefinitionThatDoesNotFit) {
  schema_.put({"shop", "orders"}, {{{"id", "int", "", false}}, {"id"}, "latin1"});
  catalog_.now = orders();
  start();
  take(binlog::maria_gtid(1));
  describe();
  EXPECT_THAT(insert(row(1, "a")), ElementsAre(R"(insert 1 {"id":1,"note":"a"})"));
  catalog_.now.reset();
  schema_.forget({"shop", "orders"});
  start();
  take(binlog::maria_gtid(1));
  EXPECT_EQ(error(binlog::table_map(kOrders, "shop", "orders", kTypes, kMeta)), "E7231");
}

TEST_F(MysqlChanges, NamesInTheLogCountMost) {
  std::string optional = std::string("\x01\x01\x80", 3);              // the number is unsigned
  optional += std::string("\x02\x01\x3F", 3);                         // the text is bytes
  optional += std::string("\x04\x09\x03") + "key" + "\x04" + "data";  // names
  optional += std::string("\x08\x01\x00", 3);                         // the key
  start();
  take(binlog::maria_gtid(1));
  take(binlog::table_map(kOrders, "shop", "orders", kTypes, kMeta, optional));
  EXPECT_THAT(insert(row(4294967295U, "a")),
              ElementsAre(R"(insert 4294967295 {"key":4294967295,"data":"YQ=="})"));
}

TEST_F(MysqlChanges, OtherTablesGiveNothing) {
  start();
  take(binlog::maria_gtid(1));
  take(binlog::table_map(kOrders, "elsewhere", "orders", kTypes, kMeta));
  EXPECT_THAT(insert(row(1, "a")), IsEmpty());
  take(binlog::xid());
  EXPECT_EQ(reached(), "0-1-1") << "the position follows them";
}

TEST_F(MysqlChanges, RowsThatAStatementChangedAreAGap) {
  start();
  take(binlog::maria_gtid(1));
  EXPECT_EQ(error(binlog::query("UPDATE Orders SET note = ''")), "E7230");
  start();
  take(binlog::maria_gtid(1));
  EXPECT_EQ(error(binlog::query("UPDATE others SET note = 'orders'")), "none");
}

TEST_F(MysqlChanges, WhatIsNotReadIsRefused) {
  start();
  EXPECT_EQ(error(binlog::event(EventType::incident, "")), "E7233");
  EXPECT_EQ(error(binlog::event(EventType::transaction_payload, "x")), "E7233");
  EXPECT_EQ(error(binlog::event(EventType::tagged_gtid, "x")), "E7233");
  EXPECT_EQ(error(binlog::rows(EventType::write_rows_v1, 77, 1, "\x01", "")), "E7232");
}

TEST_F(MysqlChanges, ChecksumsAreChecked) {
  start();
  take(binlog::format(1));
  std::string gtid =
      binlog::event(EventType::maria_gtid, binlog::number(1, 19), {.checksum = true});
  EXPECT_EQ(error(gtid), "none");
  gtid[25] ^= 1;
  EXPECT_EQ(error(gtid), "E7232");
}

TEST_F(MysqlChanges, NoBytesDoHarm) {
  start();
  take(binlog::maria_gtid(1));
  const std::vector<std::string> events{
      binlog::table_map(kOrders, "shop", "orders", kTypes, kMeta,
                        std::string("\x04\x08\x02id\x04note", 10)),
      binlog::rows(EventType::update_rows, kOrders, 2, "\x03\x03", row(1, "a") + row(1, "b")),
      binlog::query("ALTER TABLE orders ADD (x enum('a','b'), y int)", "shop",
                    binlog::from_hex("0000000000010000000000000000060373746404210021000800")),
      binlog::maria_gtid(3),
      binlog::rotate("b", 4),
      binlog::format(1)};
  for (const std::string& whole : events) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      start();
      take(binlog::maria_gtid(1));
      describe();
      std::string cut = whole.substr(0, size);
      if (size >= 13) cut.replace(9, 4, binlog::number(size, 4));
      model::BatchBuilder into;
      if (stream_->take(cut))
        while (stream_->waiting())
          if (!stream_->give(into)) break;
    }
    for (std::size_t at = 13; at < whole.size(); ++at)
      for (const int value : {0, 1, 127, 128, 255}) {
        start();
        take(binlog::maria_gtid(1));
        describe();
        std::string bent = whole;
        bent[at] = static_cast<char>(value);
        model::BatchBuilder into;
        if (stream_->take(bent))
          while (stream_->waiting())
            if (!stream_->give(into)) break;
      }
  }
}

TEST_F(MysqlChanges, DebeziumsDocument) {
  setup_.envelope.envelope = Envelope::debezium;
  start();
  take(binlog::maria_gtid(1));
  describe();
  stream_->writer().set_now(1'000'000);
  EXPECT_THAT(take(binlog::rows(EventType::delete_rows_v1, kOrders, 2, "\x03", row(1, "b"))),
              ElementsAre(R"(delete {"id":1} {"before":{"id":1,"note":"b"},"after":null,"source":{)"
                          R"("connector":"mysql","name":"shop","db":"shop","table":"orders",)"
                          R"("snapshot":"false","server_id":1,"gtid":"0-1-1",)"
                          R"("file":"binlog.000001","pos":1000,"row":0,"ts_ms":100000},)"
                          R"("op":"d","ts_ms":1000})"));
}

TEST(MysqlPosition, IsReadAsItWasWritten) {
  const std::vector<Position> positions{
      {"h", *MariaGtidSet::parse("0-1-42,3-2-7"), "0-1-43", 5, std::nullopt},
      {"h", *MysqlGtidSet::parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:8"), "", 0,
       SnapshotPosition{"shop.orders", false, {"1", "_utf8mb4 X'61'"}}},
      {"h", LogPlace{"binlog.000001", 77}, "", 0, std::nullopt,
       LogFile{1, "binlog.000001", 1795967183}}};
  for (const Position& position : positions) EXPECT_EQ(decode_position(encode(position)), position);
  for (const char* damaged : {"", "{", "[]", "{}", R"({"history":"h","form":"x","gtids":""})"})
    EXPECT_FALSE(decode_position(damaged)) << damaged;
}

TEST(MysqlPreparation, WhatCannotBeReadIsRefused) {
  ServerFacts server;
  server.mariadb = server.log = server.gtids = true;
  server.format = "ROW";
  server.server_id = 7;
  SourceOptions options;
  EXPECT_TRUE(check_server(options, server));
  options.server_id = 7;
  EXPECT_EQ(check_server(options, server).error().code, "E7229");
  options.server_id = 0;
  server.row_values = "PARTIAL_JSON";
  EXPECT_THAT(check_server(options, server).error().message, HasSubstr("PARTIAL_JSON"));
  server.row_values.clear();
  server.compressed = true;
  EXPECT_EQ(check_server(options, server).error().code, "E7225");
  Position stored;
  stored.reached = MariaGtidSet{};
  EXPECT_TRUE(check_position(stored, server));
  server.mariadb = false;
  EXPECT_EQ(check_position(stored, server).error().code, "E7227");
  stored.reached = LogPlace{"b", 4};
  EXPECT_TRUE(check_position(stored, server));
}

}  // namespace
}  // namespace pelton::mysql
