// SPDX-License-Identifier: Apache-2.0
#include "engine/store/database.h"

#include "engine/store/codec.h"
#include "engine/store/keys.h"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <random>
#include <utility>

namespace pelton::store {
namespace {

constexpr std::string_view kFormatKey = "format";
constexpr std::string_view kFormat = "4";

constexpr std::uint64_t kNoLimit = 1ULL << 50;

constexpr std::string_view kLogKey = "log";
// What only a data folder of format 1 has.
constexpr std::string_view kFormat1Family = "streams";

constexpr std::array<const char*, kFamilies> kNames{"default",     "index",   "extents",
                                                    "cursors",     "retries", "dead_letters",
                                                    "idempotency", "ledger",  "letter_keys"};

// RocksDB's file of its own words takes a second line after one that the full disk refused for a
// programming error, and aborts where it is built with assertions, as Debian's is. What went wrong
// is told by statuses and by the listener.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// An attempt is written as what is new of it: RocksDB puts the pieces together.
class JoinRetries final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* stored, const rocksdb::Slice& update,
             std::string* joined, rocksdb::Logger*) const override {
    const std::string_view before = stored != nullptr ? stored->ToStringView() : std::string_view{};
    *joined = codec::joined_retries(before, update.ToStringView());
    return true;
  }
  const char* Name() const override { return "pelton.retries"; }
};

// Progress is written as what is new of it, too.
class JoinCursors final : public rocksdb::MergeOperator {
 public:
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    std::vector<std::string_view> all;
    if (in.existing_value != nullptr) all.push_back(in.existing_value->ToStringView());
    for (const rocksdb::Slice& operand : in.operand_list) all.push_back(operand.ToStringView());
    return join(all, &out->new_value);
  }
  bool PartialMergeMulti(const rocksdb::Slice&, const std::deque<rocksdb::Slice>& operands,
                         std::string* joined, rocksdb::Logger*) const override {
    std::vector<std::string_view> all;
    for (const rocksdb::Slice& operand : operands) all.push_back(operand.ToStringView());
    return join(all, joined);
  }
  const char* Name() const override { return "pelton.cursors"; }

 private:
  static bool join(const std::vector<std::string_view>& all, std::string* joined) {
    auto value = codec::joined_cursors(all);
    if (value) *joined = std::move(*value);
    return value.has_value();
  }
};

rocksdb::DBOptions db_options(const Options& options,
                              std::shared_ptr<rocksdb::EventListener> listener,
                              std::shared_ptr<rocksdb::SstFileManager> files) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_open_files = 512;
  db.max_background_jobs = 2;
  // All families are flushed as of one moment: `applied` tells what the log need not replay.
  db.atomic_flush = true;
  // Only flush() at the end: a store that failed writes nothing behind its back.
  db.avoid_flush_during_shutdown = true;
  db.db_write_buffer_size = options.buffer_bytes;
  db.sst_file_manager = std::move(files);
  db.bytes_per_sync = 1U << 20;
  // Space that is only reserved is missing where the disk is full.
  db.allow_fallocate = false;
  db.info_log = std::make_shared<NoLog>();
  db.rate_limiter.reset(rocksdb::NewGenericRateLimiter(200LL << 20));
  // A failed background write ends the engine: what RocksDB repairs by itself has lost families
  // apart.
  db.max_bgerror_resume_count = 0;
  db.listeners.push_back(std::move(listener));
  if (options.env != nullptr) db.env = options.env;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(Family family, std::uint64_t buffer_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  options.write_buffer_size = std::min<std::uint64_t>(16U << 20, buffer_bytes);
  // Each family takes a block at its first write: together a small part of all buffers.
  options.arena_block_size = std::clamp<std::uint64_t>(buffer_bytes / 256, 16U << 10, 256U << 10);
  // One compaction takes about so much of the disk beside what it replaces.
  options.target_file_size_base = 16U << 20;
  options.max_bytes_for_level_base = 64U << 20;
  // Where there is no space for compactions, writes must not wait for them.
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  table.block_size = 16U << 10;
  // Read in order, from one key on.
  if (family != Family::index && family != Family::extents)
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  if (family == Family::cursors) options.merge_operator = std::make_shared<JoinCursors>();
  if (family == Family::retries) options.merge_operator = std::make_shared<JoinRetries>();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

class Database::Listener final : public rocksdb::EventListener {
 public:
  Listener(BackgroundError on_error, std::shared_ptr<Damage> damage)
      : on_error_(std::move(on_error)), damage_(std::move(damage)) {}

  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo& info) override {
    const auto name = std::ranges::find(kNames, info.cf_name);
    if (!info.status.IsCorruption() || name == kNames.end()) return;
    std::lock_guard lock(damage_->mutex);
    damage_->found.try_emplace(static_cast<Family>(name - kNames.begin()), info.status.ToString());
  }
  // A compaction that could not read its input has changed nothing. RocksDB is not to refuse all
  // writes for it: it would, of every family, until the next start.
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (reason == rocksdb::BackgroundErrorReason::kCompaction && status->IsCorruption())
      *status = rocksdb::Status::OK();
    else
      on_error_(status->ToString());
  }
  // The engine ends: nothing is to be written behind its back any more.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* recovers) override {
    *recovers = false;
  }

 private:
  const BackgroundError on_error_;
  const std::shared_ptr<Damage> damage_;  // shared with the Database
};

std::unexpected<Error> database_error(std::string_view what, const rocksdb::Status& status) {
  if (status.IsCorruption())
    return fail(ErrorKind::corrupt, "E4001", "{}: {}", what, status.ToString());
  return fail(ErrorKind::unavailable, "E4106", "{}: {}", what, status.ToString());
}

Result<std::unique_ptr<Database>> Database::open(const Options& options,
                                                 std::uint64_t compaction_space,
                                                 const BackgroundError& on_error) {
  std::unique_ptr<Database> database(new Database);
  database->compaction_space_ = compaction_space;
  if (auto ok = database->open_rocksdb(options, on_error); !ok) return std::unexpected(ok.error());
  if (auto ok = database->check_format(); !ok) return std::unexpected(ok.error());
  return database;
}

rocksdb::Status Database::try_open(const Options& options, const BackgroundError& on_error) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (std::size_t i = 0; i < kFamilies; ++i)
    descriptors.emplace_back(kNames[i],
                             family_options(static_cast<Family>(i), options.buffer_bytes));
  // A compaction would be another thread's doing.
  for (auto& descriptor : descriptors)
    descriptor.options.disable_auto_compactions = options.steps != nullptr;
  rocksdb::Env* env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  files_.reset(rocksdb::NewSstFileManager(env));
  set_compaction_space(compaction_space_);
  const rocksdb::DBOptions settings =
      db_options(options, std::make_shared<Listener>(on_error, damage_), files_);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(settings, (options.data / "db").string(), descriptors, &handles, &db);
  if (!status.ok()) return status;
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), families_.begin());
  return status;
}

Status Database::check_families(const std::filesystem::path& data) {
  std::vector<std::string> names;
  // Fails where there is no RocksDB yet, or none that opens: open() says so.
  const auto listed = rocksdb::DB::ListColumnFamilies({}, (data / "db").string(), &names);
  if (!listed.ok() || std::ranges::find(names, kFormat1Family) == names.end()) return {};
  return fail(ErrorKind::invalid, "E4102",
              "the data folder {} has format 1, this version reads format {} only; start with an "
              "empty folder, or run the version that wrote it",
              data.string(), kFormat);
}

Status Database::open_rocksdb(const Options& options, const BackgroundError& on_error) {
  if (auto ok = check_families(options.data); !ok) return ok;
  const auto status = try_open(options, on_error);
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
  if (*stored == kFormat) return read_log_id();
  if (*stored)
    return fail(
        ErrorKind::invalid, "E4102",
        "the data folder has format {}, this version reads format {} only; it was written by "
        "another version of Pelton",
        **stored, kFormat);
  return begin_format();
}

Status Database::begin_format() {
  std::random_device random;
  log_id_ = (static_cast<std::uint64_t>(random()) << 32) | random();
  std::string id;
  keys::put_u64(id, log_id_);
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::meta), slice(kFormatKey), slice(kFormat));
  batch.Put(family(Family::meta), slice(kLogKey), id);
  if (auto ok = apply(batch); !ok) return ok;
  return flush();
}

Status Database::read_log_id() {
  auto stored = get(Family::meta, kLogKey);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored || (*stored)->size() != 8)
    return fail(ErrorKind::corrupt, "E4001", "the id of the log is damaged");
  std::string_view bytes = **stored;
  log_id_ = keys::take_u64(bytes);
  return {};
}

std::string encode_slot(const LogSlot& slot) {
  std::string out;
  keys::put_u64(out, slot.group);
  keys::put_u64(out, slot.lap);
  keys::put_u64(out, slot.position);
  return out;
}

Result<LogSlot> Database::applied() {
  auto stored = get(Family::meta, kAppliedKey);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return LogSlot{};
  if ((*stored)->size() != 24)
    return fail(ErrorKind::corrupt, "E4001", "the number of the last applied group is damaged");
  std::string_view bytes = **stored;
  LogSlot slot;
  slot.group = keys::take_u64(bytes);
  slot.lap = keys::take_u64(bytes);
  slot.position = keys::take_u64(bytes);
  return slot;
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

Status Database::apply(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return database_error("writing the store", status);
  return {};
}

Status Database::flush() {
  const auto status = db_->Flush({}, {families_.begin(), families_.end()});
  if (!status.ok()) return database_error("writing the store", status);
  return {};
}

void Database::set_compaction_space(std::uint64_t bytes) {
  compaction_space_ = std::min(bytes, kNoLimit);
  // The limit is beyond all that flushes may write; what compactions get is what the buffer leaves.
  files_->SetCompactionBufferSize(kNoLimit - compaction_space_);
  files_->SetMaxAllowedSpaceUsage(files_->GetTotalSize() + kNoLimit);
}

Status Database::compact(Family family, double kept, std::uint64_t free) {
  if (gave_up(family)) return {};
  std::uint64_t bytes = 0;
  db_->GetIntProperty(this->family(family), "rocksdb.total-sst-files-size", &bytes);
  if (static_cast<double>(bytes) * kept > static_cast<double>(free)) return {};
  // RocksDB reckons with all that is read; what is removed is not written again.
  const std::uint64_t before = compaction_space_;
  set_compaction_space(kNoLimit);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = true;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const auto status = db_->CompactRange(options, this->family(family), nullptr, nullptr);
  set_compaction_space(before);
  // Damage is for give_up_damaged() to tell.
  return status.ok() || status.IsCorruption() ? Status{}
                                              : database_error("writing the store", status);
}

std::vector<Error> Database::give_up_damaged() {
  std::unique_lock lock(damage_->mutex);
  const auto found = std::exchange(damage_->found, {});
  lock.unlock();
  std::vector<Error> errors;
  for (const auto& [family, cause] : found) {
    if (!given_up_.insert(family).second) continue;
    static_cast<void>(
        db_->SetOptions(this->family(family), {{"disable_auto_compactions", "true"}}));
    errors.push_back(
        {ErrorKind::corrupt, "E4001",
         fmt::format("RocksDB's family {} is damaged and is not compacted any more: {}",
                     kNames[static_cast<std::size_t>(family)], cause)});
  }
  return errors;
}

// RocksDB removes a file when no lower level has any and, on level 0, when it is the oldest.
std::vector<std::string> Database::files(Family family) const {
  std::vector<rocksdb::LiveFileMetaData> all;
  db_->GetLiveFilesMetaData(&all);
  std::erase_if(all, [&](const auto& file) {
    return file.column_family_name != kNames[static_cast<std::size_t>(family)];
  });
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return a.level != b.level ? a.level > b.level : a.largest_seqno < b.largest_seqno;
  });
  std::vector<std::string> names;
  for (const auto& file : all) names.push_back(file.name);
  return names;
}

Status Database::remove_files(Family family, std::span<const std::string> files) {
  for (const std::string& file : files)
    if (const auto status = db_->DeleteFile(file); !status.ok() && !status.IsInvalidArgument())
      return database_error("removing a damaged file", status);
  given_up_.erase(family);
  const auto status =
      db_->SetOptions(this->family(family), {{"disable_auto_compactions", "false"}});
  return status.ok() ? Status{} : database_error("writing the store", status);
}

Status Database::scan(
    Family family, std::string_view prefix, std::string_view from,
    const std::function<bool(std::string_view key, std::string_view value)>& visit,
    const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  // What was removed behind the prefix is not to be walked over.
  const std::string end = keys::behind(prefix);
  const rocksdb::Slice upper = end;
  if (!end.empty()) options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, this->family(family)));
  for (at->Seek(slice(from)); at->Valid() && at->key().starts_with(slice(prefix)); at->Next())
    if (!visit(view(at->key()), view(at->value()))) return {};
  if (!at->status().ok()) return database_error("reading the store", at->status());
  return {};
}

}  // namespace pelton::store
