// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/write_sql.h"

#include <gtest/gtest.h>

namespace pelton::postgres {
namespace {

using database::ColumnForm;
using database::Value;

database::SinkOptions options_for(database::TableName table) {
  database::SinkOptions options;
  options.name = std::move(table);
  return options;
}

class WriteSql : public testing::Test {
 protected:
  std::string sql(std::vector<std::size_t> columns, bool remove = false) {
    const std::vector<Value> row(table_.columns.size());
    const std::vector<std::span<const Value>> rows(2, row);
    return write_sql(options_, table_, {remove, columns, rows});
  }

  database::SinkOptions options_ = options_for({"a\"b", "bills"});
  database::TargetTable table_{{{"id", "bigint", ColumnForm::number, ColumnForm::text, false},
                                {"x\"y", "numeric", ColumnForm::number, ColumnForm::text, false},
                                {"raw", "bytea", ColumnForm::bytes, ColumnForm::text, false},
                                {"made", "integer", ColumnForm::number, ColumnForm::text, true}},
                               {"id"}};
};

TEST_F(WriteSql, InsertsArraysOfValuesThatTheServerCasts) {
  EXPECT_EQ(sql({0, 1, 2}),
            R"(INSERT INTO "a""b"."bills" ("id", "x""y", "raw") OVERRIDING SYSTEM VALUE SELECT )"
            R"(r.c0::bigint, r.c1::numeric, r.c2 FROM unnest($1::text[], $2::text[], $3::bytea[]) )"
            R"(AS r(c0, c1, c2))");
  EXPECT_EQ(sql({}), R"(INSERT INTO "a""b"."bills" SELECT FROM generate_series(1, 2))");
}

TEST_F(WriteSql, UpsertsChangeWhatIsNotTheKey) {
  options_.mode = database::WriteMode::upsert;
  EXPECT_TRUE(
      sql({0, 1, 3}).ends_with(R"( ON CONFLICT ("id") DO UPDATE SET "x""y" = EXCLUDED."x""y")"));
  EXPECT_TRUE(sql({0}).ends_with(R"( ON CONFLICT ("id") DO NOTHING)"));
  options_.key = {"id", "x\"y"};
  EXPECT_TRUE(sql({0, 1, 2}).ends_with(
      R"( ON CONFLICT ("id", "x""y") DO UPDATE SET "raw" = EXCLUDED."raw")"));
}

TEST_F(WriteSql, DeletesByTheKey) {
  EXPECT_EQ(sql({0, 1}, true),
            R"(DELETE FROM "a""b"."bills" AS t USING unnest($1::text[], $2::text[]) AS r(c0, c1) )"
            R"(WHERE t."id" = r.c0::bigint AND t."x""y" = r.c1::numeric)");
}

TEST_F(WriteSql, AnArrayHasTheBinaryFormOfTheProtocol) {
  std::vector<Value> one(4), two(4);
  one[0] = {Value::State::given, "ab"};
  two[0] = {Value::State::null, {}};
  const std::vector<std::span<const Value>> rows{one, two};
  const std::vector<std::size_t> columns{0};
  EXPECT_EQ(
      array_of(table_, {false, columns, rows}, 0),
      std::string("\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\2ab\xFF\xFF\xFF\xFF", 30));
}

TEST_F(WriteSql, CreatesTheTableOfTheOptions) {
  options_.create = {{"id", "bigint"}, {"x y", "text NOT NULL"}};
  options_.key = {"id"};
  EXPECT_EQ(create_sql(options_),
            R"(CREATE TABLE IF NOT EXISTS "a""b"."bills" ("id" bigint, "x y" text NOT NULL, )"
            R"(PRIMARY KEY ("id")))");
}

TEST(RefusedRow, IsToldFromEverythingElse) {
  for (const char* state :
       {"22P02", "22001", "23505", "23502", "21000", "44000", "54000", "P0001", "AB123", "38000"})
    EXPECT_TRUE(is_of_row(state, "")) << state;
  for (const char* state : {"", "08006", "25006", "40001", "40P01", "42P01", "42703", "42501",
                            "53100", "55P03", "57014", "57P01", "XX000", "0A000", "2200H"})
    EXPECT_FALSE(is_of_row(state, "aclcheck_error")) << state;
  EXPECT_TRUE(is_of_row("42501", "ExecWithCheckOptions"));
  for (const char* state : {"42501", "42703", "0A000", "55000", "XX000", "P0001"})
    EXPECT_TRUE(is_of_row(state, "exec_stmt_raise")) << state << ", a trigger's RAISE";
  EXPECT_FALSE(is_of_row("40001", "exec_stmt_raise"));
}

}  // namespace
}  // namespace pelton::postgres
