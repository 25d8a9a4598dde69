// SPDX-License-Identifier: Apache-2.0
// Files that are not what was written: an error with its place, never wrong or missing data.
#include "engine/store/database.h"
#include "engine/store/keys.h"
#include "tests/unit/store/faulty_segments.h"
#include "tests/unit/store/store_fixture.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace pelton::store {
namespace {

namespace fs = std::filesystem;

class Damage : public StoreFixture {
 protected:
  static constexpr int kBatches = 50;
  static constexpr std::size_t kSize = 3000;

  Damage() { options.log_files = &files; }

  // Batches of 3,000 bytes, and RocksDB as after a kill: only the log has them.
  void fill() {
    open();
    for (int i = 0; i < kBatches; ++i) ASSERT_TRUE(append({text(i)}));
    kill();
  }
  // Nothing is flushed behind the back of a store that failed.
  void kill() {
    files.fail_at(1);
    ASSERT_FALSE(append({"never acknowledged"}));
    store.reset();
    files.lose_all_unsynced();
    files.heal();
  }
  static std::string text(int i) {
    std::string data = std::to_string(i);
    return data.append(kSize, 'x');
  }
  std::string& log() { return files.bytes(1); }
  std::size_t find(int batch) { return log().find(text(batch)); }
  void expect_refused() {
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "E4001");
    EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
    EXPECT_NE(refused.error().message.find("segment 00000001.log"), std::string::npos)
        << refused.error().message;
  }

  FaultySegments files;
};

TEST_F(Damage, NothingIsLostWhenTheLogIsReplayed) {
  fill();
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches);
  EXPECT_EQ(read().back(), text(kBatches - 1));
}

TEST_F(Damage, OfABatchInTheMiddleOfTheLogIsRefused) {
  fill();
  log()[find(kBatches / 2) + 100] ^= 1;
  expect_refused();
}

TEST_F(Damage, OfABatchBeforeTheLastIsRefused) {
  fill();
  log()[find(kBatches - 2) + 100] ^= 1;
  expect_refused();
}

// Every byte of one group: header, directory, batch, metadata.
TEST_F(Damage, AnyBitOfAGroupThatOthersFollowIsRefused) {
  open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append({std::to_string(i)}));
  const std::size_t begin = log().size();
  ASSERT_TRUE(append({"five"}));
  const std::size_t end = log().size();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(append({std::to_string(i)}));
  kill();
  const auto padding = RecordHeader{}.padded_size() - RecordHeader{}.size() + kRecordAlignment;
  for (std::size_t at = (begin + 7) / 8 * 8; at < end - padding; at += 13) {
    log()[at] ^= 4;
    const auto refused = try_open();
    EXPECT_FALSE(refused) << at - begin;
    store.reset();
    log()[at] ^= 4;
  }
  open();
  EXPECT_EQ(read().size(), 9U);
}

TEST_F(Damage, ALastGroupThatWasCutOffIsForgotten) {
  fill();
  log().resize(find(kBatches - 1) + kSize / 2);
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(read().back(), text(kBatches - 2));
  EXPECT_EQ(*append({"next"}), kBatches - 1);
  open();
  EXPECT_EQ(read().back(), "next");
}

TEST_F(Damage, ALastGroupOfWhichAPageNeverReachedTheDiskIsForgotten) {
  fill();
  log().replace(find(kBatches - 1) + 500, 1000, std::string(1000, '\0'));
  open();
  EXPECT_EQ(store->bounds(at())->end, kBatches - 1);
  EXPECT_EQ(*append({"next"}), kBatches - 1);
}

TEST_F(Damage, ASegmentThatIsGoneIsRefused) {
  fill();
  open();
  store.reset();
  files.files().clear();
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find("segment of the log is missing"), std::string::npos);
}

// Whoever deletes `db` alone must not have the log written over.
TEST_F(Damage, ALogWithoutItsDatabaseIsRefused) {
  fill();
  fs::remove_all(options.data / "db");
  const auto refused = try_open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "E4001");
  EXPECT_NE(refused.error().message.find("belongs to another log"), std::string::npos);
}

TEST_F(Damage, OfABatchThatIsReadIsNamedByPlace) {
  options.tail_bytes = 0;
  fill();
  open();
  open();  // all of it is applied and flushed
  log()[find(1) + 100] ^= 1;
  const auto whole = store->read(at(), 0, 10'000'000);
  ASSERT_TRUE(whole) << whole.error().text();
  EXPECT_EQ(whole->size(), 1U) << "what is in front of the damage is given out";
  const auto batches = store->read(at(), 1, 10'000'000);
  ASSERT_FALSE(batches);
  EXPECT_EQ(batches.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(batches.error().code, "E4001");
  EXPECT_NE(batches.error().message.find("stream s, partition 0, offset 1"), std::string::npos)
      << batches.error().message;
  EXPECT_TRUE(store->read(at(), 3, 1000));  // the rest is given out
}

TEST_F(Damage, ATableThatIsGoneIsRefused) {
  fill();
  open();
  store.reset();
  fs::path table;
  for (const auto& each : fs::directory_iterator(options.data / "db"))
    if (each.path().extension() == ".sst") table = each.path();
  ASSERT_FALSE(table.empty());
  fs::remove(table);
  EXPECT_FALSE(try_open());
}

TEST_F(Damage, ABatchThatIsGoneIsNotSkipped) {
  open();
  for (int i = 0; i < 4; ++i) append({std::string(1'500'000, 'x')});
  const model::StreamPartition where = at();
  store.reset();
  {
    auto database = Database::open(options, 0, [](const std::string&) {});
    rocksdb::WriteBatch removal;
    removal.Delete((*database)->family(Family::index), keys::batch(where, 1));
    ASSERT_TRUE((*database)->apply(removal));
    ASSERT_TRUE((*database)->flush());
  }
  open();
  ASSERT_EQ(store->read(at(), 0, 10'000'000)->size(), 1U);
  const auto batches = store->read(at(), 1, 10'000'000);
  ASSERT_FALSE(batches);
  EXPECT_EQ(batches.error().code, "E4001");
  EXPECT_NE(batches.error().message.find("offset 1"), std::string::npos);
}

// Everything that was acknowledged is in the log only, and RocksDB knows that there was a log.
TEST_F(Damage, TheOnlySegmentThatIsGoneBeforeTheFirstFlushIsRefused) {
  fill();
  const auto refuse = [&] {
    const auto refused = try_open();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "E4001");
    EXPECT_NE(refused.error().message.find("segment of the log is missing"), std::string::npos)
        << refused.error().message;
  };
  log().clear();
  refuse();
  files.files().clear();
  refuse();
}

class DamagedLetters : public Damage {
 protected:
  static constexpr Offset kLetters = 60;

  static std::string name(Offset offset) { return fmt::format("letter-{:04}-", offset); }
  Status add(Offset offset) {
    model::DeadLetter letter;
    letter.id = {binding, PartitionId{0}, offset, store->incarnation(at().stream)};
    letter.binding = "b";
    letter.reason = "failed";
    letter.event = batch({name(offset) + std::string(2000, 'x')});
    model::Transaction transaction;
    transaction.dead_letters.push_back(letter);
    auto done = commit(std::move(transaction), Origin::engine);
    return done ? Status{} : std::unexpected(done.error());
  }
  void purge(std::span<const model::DeadLetterId> ids) {
    model::Transaction transaction;
    transaction.dead_letters_removed.assign(ids.begin(), ids.end());
    ASSERT_TRUE(commit(std::move(transaction), Origin::engine));
  }
  // A bit of the only table that holds the letter.
  void flip(Offset offset) {
    store.reset();
    for (const auto& each : fs::directory_iterator(options.data / "db")) {
      if (each.path().extension() != ".sst") continue;
      std::fstream file(each.path(), std::ios::in | std::ios::out | std::ios::binary);
      std::string bytes((std::istreambuf_iterator<char>(file)), {});
      const std::size_t found = bytes.find(name(offset));
      if (found == std::string::npos) continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(found + 500));
      file.put('y');
      return;
    }
    FAIL() << "no table holds the letter";
  }
  void open_and_listen() {
    open();
    store->set_notice_listener([this](const std::string& sentence) { said += sentence + "\n"; });
  }
  std::map<Offset, model::DeadLetter> letters() {
    std::map<Offset, model::DeadLetter> all;
    auto read = store->dead_letters(binding, std::nullopt, [&](const model::DeadLetter& letter) {
      all[letter.id.offset] = letter;
      return true;
    });
    EXPECT_TRUE(read) << read.error().text();
    return all;
  }

  std::string said;
};

TEST_F(DamagedLetters, AreListedBesideWhatIsWhole) {
  open();
  for (Offset n = 0; n < kLetters; ++n) ASSERT_TRUE(add(n));
  flip(30);
  open();
  const auto all = letters();
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kLetters));
  EXPECT_EQ(all.at(30).reason, "damaged");
  EXPECT_EQ(all.at(30).binding, "b");
  EXPECT_NE(all.at(30).retry.history.back().message.find("offset 30"), std::string::npos);
  EXPECT_EQ(all.at(0).reason, "failed");
  EXPECT_EQ(all.at(kLetters - 1).event->data(0).substr(0, 12), name(kLetters - 1));
  EXPECT_EQ(store->dead_letter(all.at(30).id).error().code, "E4001");
}

TEST_F(DamagedLetters, StopNothingElseAndCanBePurged) {
  open();
  for (Offset n = 0; n < kLetters; ++n) ASSERT_TRUE(add(n));
  flip(30);
  open_and_listen();
  std::vector<model::DeadLetterId> ids;
  for (const auto& [offset, letter] : letters()) ids.push_back(letter.id);
  purge(std::span(ids).subspan(40));  // so many that they are compacted
  store->run_maintenance();
  EXPECT_NE(said.find("E4001: RocksDB's family dead_letters is damaged"), std::string::npos)
      << said;
  ASSERT_TRUE(append({"goes on"}));
  EXPECT_FALSE(store->failed());
  EXPECT_EQ(letters().size(), 40U);
  purge(std::span(ids).first(40));
  store->run_maintenance();
  EXPECT_NE(said.find("the damaged dead letters are removed"), std::string::npos) << said;
  ASSERT_TRUE(add(99));
  said.clear();
  open_and_listen();
  purge(ids);  // nothing of them comes back
  EXPECT_EQ(letters().size(), 1U);
  store->run_maintenance();
  EXPECT_EQ(said, "");
  EXPECT_EQ(read().back(), "goes on");
}

// Four tables are compacted by RocksDB itself.
TEST_F(DamagedLetters, DoNotEndTheEngineWhenRocksDbCompactsByItself) {
  open();
  ASSERT_TRUE(add(0));
  flip(0);
  open_and_listen();
  for (Offset n = 1; n < 5; ++n) {
    ASSERT_TRUE(add(n));
    open_and_listen();
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (said.empty() && std::chrono::steady_clock::now() < deadline) {
    store->run_maintenance();
    std::this_thread::yield();
  }
  EXPECT_NE(said.find("E4001"), std::string::npos) << said;
  EXPECT_FALSE(store->failed());
  ASSERT_TRUE(append({"goes on"}));
}

}  // namespace
}  // namespace pelton::store
