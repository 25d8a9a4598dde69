// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/committed_events.h"
#include "tests/unit/connector/binlog_bytes.h"

#include <gmock/gmock.h>

namespace pelton::mysql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
namespace binlog = test::binlog;

std::string rows_of(const std::string& text) {
  return binlog::rows(EventType::write_rows_v1, 5, 1, "\x01", text);
}

class MysqlCommitted : public testing::Test {
 protected:
  MysqlCommitted() { begin(); }
  void begin() {
    events_.begin();
    take(binlog::rotate("binlog.000001", 4));
    take(binlog::format(0));
  }
  // What comes through: rows by their text, other events as "*".
  std::vector<std::string> take(const std::string& event) {
    const Status taken = events_.take(event);
    EXPECT_TRUE(taken) << taken.error().text();
    std::vector<std::string> out;
    while (const auto next = events_.next()) {
      const bool rows = static_cast<EventType>((*next)[4]) == EventType::write_rows_v1;
      out.emplace_back(rows ? next->substr(29, 1) : "*");
    }
    return out;
  }
  std::vector<std::string> take_all(const std::vector<std::string>& events) {
    std::vector<std::string> out;
    for (const std::string& event : events)
      for (std::string& one : take(event)) out.push_back(std::move(one));
    return out;
  }

  CommittedEvents events_;
};

TEST_F(MysqlCommitted, ATransactionComesWithItsEnd) {
  EXPECT_THAT(take(binlog::maria_gtid(1)), ElementsAre("*"));
  EXPECT_THAT(take(rows_of("a")), IsEmpty());
  EXPECT_THAT(take(rows_of("b")), IsEmpty());
  EXPECT_THAT(take(binlog::xid()), ElementsAre("a", "b", "*"));
  EXPECT_THAT(take(binlog::maria_gtid(2, 1)), ElementsAre("*")) << "one statement";
  EXPECT_THAT(take(binlog::query("CREATE TABLE t (a int)")), ElementsAre("*"));
  EXPECT_THAT(take(binlog::query("BEGIN")), ElementsAre("*")) << "a server without numbers";
  EXPECT_THAT(take(rows_of("c")), IsEmpty());
  EXPECT_THAT(take(binlog::query("COMMIT")), ElementsAre("c", "*"));
  EXPECT_THAT(take(rows_of("d")), ElementsAre("d"));
  const std::string uuid(16, 'u');
  EXPECT_THAT(take(binlog::mysql_gtid(uuid, 1, 0)), ElementsAre("*"));
  EXPECT_THAT(take(binlog::query("BEGIN")), ElementsAre("*"));
  EXPECT_THAT(take(rows_of("e")), IsEmpty());
  EXPECT_THAT(take(binlog::event(EventType::xa_prepare, "")), ElementsAre("e", "*"));
}

TEST_F(MysqlCommitted, WhatIsRolledBackDoesNotCome) {
  EXPECT_THAT(take_all({binlog::maria_gtid(1), rows_of("a"), binlog::query("ROLLBACK")}),
              ElementsAre("*", "*"));
  EXPECT_THAT(
      take_all({binlog::maria_gtid(2), rows_of("a"), binlog::query("SAVEPOINT `s`"), rows_of("b"),
                binlog::query("SAVEPOINT `x y`"), rows_of("c"), binlog::query("ROLLBACK TO `x y`"),
                rows_of("d"), binlog::query("rollback work to savepoint s"), rows_of("e"),
                binlog::query("ROLLBACK TO `s`"), rows_of("f"), binlog::xid()}),
      ElementsAre("*", "a", "f", "*"));
  EXPECT_THAT(take_all({binlog::maria_gtid(3), rows_of("a"), binlog::query("ROLLBACK TO `early`"),
                        rows_of("b"), binlog::xid()}),
              ElementsAre("*", "b", "*"));
}

TEST_F(MysqlCommitted, WithoutAnEndItWasNotCommitted) {
  EXPECT_THAT(take_all({binlog::maria_gtid(1), rows_of("a"), binlog::maria_gtid(2), rows_of("b"),
                        binlog::xid()}),
              ElementsAre("*", "*", "b", "*"));
  take_all({binlog::maria_gtid(3), rows_of("a")});
  begin();
  EXPECT_THAT(take_all({binlog::maria_gtid(4), rows_of("b"), binlog::xid()}),
              ElementsAre("*", "b", "*"));
}

TEST_F(MysqlCommitted, ALargeOneIsReadTwice) {
  const std::string large = rows_of("b" + std::string(CommittedEvents::kMostHeld, 'x'));
  const std::vector<std::string> transaction{binlog::maria_gtid(7),
                                             rows_of("a"),
                                             binlog::query("SAVEPOINT `s`"),
                                             large,
                                             rows_of("c"),
                                             binlog::query("ROLLBACK TO `s`"),
                                             rows_of("d"),
                                             binlog::xid()};
  EXPECT_THAT(take_all(transaction), ElementsAre("*"));
  EXPECT_TRUE(events_.must_read_again());
  begin();
  EXPECT_FALSE(events_.must_read_again());
  EXPECT_THAT(take_all({binlog::maria_gtid(6), rows_of("z"), binlog::query("ROLLBACK")}),
              ElementsAre("*", "*"))
      << "another one";
  EXPECT_THAT(take_all(transaction), ElementsAre("*")) << "is looked at anew";
  begin();
  EXPECT_THAT(take_all(transaction), ElementsAre("*", "a", "d", "*"));
  EXPECT_FALSE(events_.must_read_again());
  EXPECT_THAT(take_all({binlog::maria_gtid(8), large, rows_of("c"), binlog::query("ROLLBACK")}),
              ElementsAre("*", "*"));
  EXPECT_FALSE(events_.must_read_again());
  EXPECT_THAT(take_all({binlog::maria_gtid(9), rows_of("e"), binlog::xid()}),
              ElementsAre("*", "e", "*"));
}

TEST_F(MysqlCommitted, NoBytesDoHarm) {
  EXPECT_THAT(take("short"), ElementsAre("*"));
  take(binlog::maria_gtid(1));
  EXPECT_EQ(events_.take(binlog::event(EventType::query, "x")).error().code, "E7232");
}

}  // namespace
}  // namespace pelton::mysql
