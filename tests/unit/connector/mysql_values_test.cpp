// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/gtid.h"
#include "connectors/mysql/json_binary.h"
#include "connectors/mysql/number_text.h"
#include "connectors/mysql/options.h"
#include "connectors/mysql/values.h"
#include "tests/unit/connector/binlog_bytes.h"

#include <gmock/gmock.h>

namespace pelton::mysql {
namespace {

using test::binlog::from_hex;

std::string value_of(const ColumnDefinition& definition, WireColumn wire, std::string_view bytes) {
  Column column{*parse_type(definition), wire, nullptr};
  if (!definition.charset.empty())
    column.charset = std::make_shared<const Charset>(definition.charset);
  std::string out, scratch;
  append_value(out, bytes, column, Decimals::text, scratch);
  return out;
}

// MySQL's binary JSON; the server's own bytes.
std::string json_of(std::string_view hex) {
  std::string out;
  return append_json_binary(out, from_hex(hex)) ? out : "unreadable";
}

TEST(MysqlValues, NumbersOfEveryWidth) {
  EXPECT_EQ(value_of({"c", "mediumint", "", false}, {WireType::int24, 0}, from_hex("000080")),
            "-8388608");
  EXPECT_EQ(
      value_of({"c", "mediumint unsigned", "", false}, {WireType::int24, 0}, from_hex("000080")),
      "8388608");
  EXPECT_EQ(value_of({"c", "bigint(20) unsigned", "", false}, {WireType::longlong, 0},
                     from_hex("ffffffffffffffff")),
            "18446744073709551615");
  EXPECT_EQ(value_of({"c", "bit(12)", "", false}, {WireType::bit, 12}, from_hex("0aaa")), "2730");
}

TEST(MysqlValues, Decimals) {
  const auto decimal = [](const char* hex, unsigned precision, unsigned scale) {
    std::string out;
    return append_decimal(out, from_hex(hex), precision, scale) ? out : "unreadable";
  };
  EXPECT_EQ(decimal("810dfb38d204d2", 14, 4), "1234567890.1234");
  EXPECT_EQ(decimal("7ef204c72dfb2d", 14, 4), "-1234567890.1234");
  EXPECT_EQ(decimal("80", 1, 0), "0");
  EXPECT_EQ(decimal("", 1, 0), "unreadable");
  EXPECT_EQ(decimal("ffffffff", 9, 0), "unreadable");
}

TEST(MysqlValues, TimesWithNegativeFractions) {
  EXPECT_EQ(value_of({"c", "time(6)", "", false}, {WireType::time2, 6}, from_hex("7fffffffffff")),
            R"("-00:00:00.000001")");
  EXPECT_EQ(value_of({"c", "time", "", false}, {WireType::time2, 0}, from_hex("800000")),
            R"("00:00:00")");
  EXPECT_EQ(value_of({"c", "time(2)", "", false}, {WireType::time2, 2}, from_hex("7fef7c9d")),
            R"("-01:02:03.99")");
  EXPECT_EQ(
      value_of({"c", "timestamp", "", false}, {WireType::timestamp2, 0}, from_hex("00000000")),
      R"("0000-00-00T00:00:00Z")");
}

TEST(MysqlValues, TextsInTheirCharacterSets) {
  const WireColumn wire{WireType::varchar, 40};
  EXPECT_EQ(value_of({"c", "varchar(9)", "latin1", false}, wire, "\xE9\x80\x81"), "\"é€\xC2\x81\"");
  EXPECT_EQ(value_of({"c", "varchar(9)", "utf16", false}, wire, std::string("\0A\0\xFC", 4)),
            "\"Aü\"");
  EXPECT_EQ(value_of({"c", "varchar(9)", "utf8mb4", false}, wire, "\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(value_of({"c", "varchar(9)", "keybcs2", false}, wire, "a\x80"), "\"a\xEF\xBF\xBD\"");
}

TEST(MysqlValues, BytesAreBase64AndPadded) {
  EXPECT_EQ(value_of({"c", "binary(3)", "", false}, {WireType::string, 3}, "a"), R"("YQAA")");
  EXPECT_EQ(value_of({"c", "varbinary(3)", "", false}, {WireType::varchar, 3}, "a"), R"("YQ==")");
  EXPECT_EQ(value_of({"c", "point", "", false}, {WireType::geometry, 4}, from_hex("e6100000ff")),
            R"({"srid":4326,"wkb":"/w=="})");
}

TEST(MysqlValues, JsonThatIsNoneIsAText) {
  const WireColumn wire{WireType::blob, 4};
  EXPECT_EQ(value_of({"c", "longtext", "utf8mb4", true}, wire, R"({"a": 1} )"), R"({"a": 1} )");
  EXPECT_EQ(value_of({"c", "longtext", "utf8mb4", true}, wire, R"({"a": 1}])"), R"("{\"a\": 1}]")");
  EXPECT_EQ(value_of({"c", "longtext", "utf8mb4", true}, wire, ""), R"("")");
}

TEST(MysqlValues, ChoicesByNumber) {
  const ColumnDefinition choice{"c", "enum('a','it''s')", "", false};
  EXPECT_EQ(value_of(choice, {WireType::enumeration, 1}, "\x02"), R"("it's")");
  EXPECT_EQ(value_of(choice, {WireType::enumeration, 1}, std::string(1, '\0')), R"("")");
  EXPECT_EQ(value_of({"c", "set('a','b','c')", "", false}, {WireType::set, 1}, "\x05"), R"("a,c")");
}

TEST(MysqlJson, DocumentsOfTheServer) {
  // {"a": 1}, [1, "x", null, true], "abc", an empty object.
  EXPECT_EQ(json_of("0001000d000b00010005010061"), "unreadable") << "its size is wrong";
  EXPECT_EQ(json_of("0001000c000b00010005010061"), R"({"a":1})");
  EXPECT_EQ(json_of("02040012000501000c10000400000401000178"), R"([1,"x",null,true])");
  EXPECT_EQ(json_of("0c03616263"), R"("abc")");
  EXPECT_EQ(json_of("0000000400"), "{}");
  EXPECT_EQ(json_of("0401"), "true");
  EXPECT_EQ(json_of("0bae47e17a14ae0940"), "3.21");
  EXPECT_EQ(json_of("09ffffffffffffffff"), "-1");
  EXPECT_EQ(json_of("0affffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(json_of(""), "null");
}

TEST(MysqlJson, NoBytesDoHarm) {
  const std::string whole = from_hex("0001000c000b00010005010061");
  for (std::size_t size = 0; size <= whole.size(); ++size)
    for (std::size_t at = 0; at < size; ++at)
      for (int value = 0; value < 256; ++value) {
        std::string bent = whole.substr(0, size);
        bent[at] = static_cast<char>(value);
        std::string out;
        append_json_binary(out, bent);
        EXPECT_LT(out.size(), 4096U);
      }
}

TEST(MysqlJson, AContainerInItselfEnds) {
  // An array whose only value lies at its own beginning.
  EXPECT_EQ(json_of("0201000700020000"), "unreadable");
}

TEST(MysqlGtids, MariaDB) {
  auto set = *MariaGtidSet::parse("3-2-7, 0-1-42");
  EXPECT_EQ(set.text(), "0-1-42,3-2-7");
  set.add({0, 5, 43});
  EXPECT_EQ(set.text(), "0-5-43,3-2-7");
  for (const char* wrong : {"1", "1-2", "1-2-3-4", "a-b-c", "1-2-3,,", "-1-2-3"})
    EXPECT_FALSE(MariaGtidSet::parse(wrong)) << wrong;
}

TEST(MysqlGtids, MySQL) {
  const std::string uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  auto set = *MysqlGtidSet::parse(uuid + ":1-5:8");
  MysqlGtid gtid;
  std::ranges::copy(from_hex("3e11fa4771ca11e19e33c80aa9429562"), gtid.server.begin());
  EXPECT_FALSE(set.contains(gtid));
  gtid.number = 7;
  EXPECT_FALSE(set.contains(gtid));
  set.add(gtid);
  EXPECT_EQ(set.text(), uuid + ":1-5:7-8");
  gtid.number = 6;
  set.add(gtid);
  EXPECT_EQ(set.text(), uuid + ":1-8");
  EXPECT_TRUE(set.contains(gtid));
  EXPECT_EQ(text_of(gtid), uuid + ":6");
  EXPECT_EQ(set.encoded(), test::binlog::number(1, 8) +
                               from_hex("3e11fa4771ca11e19e33c80aa9429562") +
                               test::binlog::number(1, 8) + test::binlog::number(1, 8) +
                               test::binlog::number(9, 8));
  for (const std::string& wrong : {std::string("x"), uuid, uuid + ":", uuid + ":0", uuid + ":5-4",
                                   uuid + ":tag:1", uuid + ":1-2-3"})
    EXPECT_FALSE(MysqlGtidSet::parse(wrong)) << wrong;
}

class NoCatalog final : public Catalog {
 public:
  Result<std::optional<TableDefinition>> table(const TableName&) override { return std::nullopt; }
  Result<std::string> default_charset(const std::string&) override { return "latin1"; }
  Result<std::string> charset_of(std::uint32_t) override { return "utf8mb4"; }
};

class MysqlDdl : public testing::Test {
 protected:
  StatementEffect run(const std::string& sql, std::uint64_t mode = 0) {
    return *follower_.follow({sql, "shop", mode}, schema_);
  }
  // "name type[ charset]" of each column, and the key.
  std::string table(const std::string& name = "t") {
    const TableDefinition* found = schema_.find({"shop", name});
    if (found == nullptr) return "unknown";
    std::string out;
    for (const ColumnDefinition& column : found->columns)
      out += column.name + " " + column.type +
             (column.charset.empty() ? "" : " " + column.charset) + (column.json ? " json" : "") +
             ", ";
    for (const std::string& key : found->key) out += "[" + key + "]";
    return out;
  }

  NoCatalog catalog_;
  DdlFollower follower_{{{*database::TablePattern::parse("shop.*", "")}, false, true}, catalog_};
  Schema schema_;
};

TEST_F(MysqlDdl, CreatesOfEveryForm) {
  run("create table if not exists `shop`.`t` (id INT(11) UNSIGNED NOT NULL AUTO_INCREMENT COMMENT "
      "'a, b) c', name varchar(10) character set utf8mb4 collate utf8mb4_bin default 'x', note "
      "text,"
      " price NUMERIC(10,2), j JSON, k longtext check (json_valid(`k`)), e enum('a','it''s'), "
      "b char(3) binary, r varchar(3) charset binary, PRIMARY KEY (`id`), KEY n (name(3)), "
      "CONSTRAINT x CHECK (id > 0)) ENGINE=InnoDB DEFAULT CHARSET=latin1 COMMENT='(x'");
  EXPECT_EQ(table(),
            "id int(11) unsigned, name varchar(10) utf8mb4, note text latin1, price decimal(10,2), "
            "j longtext utf8mb4 json, k longtext latin1 json, e enum('a','it''s'), b char(3) "
            "latin1, r varbinary(3), [id]");
  run("CREATE TABLE u (a serial, b double precision, c float(30), d bool key, f nchar(2)) "
      "COLLATE=koi8r_bin");
  EXPECT_EQ(table("u"),
            "a bigint unsigned, b double, c double, d tinyint(1), f char(2) utf8mb3, [d]");
  run("/* c */ CREATE OR REPLACE TABLE u (`a``b` /*!50100 int */ -- x\n, # y\n c varchar(2))");
  EXPECT_EQ(table("u"), "a`b int, c varchar(2) latin1, ");
}

TEST_F(MysqlDdl, AltersOfEveryForm) {
  run("CREATE TABLE t (a int PRIMARY KEY, b text)");
  run("ALTER TABLE t ADD COLUMN c int FIRST, ADD d date AFTER a, ADD (e time, f bit(3))");
  EXPECT_EQ(table(), "c int, a int, d date, b text latin1, e time, f bit(3), [a]");
  run("ALTER TABLE shop.t DROP c, DROP COLUMN IF EXISTS e, CHANGE a id bigint unsigned NOT NULL, "
      "MODIFY b varchar(9) CHARSET utf8mb4 FIRST, RENAME COLUMN f TO g, ADD INDEX (g), "
      "DROP INDEX x, ALTER d SET DEFAULT '2020-01-01', ALGORITHM=INPLACE, LOCK=NONE");
  EXPECT_EQ(table(), "b varchar(9) utf8mb4, id bigint unsigned, d date, g bit(3), [id]");
  run("ALTER TABLE t CONVERT TO CHARACTER SET koi8r, DROP PRIMARY KEY, ADD PRIMARY KEY (g, id)");
  EXPECT_EQ(table(), "b varchar(9) koi8r, id bigint unsigned, d date, g bit(3), [g][id]");
  run("ALTER TABLE t RENAME TO u, ADD x int");
  EXPECT_EQ(table(), "unknown");
  EXPECT_EQ(table("u"), "b varchar(9) koi8r, id bigint unsigned, d date, g bit(3), x int, [g][id]");
}

TEST_F(MysqlDdl, ThePartsOfAnAlterTakeEffectTogether) {
  const auto altered = [&](const std::string& alter) {
    run("CREATE OR REPLACE TABLE t (id int, a int, b int, s varchar(2), PRIMARY KEY (ID))");
    run("ALTER TABLE t " + alter);
    return table();
  };
  EXPECT_EQ(altered("COMMENT 'x'"), "id int, a int, b int, s varchar(2) latin1, [id]");
  for (const char* swap :
       {"CHANGE a b int, CHANGE b a int", "RENAME COLUMN a TO b, RENAME COLUMN b TO A",
        "CHANGE a b int, RENAME COLUMN B TO a"})
    EXPECT_THAT(altered(swap), testing::StartsWith("id int, b int, ")) << swap;
  EXPECT_EQ(altered("RENAME COLUMN a TO b, RENAME COLUMN b TO c, RENAME COLUMN id TO k"),
            "k int, b int, c int, s varchar(2) latin1, [k]");
  EXPECT_EQ(altered("ADD COLUMN IF NOT EXISTS a bigint, ADD IF NOT EXISTS c int AFTER A"),
            "id int, a int, c int, b int, s varchar(2) latin1, [id]");
  EXPECT_EQ(altered("ADD a int FIRST, RENAME COLUMN a TO d"),
            "a int, id int, d int, b int, s varchar(2) latin1, [id]");
  EXPECT_EQ(altered("DROP a, ADD a bigint AFTER b, MODIFY s varchar(3) AFTER a"),
            "id int, b int, a bigint, s varchar(3) latin1, [id]");
  EXPECT_EQ(altered("CHANGE IF EXISTS missing a bigint, RENAME COLUMN IF EXISTS m TO n"),
            "id int, a int, b int, s varchar(2) latin1, [id]");
  EXPECT_EQ(altered("CHANGE x b bigint, ADD s int FIRST"), "s int, id int, a int, b bigint, [id]")
      << "as if the definition had been read after it";
  EXPECT_EQ(altered("MODIFY IF EXISTS missing bigint, DROP PRIMARY KEY, ADD PRIMARY KEY (B, c), "
                    "CHANGE a c int"),
            "id int, c int, b int, s varchar(2) latin1, [b][c]");
  EXPECT_EQ(
      altered("ADD n text, ENGINE=InnoDB COMMENT='c' DEFAULT CHARSET=koi8r ROW_FORMAT=DYNAMIC"),
      "id int, a int, b int, s varchar(2) latin1, n text koi8r, [id]");
}

TEST_F(MysqlDdl, WordsThatAreNamesToo) {
  run("CREATE TABLE t (id int, period int, vector int, b int REFERENCES x (y) ON DELETE SET "
      "DEFAULT, "
      "c int, PRIMARY KEY (Id))");
  EXPECT_EQ(table(), "id int, period int, vector int, b int, c int, [id]");
  run("ALTER TABLE t DROP period, ADD system int, ADD VECTOR INDEX (vector), DROP PERIOD FOR x");
  EXPECT_EQ(table(), "id int, vector int, b int, c int, system int, [id]");
}

TEST_F(MysqlDdl, ATableLikeAnother) {
  run("CREATE TABLE t (id int PRIMARY KEY, a text) CHARSET koi8r");
  run("CREATE TABLE u LIKE t");
  run("CREATE TABLE v (LIKE shop.t)");
  run("ALTER TABLE t RENAME COLUMN a TO b");
  EXPECT_EQ(table("u"), "id int, a text koi8r, [id]");
  EXPECT_EQ(table("v"), table("u"));
}

TEST_F(MysqlDdl, RenamesAndDrops) {
  run("CREATE TABLE a (x int)");
  run("CREATE TABLE b (y int)");
  run("RENAME TABLE a TO c, b TO a, c TO b");
  EXPECT_EQ(table("a") + table("b") + table("c"), "y int, x int, unknown");
  run("RENAME TABLE a TO elsewhere.a");
  EXPECT_EQ(table("a"), "unknown");
  run("DROP TABLE IF EXISTS b, nothing");
  EXPECT_EQ(table("b"), "unknown");
  run("CREATE TABLE a (x int)");
  run("DROP DATABASE shop");
  EXPECT_EQ(table("a"), "unknown");
}

TEST_F(MysqlDdl, WhatIsInDoubtIsForgotten) {
  for (const char* sql : {"ALTER TABLE t ADD c strange_type", "ALTER TABLE t MODIFY missing int",
                          "ALTER TABLE t ADD SYSTEM VERSIONING", "CREATE OR REPLACE TABLE t LIKE u",
                          "CREATE OR REPLACE TABLE t (a int) SELECT 1 AS b", "ALTER TABLE t ADD",
                          "CREATE OR REPLACE TABLE t (a int, b"}) {
    run("CREATE OR REPLACE TABLE t (a int)");
    EXPECT_EQ(table(), "a int, ");
    run(sql);
    EXPECT_TRUE(table() == "unknown" || std::string(sql).ends_with("b")) << sql << table();
  }
}

TEST_F(MysqlDdl, OtherStatementsChangeNothing) {
  run("CREATE TABLE t (a int)");
  for (const char* sql :
       {"CREATE TEMPORARY TABLE t (b int)", "CREATE INDEX a ON t (a)", "DROP VIEW t",
        "CREATE TABLE elsewhere.t (b int)", "GRANT ALL ON t TO x", "", "'", "`", "/*", "ALTER",
        "CREATE TABLE IF NOT EXISTS t (b int)", "DROP TEMPORARY TABLE t"})
    EXPECT_FALSE(run(sql).changes_rows) << sql;
  EXPECT_EQ(table(), "a int, ");
  EXPECT_TRUE(run("INSERT INTO T VALUES (1)").changes_rows);
  EXPECT_TRUE(run("DELETE FROM \"t\"", kAnsiQuotes).changes_rows);
  EXPECT_FALSE(run("DELETE FROM x WHERE y = \"t\"").changes_rows);
  EXPECT_EQ(run("TRUNCATE TABLE t").truncated, std::vector<TableName>({{"shop", "t"}}));
}

TEST(MysqlDefinition, IsReadAsItWasWritten) {
  const TableDefinition table{{{"ü", "enum('a\\'')", "latin1", true}}, {"ü"}, "koi8r"};
  EXPECT_EQ(decode_definition(encode(table)), table);
  EXPECT_FALSE(decode_definition("{}"));
}

TEST(MysqlUrl, Forms) {
  const auto server = parse_url("mysql://us%40er:p%3Ass@db.example:3307/");
  ASSERT_TRUE(server);
  EXPECT_EQ(server->user, "us@er");
  EXPECT_EQ(server->password, "p:ss");
  EXPECT_EQ(server->address(), "db.example:3307");
  EXPECT_EQ(parse_url("mariadb://u@[::1]")->address(), "[::1]:3306");
  for (const char* wrong : {"", "mysql://", "mysql://host", "mysql://u@", "mysql://u@h:x",
                            "mysql://u@h:70000", "mysql://u%4@h", "http://u@h", "mysql://u@h/db"})
    EXPECT_EQ(parse_url(wrong).error().code, "E7220") << wrong;
}

}  // namespace
}  // namespace pelton::mysql
