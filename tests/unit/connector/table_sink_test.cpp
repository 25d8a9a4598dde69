// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_sink.h"

#include "engine/model/batch_builder.h"
#include "engine/model/records.h"
#include "tests/contract/memory_ledger.h"
#include "tests/unit/connector/fake_target.h"

#include <gmock/gmock.h>

namespace pelton::database {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

SinkOptions sink_options(TableName table) {
  SinkOptions options;
  options.name = std::move(table);
  return options;
}

class TableSinkTest : public testing::Test {
 protected:
  void add(const std::string& data, const std::string& key = "") {
    model::EventView event;
    event.data = data;
    event.has_data = data != "-";
    event.key = key;
    event.has_key = !key.empty();
    builder_.add(event);
  }
  TableSink& sink() {
    if (!sink_) {
      sink_ = std::make_unique<TableSink>(options_, "pelton.out",
                                          std::make_unique<FakeTarget>(server_), ledger_);
      EXPECT_TRUE(sink_->connect());
    }
    return *sink_;
  }
  // As after a crash.
  void restart() { sink_.reset(); }
  // What has failed: "index kind code"; or the error of all.
  std::vector<std::string> write(Offset base = 0, Offset settled = 0) {
    return write({"bills", PartitionId{0}, base, order_, "out/bills/1/0/", "", settled});
  }
  std::vector<std::string> write(const connector::SinkPosition& position) {
    const auto failures = sink().write(*builder_.finish(), position);
    if (!failures) return {failures.error().code};
    std::vector<std::string> out;
    for (const auto& failure : *failures)
      out.push_back(fmt::format("{} {} {}", failure.index, to_string(failure.error.kind),
                                failure.error.code));
    return out;
  }

  FakeServer server_;
  test::MemoryLedger ledger_;
  SinkOptions options_ = sink_options({"public", "bills"});
  model::Order order_ = model::Order::key;
  model::BatchBuilder builder_;
  std::unique_ptr<TableSink> sink_;
};

TEST_F(TableSinkTest, EachEventIsARow) {
  add(R"({"id": 1, "item": "wheel"})");
  add(R"({"id": 2, "item": null})");
  add(R"({"id": 3})");
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1 item=wheel", "id=2 item=NULL", "id=3"));
}

TEST_F(TableSinkTest, WhatComesAgainAfterACrashIsNotWrittenAgain) {
  add(R"({"id": 1})");
  add(R"({"id": 2})");
  EXPECT_THAT(write(7), IsEmpty());
  restart();
  add(R"({"id": 2})");
  add(R"({"id": 3})");
  EXPECT_THAT(write(8), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1", "id=2", "id=3"));
}

TEST_F(TableSinkTest, ACommitWhoseAnswerIsLostIsNotRepeated) {
  server_.lose_answer = true;
  add(R"({"id": 1})");
  EXPECT_THAT(write(), ElementsAre("E7081"));
  restart();
  add(R"({"id": 1})");
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1"));
}

TEST_F(TableSinkTest, ARefusedRowIsAloneAndItsNeighboursAreWritten) {
  server_.refused = {"13", "77"};
  for (int i = 0; i < 100; ++i) add(fmt::format(R"({{"id": {}}})", i));
  EXPECT_THAT(write(), ElementsAre("13 invalid E7244", "77 invalid E7244"));
  EXPECT_EQ(server_.rows.size(), 98U);
  EXPECT_LT(server_.statements.size(), 25U);
}

TEST_F(TableSinkTest, ARefusedRowThatComesAgainIsTriedAgain) {
  server_.refused = {"1"};
  add(R"({"id": 0})");
  add(R"({"id": 1})");
  EXPECT_THAT(write(), ElementsAre("1 invalid E7244"));
  server_.refused.clear();
  add(R"({"id": 0})");
  add(R"({"id": 1})");
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=0", "id=1"));
}

TEST_F(TableSinkTest, LaterEventsOfTheKeyOfARefusedRowWait) {
  server_.refused = {"1"};
  add(R"({"id": 0})", "a");
  add(R"({"id": 1})", "a");
  add(R"({"id": 2})", "a");
  add(R"({"id": 3})", "b");
  EXPECT_THAT(write(), ElementsAre("1 invalid E7244", "2 overloaded "));
  EXPECT_THAT(server_.rows, UnorderedElementsAre("id=0", "id=3"));
}

TEST_F(TableSinkTest, WhatStandsBeforeABrokenEventOfItsKeyIsWritten) {
  add(R"({"id": 0})", "a");
  add("no JSON", "a");
  add(R"({"id": 2})", "a");
  EXPECT_THAT(write(), ElementsAre("1 invalid E7245", "2 overloaded "));
  EXPECT_THAT(server_.rows, ElementsAre("id=0"));
}

TEST_F(TableSinkTest, UnderPartitionOrderRowsKeepTheirOrderWhateverTheirColumns) {
  order_ = model::Order::partition;
  add(R"({"id": 1, "item": "a"})");
  add(R"({"id": 2})");
  add(R"({"id": 3, "item": "c"})");
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1 item=a", "id=2", "id=3 item=c"));
}

TEST_F(TableSinkTest, ARowIsChangedOnceInAStatement) {
  options_.mode = WriteMode::upsert;
  add(R"({"id": 1, "item": "old"})");
  add(R"({"id": 2, "item": "x"})");
  add(R"({"id": 1, "item": "new"})");
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1 item=old", "id=2 item=x", "id=1 item=new"));
  EXPECT_THAT(server_.statements, ElementsAre(2, 1));
}

TEST_F(TableSinkTest, TombstonesDeleteTheRowOfTheirKey) {
  options_.mode = WriteMode::upsert;
  options_.deletes = Deletes::tombstone;
  add(R"({"id": 1, "item": "x"})", "1");
  add("-", "1");
  add("-");
  EXPECT_THAT(write(), ElementsAre("2 invalid E7245"));
  EXPECT_THAT(server_.rows, ElementsAre("id=1 item=x", "delete id=1"));
}

TEST_F(TableSinkTest, ATransactionThatOthersWereInTheWayOfIsRepeated) {
  server_.failing_run = Error{ErrorKind::unavailable, "E7246", "deadlock detected"};
  add(R"({"id": 1})");
  EXPECT_THAT(write(), IsEmpty());
  server_.failing_end = Error{ErrorKind::unavailable, "E7246", "could not serialize"};
  add(R"({"id": 2})");
  EXPECT_THAT(write(1), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1", "id=2"));
}

TEST_F(TableSinkTest, WhatIsSettledIsForgotten) {
  for (int i = 0; i < 9; i += 2) {
    add(R"({"id": 1})");
    EXPECT_THAT(write(i, 0), IsEmpty());
  }
  EXPECT_EQ(server_.progress["pelton.out/bills/1/0/"].written, "1;2-3,4-5,6-7,8-9");
  add(R"({"id": 1})");
  EXPECT_THAT(write(10, 10), IsEmpty());
  EXPECT_EQ(server_.progress["pelton.out/bills/1/0/"].written, "11");
}

TEST_F(TableSinkTest, AfterAMoveByAnOperatorEventsAreWrittenAgain) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(5, 5), IsEmpty());
  ledger_.entries[model::moved_key(PartitionId{0})] = "1000";
  for (int again = 0; again < 2; ++again) {
    add(R"({"id": 1})");
    EXPECT_THAT(write(5, 3), IsEmpty());
  }
  EXPECT_EQ(server_.rows.size(), 2U) << "once for the move, and not again after a crash";
}

TEST_F(TableSinkTest, AMoveThatNobodyToldOfIsRefused) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(5, 5), IsEmpty());
  add(R"({"id": 1})");
  EXPECT_THAT(write(4, 4), ElementsAre("E7247"));
}

TEST_F(TableSinkTest, ADatabaseThatHasGoneBackIsNoticed) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(0, 0), IsEmpty());
  const auto backup = server_.progress;
  add(R"({"id": 2})");
  EXPECT_THAT(write(1, 1), IsEmpty());
  server_.progress = backup;
  add(R"({"id": 3})");
  EXPECT_THAT(write(2, 2), ElementsAre("E7248"));
  restart();
  server_.progress.clear();
  add(R"({"id": 3})");
  EXPECT_THAT(write(2, 2), ElementsAre("E7248")) << "the next process knows it, too";
  ledger_.entries[model::moved_key(PartitionId{0})] = "1000";
  add(R"({"id": 2})");
  add(R"({"id": 3})");
  EXPECT_THAT(write(1, 1), IsEmpty()) << "an operator has decided";
  EXPECT_THAT(server_.rows, ElementsAre("id=1", "id=2", "id=2", "id=3"));
}

TEST_F(TableSinkTest, ADatabaseFromBeforeAMoveIsNoticed) {
  const auto backup = server_.progress;
  ledger_.entries[model::moved_key(PartitionId{0})] = "1000";
  add(R"({"id": 1})");
  EXPECT_THAT(write(5, 5), IsEmpty());
  server_.progress = backup;
  add(R"({"id": 2})");
  EXPECT_THAT(write(6, 6), ElementsAre("E7248"));
}

TEST_F(TableSinkTest, AStreamThatWasMadeAnewBeginsAgain) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(5, 5), IsEmpty());
  add(R"({"id": 2})");
  EXPECT_THAT(write({"bills", PartitionId{0}, 0, order_, "out/bills/2/0/", "", 0}), IsEmpty());
  EXPECT_THAT(server_.rows, ElementsAre("id=1", "id=2"));
}

TEST_F(TableSinkTest, WhatAnotherEngineHasWrittenMeanwhileIsNoStepBack) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(5, 5), IsEmpty());
  server_.progress["pelton.out/bills/1/0/"] = {7, 3, "3"};  // moved there by an operator of its own
  add(R"({"id": 2})");
  EXPECT_THAT(write(6, 6), IsEmpty());
}

TEST_F(TableSinkTest, AnEventFailsOnlyIfItDoesNotFitTheTableAsItIsNow) {
  add(R"({"id": 1, "more": 1})");
  EXPECT_THAT(write(), ElementsAre("0 invalid E7245"));
  server_.table.columns.push_back({"more", "text", ColumnForm::text, ColumnForm::text, false});
  add(R"({"id": 1, "more": 1})");
  add(R"({"id": 2, "else": 1})");
  EXPECT_THAT(write(), ElementsAre("1 invalid E7245"));
  EXPECT_THAT(server_.rows, ElementsAre("id=1 more=1"));
}

TEST_F(TableSinkTest, AReplayedLetterIsWrittenOnce) {
  add(R"({"id": 1})");
  EXPECT_THAT(write(9, 9), IsEmpty());
  for (int again = 0; again < 2; ++again) {
    add(R"({"id": 2})");
    EXPECT_THAT(write({"bills", PartitionId{0}, 4, order_, "", "out/bills/1/0/4", 0}), IsEmpty());
  }
  EXPECT_THAT(server_.rows, ElementsAre("id=1", "id=2"));
}

TEST_F(TableSinkTest, AForeignProgressIsRefused) {
  for (const char* text : {"", "x", "1;", "1;5", "1;5-4", "1;2-3;4-5", "1,2-3"}) {
    server_.progress["pelton.out/bills/1/0/"] = {0, 0, text};
    add(R"({"id": 1})");
    EXPECT_THAT(write(), ElementsAre("E7243")) << text;
  }
}

TEST_F(TableSinkTest, LargeBatchesAreWrittenPieceByPiece) {
  const std::string item(1'000'000, 'x');
  for (int i = 0; i < 10; ++i) add(fmt::format(R"({{"id": {}, "item": "{}"}})", i, item));
  EXPECT_THAT(write(), IsEmpty());
  EXPECT_EQ(server_.rows.size(), 10U);
  EXPECT_GE(server_.statements.size(), 2U);
}

}  // namespace
}  // namespace pelton::database
