// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/change_stream.h"
#include "connectors/postgres/preparation.h"
#include "tests/unit/connector/pgoutput_bytes.h"

#include <gmock/gmock.h>

namespace pelton::postgres {
namespace {

using test::kUnchanged;
using testing::ElementsAre;
using testing::IsEmpty;

class OnePrimaryKey final : public Catalog {
 public:
  Result<std::optional<TypeFacts>> type(Oid) override { return std::nullopt; }
  Result<std::vector<std::string>> primary_key(Oid) override {
    return std::vector<std::string>{"id"};
  }
};

class PostgresChanges : public testing::Test {
 protected:
  static constexpr std::uint32_t kOrders = 5;
  const std::vector<test::ColumnBytes> columns_{{"id", 23, true}, {"note", 25, false}};

  void start(Position at = {"sys", 1, 0, 0, std::nullopt}) {
    stream_.emplace(setup_, catalog_);
    stream_->begin(at);
  }
  // Takes a message and gives its events: "type key data".
  std::vector<std::string> take(const std::string& message) {
    EXPECT_TRUE(stream_->take(message));
    model::BatchBuilder into;
    while (stream_->waiting()) stream_->give(into);
    if (into.empty()) return {};
    batch_ = into.finish();
    std::vector<std::string> out;
    for (std::size_t i = 0; i < batch_->size(); ++i)
      out.push_back(std::string(batch_->type(i).substr(16)) + " " + std::string(batch_->key(i)) +
                    " " + (batch_->has_data(i) ? std::string(batch_->data(i)) : "-"));
    return out;
  }
  std::string header(std::string_view name) const {
    std::string_view value;
    return batch_->find_header(0, name, value) ? std::string(value) : "-";
  }
  void open(std::uint64_t commit = 100, char identity = 'd') {
    EXPECT_THAT(take(test::begin(commit)), IsEmpty());
    EXPECT_THAT(take(test::relation(kOrders, "public", "orders", columns_, identity)), IsEmpty());
  }

  ChangeStream::Setup setup_{{"shop", "db", Envelope::flat, Decimals::text}, {}, false};
  OnePrimaryKey catalog_;
  std::optional<ChangeStream> stream_;
  model::BatchPtr batch_;
};

TEST_F(PostgresChanges, ARowFromInsertToDelete) {
  start();
  open();
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"1", "a"}})),
              ElementsAre(R"(insert 1 {"id":1,"note":"a"})"));
  EXPECT_EQ(batch_->id(0), "sys/1/0000000000000064/0");
  EXPECT_EQ(batch_->source(0), "postgres:shop");
  EXPECT_EQ(batch_->subject(0), "public.orders");
  EXPECT_EQ(header("schema"), "public");
  EXPECT_EQ(header("table"), "orders");
  EXPECT_EQ(header("op"), "c");
  EXPECT_EQ(header("lsn"), "0/64");
  EXPECT_EQ(header("xid"), "7");
  EXPECT_EQ(header("index"), "0");
  EXPECT_THAT(take(test::change('U', kOrders, "", {{"1", std::nullopt}})),
              ElementsAre(R"(update 1 {"id":1,"note":null})"));
  EXPECT_EQ(batch_->id(0), "sys/1/0000000000000064/1");
  EXPECT_THAT(take(test::change('D', kOrders, "K" + test::row({"1", std::nullopt}), {})),
              ElementsAre(R"(delete 1 {"id":1})"));
  EXPECT_THAT(take(test::truncate({kOrders})), ElementsAre("truncate public.orders {}"));
}

TEST_F(PostgresChanges, AnUnchangedValueIsNamedAndNeverNull) {
  start();
  open();
  EXPECT_THAT(take(test::change('U', kOrders, "", {{"1", kUnchanged}})),
              ElementsAre(R"(update 1 {"id":1})"));
  EXPECT_EQ(header("unchanged"), R"(["note"])");
  setup_.envelope.envelope = Envelope::debezium;
  start();
  open();
  take(test::change('U', kOrders, "", {{"1", kUnchanged}}));
  EXPECT_THAT(std::string(batch_->data(0)),
              testing::HasSubstr(R"("after":{"id":1,"note":"__debezium_unavailable_value"})"));
}

TEST_F(PostgresChanges, TheOldRowHasAnUnchangedValue) {
  start();
  open(100, 'f');
  EXPECT_THAT(take(test::change('U', kOrders, "O" + test::row({"1", "long"}), {{"1", kUnchanged}})),
              ElementsAre(R"(update 1 {"id":1,"note":"long"})"));
  EXPECT_EQ(header("unchanged"), "-");
}

TEST_F(PostgresChanges, ARowWhoseKeyChangesEndsAndBegins) {
  setup_.tombstones = true;
  start();
  open();
  EXPECT_THAT(
      take(test::change('U', kOrders, "K" + test::row({"1", std::nullopt}), {{"2", "a"}})),
      ElementsAre(R"(delete 1 {"id":1})", "tombstone 1 -", R"(insert 2 {"id":2,"note":"a"})"));
  EXPECT_EQ(batch_->id(2), "sys/1/0000000000000064/2");
}

TEST_F(PostgresChanges, WithTheWholeRowAsIdentityTheKeyIsThePrimaryOne) {
  start();
  take(test::begin(100));
  take(test::relation(kOrders, "public", "orders", {{"id", 23, true}, {"note", 25, true}}, 'f'));
  EXPECT_THAT(take(test::change('D', kOrders, "O" + test::row({"1", "a"}), {})),
              ElementsAre(R"(delete 1 {"id":1,"note":"a"})"));
}

TEST_F(PostgresChanges, DebeziumsDocument) {
  setup_.envelope.envelope = Envelope::debezium;
  start();
  open();
  stream_->writer().set_now(1'000'000);
  EXPECT_THAT(take(test::change('D', kOrders, "K" + test::row({"1", std::nullopt}), {})),
              ElementsAre(R"(delete {"id":1} {"before":{"id":1},"after":null,"source":{)"
                          R"("connector":"postgresql","name":"shop","db":"db","schema":"public",)"
                          R"("table":"orders","snapshot":"false","txId":7,"lsn":100,)"
                          R"("ts_ms":946684800000},"op":"d","ts_ms":1000})"));
}

TEST_F(PostgresChanges, ADefinitionThatChangesHoldsFromThereOn) {
  start();
  open();
  take(test::change('I', kOrders, "", {{"1", "a"}}));
  take(test::relation(kOrders, "public", "orders", {{"id", 23, true}, {"x", 16}, {"y", 23}}));
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"2", "t", "3"}})),
              ElementsAre(R"(insert 2 {"id":2,"x":true,"y":3})"));
}

TEST_F(PostgresChanges, TablesThatAreNotWantedGiveNothing) {
  setup_.tables = {*TablePattern::parse("other.*", "public")};
  start();
  open();
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"1", "a"}})), IsEmpty());
  EXPECT_THAT(take(test::truncate({kOrders})), IsEmpty());
  take(test::commit(100, 120));
  EXPECT_EQ(stream_->position().lsn, 120U) << "the log is not held for them";
}

TEST_F(PostgresChanges, ARestartWithinATransactionSkipsWhatIsStored) {
  start();
  open();
  take(test::change('I', kOrders, "", {{"1", "a"}}));
  take(test::change('I', kOrders, "", {{"2", "b"}}));
  const Position within = stream_->position();
  EXPECT_EQ(within, (Position{"sys", 1, 100, 2, std::nullopt}));
  start(within);
  open();
  EXPECT_EQ(stream_->position(), within);
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"1", "a"}})), IsEmpty());
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"2", "b"}})), IsEmpty());
  EXPECT_EQ(stream_->position(), within);
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"3", "c"}})),
              ElementsAre(R"(insert 3 {"id":3,"note":"c"})"));
  EXPECT_EQ(batch_->id(0), "sys/1/0000000000000064/2") << "as without the restart";
  take(test::commit(100, 120));
  EXPECT_EQ(stream_->position(), (Position{"sys", 1, 120, 0, std::nullopt}));
  take(test::begin(130));
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"4", "d"}})), testing::SizeIs(1));
}

TEST_F(PostgresChanges, WhatCommittedBeforeThePositionIsSkipped) {
  start({"sys", 1, 200, 0, std::nullopt});
  open(100);
  EXPECT_THAT(take(test::change('I', kOrders, "", {{"1", "a"}})), IsEmpty());
  take(test::commit(100, 120));
  EXPECT_EQ(stream_->position().lsn, 200U);
}

TEST_F(PostgresChanges, AChangeOfAnUnknownTableIsRefused) {
  start();
  take(test::begin(100));
  const auto taken = stream_->take(test::change('I', 99, "", {{"1"}}));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "E7091");
}

TEST(PostgresResume, OnlyWithoutAGap) {
  const Position stored{"sys", 2, 100, 3, std::nullopt};
  const auto code = [&](ServerFacts server, Lsn confirmed) {
    SlotFacts slot;
    slot.confirmed = confirmed;
    const Status status = check_resume(stored, server, slot, "slot");
    return status ? std::string() : status.error().code;
  };
  EXPECT_EQ(code({"sys", 2, 500}, 100), "");
  EXPECT_EQ(code({"sys", 2, 500}, 40), "") << "a killed server forgets what it was told last";
  EXPECT_EQ(code({"sys", 3, 500}, 100), "") << "after a failover";
  EXPECT_EQ(code({"sys", 2, 500}, 101), "E7086");
  EXPECT_EQ(code({"sys", 2, 99}, 40), "E7087");
  EXPECT_EQ(code({"sys", 1, 500}, 40), "E7087");
  EXPECT_EQ(code({"other", 2, 500}, 40), "E7087");
}

}  // namespace
}  // namespace pelton::postgres
