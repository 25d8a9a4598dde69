// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/unique_fd.h"
#include "engine/store/store.h"

#include <rocksdb/db.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>

// Internal: the only header of the engine that shows RocksDB.
namespace pelton::store {

enum class Family : std::size_t {
  meta,      // format version, names, bounds of partitions
  streams,   // batches
  segments,  // about a MiB of batches each: what retention drops, where a time is looked up
  cursors,
  retries,
  dead_letters,
  idempotency,
  ledger,
};
inline constexpr std::size_t kFamilies = 8;

// Resource. The opened RocksDB with its column families, and the lock on the data folder.
class Database {
 public:
  // Called on one of RocksDB's threads when background work failed: nothing can be trusted to be
  // written.
  using BackgroundError = std::function<void(const std::string&)>;

  static Result<std::unique_ptr<Database>> open(const Options& options,
                                                const BackgroundError& on_error);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  Result<std::optional<std::string>> get(Family family, std::string_view key);
  // Durable on return; only for what is not on the event's way (names, ledgers).
  Status write(rocksdb::WriteBatch& batch);
  // Visits the keys that begin with `prefix`, from `from` on, until `visit` returns false.
  Status scan(Family family, std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view key, std::string_view value)>& visit);

 private:
  Database() = default;
  Status lock(const std::filesystem::path& data);
  rocksdb::Status try_open(const Options& options, const BackgroundError& on_error,
                           rocksdb::WALRecoveryMode mode);
  Status open_rocksdb(const Options& options, const BackgroundError& on_error);
  Status check_format();

  UniqueFd lock_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
};

inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// A failed RocksDB status as an error: corrupt when the data is damaged, else unavailable.
std::unexpected<Error> database_error(std::string_view what, const rocksdb::Status& status);

}  // namespace pelton::store
