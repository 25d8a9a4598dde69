// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/copy_text.h"
#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/position.h"
#include "tests/unit/connector/pgoutput_bytes.h"

#include <gmock/gmock.h>

#include <random>

namespace pelton::postgres {
namespace {

using test::kUnchanged;
using testing::ElementsAre;

std::vector<std::string> samples() {
  return {test::begin(0x16B3748),
          test::commit(0x16B3748, 0x16B3778),
          test::relation(5, "public", "orders", {{"id", 23, true}, {"name"}}),
          test::change('I', 5, "", {{"1", std::nullopt}}),
          test::change('U', 5, "K" + test::row({"1", std::nullopt}), {{"2", kUnchanged}}),
          test::change('D', 5, "O" + test::row({"1", "a"}), std::nullopt),
          test::truncate({5, 6})};
}

TEST(Pgoutput, ReadsATransaction) {
  Message message;
  ASSERT_TRUE(decode_pgoutput(test::begin(0x16B3748, 42), message));
  EXPECT_EQ(message.kind, Message::Kind::begin);
  EXPECT_EQ(message.commit, 0x16B3748U);
  EXPECT_EQ(message.xid, 42U);
  EXPECT_EQ(message.time_us, 946'684'800'000'000);
  ASSERT_TRUE(decode_pgoutput(test::commit(0x16B3748, 0x16B3778), message));
  EXPECT_EQ(message.end, 0x16B3778U);
}

TEST(Pgoutput, ReadsATableAndItsRows) {
  const std::string described =
      test::relation(5, "", "Bücher", {{"id", 23, true}, {"naïve", 25}}, 'f');
  Message message;
  ASSERT_TRUE(decode_pgoutput(described, message));
  EXPECT_EQ(message.table, "Bücher");
  EXPECT_EQ(message.identity, 'f');
  ASSERT_EQ(message.columns.size(), 2U);
  EXPECT_TRUE(message.columns[0].identity);
  EXPECT_EQ(message.columns[1].name, "naïve");
  const std::string update =
      test::change('U', 5, "K" + test::row({"1", std::nullopt}), {{"2", kUnchanged}});
  ASSERT_TRUE(decode_pgoutput(update, message));
  EXPECT_EQ(message.old, Message::Old::key);
  EXPECT_EQ(message.old_row[0].text, "1");
  EXPECT_EQ(message.old_row[1].kind, Field::Kind::null);
  EXPECT_EQ(message.row[0].text, "2");
  EXPECT_EQ(message.row[1].kind, Field::Kind::unchanged);
  ASSERT_TRUE(decode_pgoutput(test::truncate({5, 6}), message));
  EXPECT_THAT(message.truncated, ElementsAre(5, 6));
}

TEST(Pgoutput, EveryCutIsRefused) {
  for (const std::string& whole : samples()) {
    Message message;
    ASSERT_TRUE(decode_pgoutput(whole, message));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // From a buffer of that very size: reading on would be found by a sanitizer.
      const std::string cut = whole.substr(0, size);
      const auto decoded = decode_pgoutput(cut, message);
      ASSERT_FALSE(decoded) << whole[0] << " cut to " << size;
      EXPECT_EQ(decoded.error().code, "E7091");
    }
    EXPECT_FALSE(decode_pgoutput(whole + "x", message)) << "with something behind it";
  }
}

TEST(Pgoutput, AnyBytesAreReadOrRefused) {
  std::mt19937 random(1);
  Message message;
  for (int round = 0; round < 20'000; ++round) {
    auto all = samples();
    std::string bytes = all[random() % all.size()];
    for (unsigned i = 0; i <= random() % 4; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto decoded = decode_pgoutput(bytes, message);
    EXPECT_TRUE(decoded || decoded.error().kind == ErrorKind::corrupt);
  }
}

TEST(Pgoutput, ReadsWhatCarriesIt) {
  std::string change = "w";
  put_number(change, 1, 8);
  put_number(change, 2, 8);
  put_number(change, 3, 8);
  const std::string carried = change + "payload";
  const auto data = decode_replication(carried);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->kind, ReplicationData::Kind::change);
  EXPECT_EQ(data->end, 2U);
  EXPECT_EQ(data->payload, "payload");
  std::string alive = "k";
  put_number(alive, 9, 8);
  put_number(alive, 0, 8);
  put_number(alive, 1, 1);
  EXPECT_TRUE(decode_replication(alive)->reply_now);
  EXPECT_EQ(decode_replication(alive)->end, 9U);
  for (const std::string& whole : {change, alive})
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_FALSE(decode_replication(whole.substr(0, size)));
  EXPECT_FALSE(decode_replication("x"));
  const std::string status = encode_status(5, 4, 946'684'800'000'001, true);
  EXPECT_EQ(status.size(), 34U);
  EXPECT_EQ(status.substr(0, 17), std::string("r\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\4", 17));
  EXPECT_EQ(status.substr(25), std::string("\0\0\0\0\0\0\0\1\1", 9));
}

TEST(CopyText, UndoesEscapes) {
  Row row;
  std::string unescaped;
  const auto fields = [&](std::string_view line) {
    read_copy_line(line, row, unescaped);
    std::vector<std::string> out;
    for (const Field& field : row)
      out.push_back(field.kind == Field::Kind::null ? "NULL" : "=" + std::string(field.text));
    return out;
  };
  EXPECT_THAT(fields("1\ta\n"), ElementsAre("=1", "=a"));
  EXPECT_THAT(fields("\\N\t\t\\\\N"), ElementsAre("NULL", "=", "=\\N"));
  EXPECT_THAT(fields(R"(a\tb\nc\\d\re\x)"), ElementsAre("=a\tb\nc\\d\rex"));
  EXPECT_THAT(fields("a\\"), ElementsAre("=a\\")) << "cut off";
  EXPECT_THAT(fields(""), ElementsAre("="));
}

TEST(PostgresPosition, ComesBackAsItWas) {
  Position position{"7301", 2, 0x1'0000'0010, 17, std::nullopt};
  EXPECT_EQ(encode(position), R"({"system":"7301","timeline":2,"lsn":"1/10","events":17})");
  EXPECT_EQ(decode_position(encode(position)), position);
  position.snapshot = SnapshotPosition{"public.b", false, {"1", "x\"y"}};
  EXPECT_EQ(decode_position(encode(position)), position);
  for (const char* damaged : {"", "{}", "[]", "{\"system\":1}",
                              R"({"system":"7301","timeline":2,"lsn":"x","events":17})"})
    EXPECT_FALSE(decode_position(damaged)) << damaged;
}

}  // namespace
}  // namespace pelton::postgres
