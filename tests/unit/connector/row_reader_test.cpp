// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/row_reader.h"

#include "connectors/database/json_value.h"
#include "connectors/database/table_name.h"
#include "connectors/database/write_plan.h"
#include "engine/config/parts/filter.h"
#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::database {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

SinkOptions reader_options(TableName table) {
  SinkOptions options;
  options.name = std::move(table);
  return options;
}

class RowReaderTest : public testing::Test {
 protected:
  void column(const std::string& name, ColumnForm form = ColumnForm::text,
              ColumnForm element = ColumnForm::text) {
    table_.columns.push_back({name, "text", form, element, false});
  }
  void map(const std::string& column, const std::string& field) {
    config::Diagnostics problems;
    options_.columns.push_back({column, *config::read_field(field, {}, problems)});
  }
  // "name=value ...", or the error; "delete " before a row that is to be deleted.
  std::string read(const model::EventView& event) {
    model::BatchBuilder builder;
    builder.add(event);
    const auto batch = builder.finish();
    auto reader = RowReader::make(options_, table_);
    if (!reader) return reader.error().text();
    std::vector<Value> row(table_.columns.size());
    TextArena arena;
    const auto remove = reader->read(*batch, 0, row, arena);
    if (!remove) return remove.error().text();
    std::string out = *remove ? "delete " : "";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].state == Value::State::absent) continue;
      out += table_.columns[i].name + "=";
      out += row[i].state == Value::State::null ? "NULL" : std::string(row[i].text);
      out += ' ';
    }
    return out;
  }
  std::string read(const std::string& data) {
    model::EventView event;
    event.data = data;
    return read(event);
  }
  // Of one column.
  std::string value(ColumnForm form, const std::string& json,
                    ColumnForm element = ColumnForm::text) {
    table_.columns.clear();
    column("c", form, element);
    return read(R"({"c": )" + json + "}");
  }

  SinkOptions options_ = reader_options({"public", "bills"});
  TargetTable table_;
};

TEST_F(RowReaderTest, FieldsGoToTheColumnsOfTheirNames) {
  column("id");
  column("Ünï \"c\"");
  column("other");
  EXPECT_EQ(read(R"({"Ünï \"c\"": "a\nb", "id": 12345678901234567890123.50})"),
            "id=12345678901234567890123.50 Ünï \"c\"=a\nb ");
  EXPECT_EQ(read("\xEF\xBB\xBF{}"), "");
  EXPECT_EQ(read(R"({"id": 1, "id": 2})"), "id=2 ");
}

TEST_F(RowReaderTest, AFieldWithoutAColumnIsAnErrorUnlessItIsIgnored) {
  column("id");
  EXPECT_EQ(read(R"({"id": 1, "x": 2})"),
            "E7245: the data has the field \"x\", for which there is no column");
  options_.unknown_fields = UnknownFields::ignore;
  EXPECT_EQ(read(R"({"x": {"id": 5}, "id": 1})"), "id=1 ");
}

TEST_F(RowReaderTest, DataThatIsNoObjectIsAnError) {
  column("id");
  for (const char* data : {"",
                           " ",
                           "x",
                           "[1]",
                           "1",
                           "null",
                           "{",
                           R"({"id": 1)",
                           R"({"id" 1})",
                           R"({"id": 1} x)",
                           R"({"id": 1}{})",
                           R"({"id": tru})",
                           R"({"id": 01})",
                           R"({"id": 1x})",
                           R"({"id": nul})",
                           R"({"id": -})",
                           R"({"id": "a)",
                           "{\"id\": \"\xFF\"}",
                           R"({"id": "\ud800"})",
                           R"({"id": "\x"})"})
    EXPECT_THAT(read(data), HasSubstr("E7245: the data is not")) << data;
}

TEST_F(RowReaderTest, ValuesTakeTheFormOfTheColumn) {
  EXPECT_EQ(value(ColumnForm::text, "true"), "c=true ");
  EXPECT_EQ(value(ColumnForm::number, "true"), "c=1 ");
  EXPECT_EQ(value(ColumnForm::number, "false"), "c=0 ");
  EXPECT_EQ(value(ColumnForm::number, "-1.5e300"), "c=-1.5e300 ");
  EXPECT_EQ(value(ColumnForm::number, "\"NaN\""), "c=NaN ");
  EXPECT_EQ(value(ColumnForm::text, R"({"a": [1, "x"]})"), "c={\"a\": [1, \"x\"]} ");
  EXPECT_EQ(value(ColumnForm::json, R"({"a": [1, "x"]} )"), "c={\"a\": [1, \"x\"]} ");
  EXPECT_EQ(value(ColumnForm::json, R"("a\"b")"), "c=\"a\\\"b\" ");
  EXPECT_EQ(value(ColumnForm::json, "1.10"), "c=1.10 ");
  EXPECT_EQ(value(ColumnForm::json, "null"), "c=NULL ");
  EXPECT_EQ(value(ColumnForm::bytes, R"("AAEC")"), std::string("c=\0\1\2 ", 6));
  EXPECT_THAT(value(ColumnForm::bytes, R"("a b")"), HasSubstr("it is not base64"));
  EXPECT_THAT(value(ColumnForm::bytes, "[1]"), HasSubstr("it is not a text with base64"));
  EXPECT_EQ(value(ColumnForm::time, R"("2026-11-28T10:00:00.5+01:00")"),
            "c=2026-11-28 09:00:00.500 ");
  EXPECT_EQ(value(ColumnForm::time, R"("2026-11-28T10:00:00")"), "c=2026-11-28 10:00:00 ");
  EXPECT_EQ(value(ColumnForm::time, R"("2026-11-28")"), "c=2026-11-28 ");
  EXPECT_EQ(value(ColumnForm::time, R"("soon")"), "c=soon ");
}

TEST_F(RowReaderTest, ArraysBecomeThoseOfTheDatabase) {
  EXPECT_EQ(value(ColumnForm::array, R"([1, null, "a\"b\\", "", "NULL"])"),
            R"(c={"1",NULL,"a\"b\\","","NULL"} )");
  EXPECT_EQ(value(ColumnForm::array, "[[1, 2], [3, 4]]"), R"(c={{"1","2"},{"3","4"}} )");
  EXPECT_EQ(value(ColumnForm::array, "[]"), "c={} ");
  EXPECT_EQ(value(ColumnForm::array, "\"{1,2}\""), "c={1,2} ");
  EXPECT_EQ(value(ColumnForm::array, R"([{"a": 1}, [2]])", ColumnForm::json),
            R"(c={"{\"a\": 1}","[2]"} )");
  EXPECT_EQ(value(ColumnForm::array, R"(["AAEC"])", ColumnForm::bytes), R"(c={"\\x000102"} )");
  EXPECT_THAT(value(ColumnForm::array, "[[[[[[[1]]]]]]]"), HasSubstr("too many dimensions"));
  EXPECT_THAT(value(ColumnForm::array, "[1"), HasSubstr("E7245"));
}

TEST_F(RowReaderTest, ColumnsMayComeFromAnywhereInTheEvent) {
  for (const char* name : {"id", "key", "time", "tenant", "total", "order", "all", "none"})
    column(name);
  map("id", "id");
  map("key", "key");
  map("time", "time");
  map("tenant", "headers.tenant");
  map("total", "data.order.total");
  map("order", "data.order");
  map("all", "data");
  map("none", "headers.none");
  model::EventView event;
  event.id = "e1";
  event.key = "k";
  event.has_key = true;
  event.time_us = 1'500'000;
  event.headers = {{"tenant", "acme"}};
  event.data = R"({"order": {"total": 5, "x": []}, "more": 1})";
  EXPECT_EQ(read(event),
            "id=e1 key=k time=1970-01-01T00:00:01.500Z tenant=acme total=5 "
            "order={\"total\": 5, \"x\": []} "
            "all={\"order\": {\"total\": 5, \"x\": []}, \"more\": 1} none=NULL ");
  event.data = R"({"order": [1]})";
  EXPECT_THAT(read(event), HasSubstr("order=[1] all="));
}

TEST_F(RowReaderTest, WithoutFieldsOfTheDataItNeedNotBeJson) {
  column("all", ColumnForm::bytes);
  map("all", "data");
  EXPECT_EQ(read("\xFF\x01"), "all=\xFF\x01 ");
}

TEST_F(RowReaderTest, AKeyIsReadFromTheEventsKey) {
  column("a", ColumnForm::number);
  column("b");
  options_.deletes = Deletes::tombstone;
  model::EventView event;
  event.has_data = false;
  event.has_key = true;
  const auto key = [&](const char* text) {
    event.key = text;
    return read(event);
  };
  table_.key = {"a"};
  EXPECT_EQ(key("7"), "delete a=7 ");
  EXPECT_EQ(key(R"({"a": 7})"), "delete a=7 ");
  EXPECT_THAT(key(R"({"b": 7})"),
              HasSubstr("the column a, which is part of the key, has no value"));
  table_.key = {"b", "a"};
  EXPECT_EQ(key(R"(["x", 7])"), "delete a=7 b=x ");
  EXPECT_EQ(key(R"({"a": 7, "b": "x", "c": 1})"), "delete a=7 b=x ");
  EXPECT_THAT(key("7"), HasSubstr("neither a JSON array"));
  EXPECT_THAT(key("[7]"), HasSubstr("fewer values"));
  EXPECT_THAT(key("[7, 8, 9]"), HasSubstr("more values"));
  EXPECT_THAT(key("[7, null]"), HasSubstr("has no value"));
}

TEST_F(RowReaderTest, ADeleteOfADatabasesChangesIsOneIfTheOptionsSaySo) {
  column("id");
  column("v");
  table_.key = {"id"};
  options_.mode = WriteMode::upsert;
  model::EventView event;
  event.data = R"({"id": 7, "v": 1})";
  event.headers = {{"op", "d"}};
  options_.deletes = Deletes::tombstone;
  EXPECT_EQ(read(event), "id=7 v=1 ");
  options_.deletes = Deletes::change;
  EXPECT_EQ(read(event), "delete id=7 ");
}

TEST_F(RowReaderTest, AnEventWithoutDataNeedsAnOption) {
  column("id");
  model::EventView event;
  event.has_data = false;
  EXPECT_THAT(read(event), HasSubstr("`delete: tombstone`"));
}

TEST_F(RowReaderTest, OptionsThatDoNotFitTheTableAreErrors) {
  column("id");
  options_.mode = WriteMode::upsert;
  EXPECT_THAT(read("{}"), HasSubstr("E7242: public.bills has no primary key"));
  options_.key = {"x"};
  EXPECT_THAT(read("{}"), HasSubstr("E7242: table public.bills has no column x"));
  options_.key = {"id"};
  map("y", "key");
  EXPECT_THAT(read("{}"), HasSubstr("E7242: table public.bills has no column y"));
}

TEST(TableName, IsASchemaAndATable) {
  EXPECT_EQ(parse_table_name("bills", "public")->text(), "public.bills");
  EXPECT_EQ(parse_table_name("a.b", "public")->text(), "a.b");
  EXPECT_EQ(parse_table_name(R"("a.b"."c""d")", "")->table, "c\"d");
  EXPECT_EQ(parse_table_name(R"("a.b")", "s")->table, "a.b");
  for (const char* text :
       {"", ".", "a.", ".a", "a.b.c", "a b", "a*", "\"a", "\"\"", "\"a\"b", "a\"b"})
    EXPECT_FALSE(parse_table_name(text, "public")) << text;
}

TEST(WritePlan, KeepsTheOrderOfLanesAndKeys) {
  WritePlan plan;
  plan.add(0, "k", "", "A");
  plan.add(1, "k", "", "B");
  plan.add(2, "k", "", "A");
  plan.add(3, "l", "", "B");
  plan.add(4, std::nullopt, "", "A");
  plan.add(5, "l", "", "A");
  std::vector<std::vector<std::size_t>> rows;
  for (const auto& step : plan.steps()) rows.push_back(step.rows);
  EXPECT_THAT(rows, ElementsAre(ElementsAre(0, 4), ElementsAre(1, 3), ElementsAre(2, 5)));
}

TEST(JsonNumber, IsWhatJsonSays) {
  for (const char* good : {"0", "-0", "10", "1.5", "-1e5", "1E+5", "0.1e-2"})
    EXPECT_TRUE(is_json_number(good)) << good;
  for (const char* bad : {"", "-", "01", "1.", ".5", "1e", "+1", "0x1", "1 ", "NaN", "1e+"})
    EXPECT_FALSE(is_json_number(bad)) << bad;
}

}  // namespace
}  // namespace pelton::database
