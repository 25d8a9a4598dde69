// SPDX-License-Identifier: Apache-2.0
#include "engine/store/database.h"

#include "engine/store/wal_check.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/table.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>

namespace pelton::store {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "1";

constexpr std::array<const char*, kFamilies> kNames{"default",     "streams", "segments",
                                                    "cursors",     "retries", "dead_letters",
                                                    "idempotency", "ledger"};

class ErrorListener final : public rocksdb::EventListener {
 public:
  explicit ErrorListener(Database::BackgroundError on_error) : on_error_(std::move(on_error)) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    on_error_(status->ToString());
  }
  // The engine ends: nothing is to be written behind its back any more.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* recovers) override {
    *recovers = false;
  }

 private:
  Database::BackgroundError on_error_;
};

// RocksDB's file of its own words takes a second line after one that the full disk refused for a
// programming error, and aborts where it is built with assertions, as Debian's is. What went wrong
// is told by statuses and by the listener.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions db_options(const Options& options, Database::BackgroundError on_error) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.track_and_verify_wals_in_manifest = true;
  db.max_open_files = 512;
  db.max_background_jobs = 2;
  // What a start replays: 1 GB of state opens in well under 2 s.
  db.max_total_wal_size = 128U << 20;
  db.bytes_per_sync = 1U << 20;
  db.wal_bytes_per_sync = 0;
  db.recycle_log_file_num = 0;
  db.info_log = std::make_shared<NoLog>();
  db.rate_limiter.reset(rocksdb::NewGenericRateLimiter(200LL << 20));
  // A failed background write ends the engine: what RocksDB repairs by itself has lost families
  // apart.
  db.max_bgerror_resume_count = 0;
  db.listeners.push_back(std::make_shared<ErrorListener>(std::move(on_error)));
  if (options.env != nullptr) db.env = options.env;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(Family family) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  if (family == Family::streams) {
    options.write_buffer_size = 64U << 20;
    options.target_file_size_base = 64U << 20;
    options.max_bytes_for_level_base = 1U << 30;
    // Batches are written once and read from the tail: merging them early is work for nothing.
    options.level0_file_num_compaction_trigger = 16;
    options.level0_slowdown_writes_trigger = 48;
    options.level0_stop_writes_trigger = 64;
    table.block_size = 64U << 10;
    // Batches are read in order and kept by the tail and the page cache.
    table.no_block_cache = true;
  } else {
    options.write_buffer_size = 8U << 20;
    table.block_size = 16U << 10;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

std::string holder(int fd) {
  char text[32] = {};
  const ssize_t length = ::pread(fd, text, sizeof text - 1, 0);
  const std::string pid(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  return pid.empty() ? "another process" : "process " + pid.substr(0, pid.find('\n'));
}

}  // namespace

std::unexpected<Error> database_error(std::string_view what, const rocksdb::Status& status) {
  if (status.IsCorruption())
    return fail(ErrorKind::corrupt, "E4001", "{}: {}", what, status.ToString());
  return fail(ErrorKind::unavailable, "E4106", "{}: {}", what, status.ToString());
}

Result<std::unique_ptr<Database>> Database::open(const Options& options,
                                                 const BackgroundError& on_error) {
  std::unique_ptr<Database> database(new Database);
  if (auto ok = database->lock(options.data); !ok) return std::unexpected(ok.error());
  if (auto ok = database->open_rocksdb(options, on_error); !ok) return std::unexpected(ok.error());
  if (auto ok = database->check_format(); !ok) return std::unexpected(ok.error());
  return database;
}

Status Database::lock(const std::filesystem::path& data) {
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (error)
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be created: {}",
                data.string(), error.message());
  const auto path = data / "engine.pid";
  lock_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock_)
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be written: {}",
                data.string(), std::strerror(errno));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::invalid, "E4101",
                "the data folder {} is in use by another engine ({}); stop it first, or give this "
                "one a folder of its own (engine.data)",
                data.string(), holder(lock_.get()));
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return fail(ErrorKind::unavailable, "E4104", "the data folder {} cannot be written: {}",
                data.string(), std::strerror(errno));
  return {};
}

rocksdb::Status Database::try_open(const Options& options, const BackgroundError& on_error,
                                   rocksdb::WALRecoveryMode mode) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t i = 0; i < kFamilies; ++i)
    descriptors.emplace_back(kNames[i], family_options(static_cast<Family>(i)));
  rocksdb::DBOptions settings = db_options(options, on_error);
  settings.wal_recovery_mode = mode;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(settings, (options.data / "db").string(), descriptors, &handles, &db);
  if (!status.ok()) return status;
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), families_.begin());
  return status;
}

Status Database::open_rocksdb(const Options& options, const BackgroundError& on_error) {
  const std::filesystem::path db = options.data / "db";
  if (auto ok = wal::check_ends(db); !ok) return ok;
  auto status =
      try_open(options, on_error, rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords);
  if (status.IsCorruption()) {
    auto torn = wal::only_torn(db);
    if (!torn) return std::unexpected(torn.error());
    if (*torn) status = try_open(options, on_error, rocksdb::WALRecoveryMode::kPointInTimeRecovery);
  }
  if (status.ok()) return {};
  const std::string cause = status.ToString();
  if (status.IsInvalidArgument() && cause.find("olumn famil") != std::string::npos)
    return fail(ErrorKind::invalid, "E4102",
                "the data folder {} was written by a newer version of Pelton: {}",
                options.data.string(), cause);
  const bool damaged = status.IsCorruption();
  return fail(damaged ? ErrorKind::corrupt : ErrorKind::unavailable, damaged ? "E4001" : "E4104",
              "the data folder {} cannot be opened: {}", options.data.string(), cause);
}

Status Database::check_format() {
  auto stored = get(Family::meta, kFormatKey);
  if (!stored) return std::unexpected(stored.error());
  if (*stored == kFormat) return {};
  if (*stored)
    return fail(
        ErrorKind::invalid, "E4102",
        "the data folder has format {}, this version reads format {} only; it was written by "
        "another version of Pelton",
        **stored, kFormat);
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::meta), slice(kFormatKey), slice(kFormat));
  return write(batch);
}

Database::~Database() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : families_)
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
}

Result<std::optional<std::string>> Database::get(Family family, std::string_view key) {
  std::string value;
  const auto status = db_->Get({}, this->family(family), slice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return database_error("reading the store", status);
  return value;
}

Status Database::write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return database_error("writing the store", status);
  return {};
}

Status Database::scan(
    Family family, std::string_view prefix, std::string_view from,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}, this->family(family)));
  for (at->Seek(slice(from)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next())
    if (!visit(view(at->key()), view(at->value()))) return {};
  if (!at->status().ok()) return database_error("reading the store", at->status());
  return {};
}

}  // namespace pelton::store
