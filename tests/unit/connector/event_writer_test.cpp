// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/event_writer.h"

#include "connectors/database/json_text.h"

#include <gmock/gmock.h>

namespace pelton::database {
namespace {

using testing::ElementsAre;

// Values of texts; "?" was not sent, "-" is null.
class TextRow final : public RowValues {
 public:
  explicit TextRow(std::vector<std::string> values) : values_(std::move(values)) {}
  std::size_t size() const override { return values_.size(); }
  State state(std::size_t column) const override {
    return values_[column] == "?"   ? State::absent
           : values_[column] == "-" ? State::null
                                    : State::value;
  }
  void append_json(std::string& out, std::size_t column) const override {
    append_quoted(out, values_[column]);
  }
  void append_text(std::string& out, std::size_t column) const override { out += values_[column]; }

 private:
  std::vector<std::string> values_;
};

class Somewhere final : public Origin {
 public:
  void append_place(std::string& out) const override { out += "h/7"; }
  void append_source(std::string& out, const RowChange& change) override {
    out += R"({"table":)";
    append_quoted(out, change.table->table);
    out += '}';
  }
  void add_headers(std::vector<model::Header>& headers, const RowChange&) override {
    headers.push_back({"place", "7"});
  }
};

class DatabaseEvents : public testing::Test {
 protected:
  DatabaseEvents() {
    table_.schema = "shop";
    table_.table = "orders";
    table_.full_name = "shop.orders";
    for (const char* name : {"id", "pa\"rt", "note"}) {
      Table::Column& column = table_.columns.emplace_back();
      column.name = name;
      append_quoted(column.label, name);
      column.label += ':';
      column.identity = column.name != "note";
    }
    table_.key = {0};
  }
  // "type id key data" of the event that a change becomes.
  std::vector<std::string> write(RowChange change, Envelope envelope = Envelope::flat) {
    EventWriter writer({"db", "shop", envelope});
    writer.set_now(9'000'000);
    change.table = &table_;
    change.time_us = 5;
    Somewhere origin;
    model::BatchBuilder into;
    writer.write(change, origin, into);
    batch_ = into.finish();
    return {std::string(batch_->type(0)), std::string(batch_->id(0)), std::string(batch_->key(0)),
            batch_->has_data(0) ? std::string(batch_->data(0)) : "nothing"};
  }
  std::string header(std::string_view name) const {
    std::string_view value;
    return batch_->find_header(0, name, value) ? std::string(value) : "nothing";
  }

  Table table_;
  model::BatchPtr batch_;
  const TextRow row_{{"1", "p", "-"}};
  const TextRow partly_{{"1", "p", "?"}};
};

TEST_F(DatabaseEvents, AFlatRow) {
  EXPECT_THAT(
      write({.kind = ChangeKind::create, .after = &row_, .index = 3}),
      ElementsAre("pelton.db.insert", "h/7/3", "1", R"({"id":"1","pa\"rt":"p","note":null})"));
  EXPECT_EQ(batch_->source(0), "db:shop");
  EXPECT_EQ(batch_->subject(0), "shop.orders");
  EXPECT_EQ(header("schema") + header("table") + header("op") + header("place") + header("index"),
            "shopordersc73");
  EXPECT_EQ(header("unchanged"), "nothing");
}

TEST_F(DatabaseEvents, WhatWasNotSentIsNeverNull) {
  EXPECT_THAT(write({.kind = ChangeKind::update, .before = &row_, .after = &partly_}),
              ElementsAre("pelton.db.update", "h/7/0", "1", R"({"id":"1","pa\"rt":"p"})"));
  EXPECT_EQ(header("unchanged"), R"(["note"])");
  EXPECT_THAT(
      write({.kind = ChangeKind::update, .before = &row_, .after = &partly_}, Envelope::debezium),
      ElementsAre("pelton.db.update", "h/7/0", R"({"id":"1"})",
                  R"({"before":{"id":"1","pa\"rt":"p","note":null},)"
                  R"("after":{"id":"1","pa\"rt":"p","note":"__debezium_unavailable_value"},)"
                  R"("source":{"table":"orders"},"op":"u","ts_ms":9000})"));
}

TEST_F(DatabaseEvents, DeletesTombstonesAndTruncates) {
  EXPECT_THAT(write({.kind = ChangeKind::remove, .before = &row_, .before_is_key = true}),
              ElementsAre("pelton.db.delete", "h/7/0", "1", R"({"id":"1","pa\"rt":"p"})"));
  EXPECT_THAT(write({.kind = ChangeKind::tombstone, .before = &row_, .index = 1}),
              ElementsAre("pelton.db.tombstone", "h/7/1", "1", "nothing"));
  EXPECT_EQ(header("op"), "d");
  EXPECT_THAT(write({.kind = ChangeKind::truncate}),
              ElementsAre("pelton.db.truncate", "h/7/0", "shop.orders", "{}"));
  EXPECT_THAT(write({.kind = ChangeKind::truncate}, Envelope::debezium).back(),
              testing::StartsWith(R"({"before":null,"after":null,)"));
}

TEST_F(DatabaseEvents, KeysOfSeveralColumnsAndOfNone) {
  table_.key = {1, 0};
  EXPECT_EQ(write({.kind = ChangeKind::create, .after = &row_})[2], R"(["p","1"])");
  EXPECT_EQ(write({.kind = ChangeKind::create, .after = &row_}, Envelope::debezium)[2],
            R"({"pa\"rt":"p","id":"1"})");
  table_.key = {2};
  EXPECT_EQ(write({.kind = ChangeKind::create, .after = &row_})[2], "");
  table_.key.clear();
  EXPECT_EQ(write({.kind = ChangeKind::create, .after = &row_})[2], "shop.orders");
}

TEST_F(DatabaseEvents, RowsOfASnapshotAreKnownByTheirKey) {
  EXPECT_EQ(write({.kind = ChangeKind::read, .after = &row_, .index = 8})[1], "h/7/shop.orders/1");
  EXPECT_EQ(header("index"), "nothing");
  table_.key.clear();
  EXPECT_EQ(write({.kind = ChangeKind::read, .after = &row_, .index = 8})[1],
            "h/7/shop.orders/5-8");
}

}  // namespace
}  // namespace pelton::database
