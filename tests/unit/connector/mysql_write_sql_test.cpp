// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/write_sql.h"

#include <gmock/gmock.h>

namespace pelton::mysql {
namespace {

using database::ColumnForm;
using database::Value;
using testing::ElementsAre;
using testing::IsEmpty;

Value given(std::string_view text) {
  return {Value::State::given, text};
}

database::SinkOptions options_for(database::TableName table) {
  database::SinkOptions options;
  options.name = std::move(table);
  return options;
}

class MysqlWriteSql : public testing::Test {
 protected:
  std::vector<std::string> sql(const std::vector<std::vector<Value>>& rows,
                               std::vector<std::size_t> columns, bool remove = false,
                               std::size_t most = 1'000) {
    const std::vector<std::span<const Value>> views(rows.begin(), rows.end());
    return write_sql(options_, table_, {remove, columns, views}, most);
  }

  database::SinkOptions options_ = options_for({"a`b", "bills"});
  database::TargetTable table_{{{"id", "", ColumnForm::number, ColumnForm::text, false},
                                {"x`y", "", ColumnForm::text, ColumnForm::text, false},
                                {"raw", "", ColumnForm::bytes, ColumnForm::text, false}},
                               {"id"}};
};

TEST_F(MysqlWriteSql, ValuesAreQuotedAsTheirColumnsTakeThem) {
  EXPECT_THAT(sql({{given("1"), given("it's \\ \"x\""), given(std::string_view("\0\xFF", 2))},
                   {given("1 OR 1"), {Value::State::null, {}}, given("")}},
                  {0, 1, 2}),
              ElementsAre("INSERT INTO `a``b`.`bills` (`id`, `x``y`, `raw`) VALUES (1,'it''s \\ "
                          "\"x\"',X'00FF'),('1 OR 1',NULL,X'')"));
  EXPECT_THAT(sql({{}, {}}, {}), ElementsAre("INSERT INTO `a``b`.`bills` () VALUES (),()"));
}

TEST_F(MysqlWriteSql, UpsertsChangeWhatIsNotTheKey) {
  options_.mode = database::WriteMode::upsert;
  EXPECT_THAT(sql({{given("1"), given("a"), {}}}, {0, 1}),
              ElementsAre("INSERT INTO `a``b`.`bills` (`id`, `x``y`) VALUES (1,'a') ON DUPLICATE "
                          "KEY UPDATE `x``y` = VALUES(`x``y`)"));
  EXPECT_THAT(sql({{given("1"), {}, {}}}, {0}),
              ElementsAre("INSERT INTO `a``b`.`bills` (`id`) VALUES (1) ON DUPLICATE KEY UPDATE "
                          "`id` = `id`"));
}

TEST_F(MysqlWriteSql, DeletesByTheKey) {
  EXPECT_THAT(sql({{given("1"), given("a"), {}}, {given("2"), given("b"), {}}}, {0, 1}, true),
              ElementsAre("DELETE FROM `a``b`.`bills` WHERE (`id`, `x``y`) IN ((1,'a'),(2,'b'))"));
}

TEST_F(MysqlWriteSql, StatementsFitIntoAPacket) {
  const std::vector<std::vector<Value>> rows(5, {given("1"), given("0123456789"), {}});
  const std::string head = "INSERT INTO `a``b`.`bills` (`id`, `x``y`) VALUES ";
  const std::string row = "(1,'0123456789')";
  EXPECT_THAT(sql(rows, {0, 1}, false, head.size() + 2 * row.size() + 1),
              ElementsAre(head + row + "," + row, head + row + "," + row, head + row));
  EXPECT_THAT(sql(rows, {0, 1}, false, head.size() + row.size() - 1), IsEmpty());
}

TEST_F(MysqlWriteSql, NumbersThatPeopleWriteAreNumbers) {
  EXPECT_THAT(sql({{given(" 007"), {}, {}}, {given("+1.5"), {}, {}}}, {0}, true),
              ElementsAre("DELETE FROM `a``b`.`bills` WHERE (`id`) IN ((7),(1.5))"));
}

TEST_F(MysqlWriteSql, AKeyThatIsNoNumberIsNotComparedWithNumbers) {
  for (const char* text : {"abc", "1abc", "", "0x1", "-", "1 2", "NaN", "+-1", "--1", " "}) {
    const std::vector<std::vector<Value>> rows{{given("1"), {}, {}}, {given(text), {}, {}}};
    const std::vector<std::span<const Value>> views(rows.begin(), rows.end());
    const std::vector<std::size_t> columns{0};
    EXPECT_TRUE(no_number(table_, {true, columns, views})) << text;
    EXPECT_FALSE(no_number(table_, {true, columns, {views.data(), 1}})) << text;
  }
}

TEST(MysqlRefusedRow, IsToldFromEverythingElse) {
  EXPECT_TRUE(is_of_row(1062, "23000"));
  EXPECT_TRUE(is_of_row(1366, "HY000"));
  EXPECT_TRUE(is_of_row(4025, "23000"));
  EXPECT_TRUE(is_of_row(1644, "45000"));
  EXPECT_TRUE(is_of_row(1643, "02000"));
  EXPECT_TRUE(is_of_row(1406, "22001"));
  EXPECT_FALSE(is_of_row(1213, "40001"));
  EXPECT_FALSE(is_of_row(1146, "42S02"));
  EXPECT_FALSE(is_of_row(1142, "42000"));
  EXPECT_FALSE(is_of_row(1205, "HY000"));
  EXPECT_FALSE(is_of_row(2013, "HY000"));
}

}  // namespace
}  // namespace pelton::mysql
