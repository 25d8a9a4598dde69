// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/log_record.h"
#include "engine/store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/sst_file_manager.h>

#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

// Internal: the only header of the engine that shows RocksDB.
namespace pelton::store {

enum class Family : std::size_t {
  meta,     // format version, names, bounds of partitions, the last group that was applied
  index,    // where in the log each batch is
  extents,  // about a MiB of batches each: what retention drops, where a time is looked up
  cursors,
  retries,
  dead_letters,
  idempotency,
  ledger,
  letter_keys,  // those of dead_letters, which a start reads without the letters
};
inline constexpr std::size_t kFamilies = 9;

// Resource. The opened RocksDB with its column families. RocksDB keeps no log of its own: what was
// applied since the last flush() is replayed from the log.
class Database {
 public:
  // Called on one of RocksDB's threads when background work failed: nothing can be trusted to be
  // written. Not for a compaction that met damage, which leaves everything as it was.
  using BackgroundError = std::function<void(const std::string&)>;

  // `compaction_space`: see set_compaction_space(). RocksDB compacts as soon as it is open, and
  // sleeps for a second, in which it cannot be closed, after a compaction that is too large.
  static Result<std::unique_ptr<Database>> open(const Options& options,
                                                std::uint64_t compaction_space,
                                                const BackgroundError& on_error);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  Result<std::optional<std::string>> get(Family family, std::string_view key);
  // What a group of the log says. In memory until the next flush.
  Status apply(rocksdb::WriteBatch& batch);
  // Durable on return: everything applied so far, all families as of one moment.
  Status flush();
  // Bytes of the disk that compactions may take from now on; larger ones wait.
  void set_compaction_space(std::uint64_t bytes);
  // Gives back the space of what was removed from the family, where the rest of it, about `kept` of
  // its bytes, fits into the free space meanwhile.
  Status compact(Family family, double kept, std::uint64_t free);
  // Ends the compactions of the families in which one met damage, which would only meet it again,
  // and says so: once a family, kind corrupt (E4001). One thread, that which compacts.
  std::vector<Error> give_up_damaged();
  bool gave_up(Family family) const { return given_up_.contains(family); }
  // The files of a family, in an order in which remove_files() can remove them all.
  std::vector<std::string> files(Family family) const;
  // Removes files of which nothing is wanted, unread; the family is compacted again.
  Status remove_files(Family family, std::span<const std::string> files);
  // Random, one a data folder.
  std::uint64_t log_id() const { return log_id_; }
  // The last group that is in here.
  Result<LogSlot> applied();
  // Visits the keys that begin with `prefix`, from `from` on, until `visit` returns false; as they
  // were at the snapshot, if there is one.
  Status scan(Family family, std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view key, std::string_view value)>& visit,
              const rocksdb::Snapshot* snapshot = nullptr);

 private:
  Database() = default;
  rocksdb::Status try_open(const Options& options, const BackgroundError& on_error);
  Status open_rocksdb(const Options& options, const BackgroundError& on_error);
  Status check_families(const std::filesystem::path& data);
  Status check_format();
  Status begin_format();
  Status read_log_id();

  // Thread-safe. What compactions said of damage that they met.
  struct Damage {
    std::mutex mutex;
    std::map<Family, std::string> found;  // guarded by mutex
  };
  class Listener;

  const std::shared_ptr<Damage> damage_ = std::make_shared<Damage>();  // shared with RocksDB
  std::set<Family> given_up_;
  // Compactions that do not fit the disk are left for later.
  std::shared_ptr<rocksdb::SstFileManager> files_;  // shared with RocksDB
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  std::uint64_t log_id_ = 0;
  std::uint64_t compaction_space_ = 0;
};

// The value of `applied` in the meta family: the last group whose metadata is in RocksDB.
inline constexpr std::string_view kAppliedKey = "applied";
std::string encode_slot(const LogSlot& slot);

inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// A failed RocksDB status as an error: corrupt when the data is damaged, else unavailable.
std::unexpected<Error> database_error(std::string_view what, const rocksdb::Status& status);

}  // namespace pelton::store
