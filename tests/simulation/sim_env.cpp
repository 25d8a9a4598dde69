// SPDX-License-Identifier: Apache-2.0
// RocksDB's way to the simulated disk. Deletions are not counted as operations: RocksDB deletes
// when its own thread comes to it, and a seed must mean the same every time.
#include "tests/simulation/sim_disk.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pelton::simulation {
namespace {

using rocksdb::Slice;
using rocksdb::Status;

Status converted(const pelton::Status& status) {
  if (status) return Status::OK();
  return status.error().kind == ErrorKind::overloaded ? Status::NoSpace("simulated")
                                                      : Status::IOError("simulated");
}

Status read(SimDisk& disk, const SimDisk::File& file, std::uint64_t at, std::size_t size,
            Slice* result, char* scratch) {
  std::lock_guard lock(disk.mutex());
  if (at >= file.bytes.size()) {
    *result = Slice();
    return Status::OK();
  }
  size = std::min<std::size_t>(size, file.bytes.size() - at);
  std::memcpy(scratch, file.bytes.data() + at, size);
  *result = Slice(scratch, size);
  return Status::OK();
}

class Sequential final : public rocksdb::SequentialFile {
 public:
  Sequential(SimDisk& disk, SimDisk::FilePtr file) : disk_(disk), file_(std::move(file)) {}
  Status Read(std::size_t n, Slice* result, char* scratch) override {
    const Status status = read(disk_, *file_, at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  Status Skip(std::uint64_t n) override {
    at_ += n;
    return Status::OK();
  }

 private:
  SimDisk& disk_;
  const SimDisk::FilePtr file_;
  std::uint64_t at_ = 0;
};

class RandomAccess final : public rocksdb::RandomAccessFile {
 public:
  RandomAccess(SimDisk& disk, SimDisk::FilePtr file) : disk_(disk), file_(std::move(file)) {}
  Status Read(std::uint64_t offset, std::size_t n, Slice* result, char* scratch) const override {
    return read(disk_, *file_, offset, n, result, scratch);
  }

 private:
  SimDisk& disk_;
  const SimDisk::FilePtr file_;
};

class Writable final : public rocksdb::WritableFile {
 public:
  Writable(SimDisk& disk, SimDisk::FilePtr file) : disk_(disk), file_(std::move(file)) {}
  using rocksdb::WritableFile::Append;
  Status Append(const Slice& data) override {
    std::lock_guard lock(disk_.mutex());
    const auto ok = disk_.operation();
    const std::size_t written = ok ? data.size() : data.size() / 2;
    file_->write({data.data(), written}, file_->bytes.size());
    return converted(ok);
  }
  Status Truncate(std::uint64_t size) override {
    std::lock_guard lock(disk_.mutex());
    file_->resize(size);
    return Status::OK();
  }
  Status Close() override { return Status::OK(); }
  Status Flush() override { return Status::OK(); }
  Status Sync() override {
    std::lock_guard lock(disk_.mutex());
    const auto ok = disk_.operation();
    if (ok) file_->sync();
    return converted(ok);
  }
  std::uint64_t GetFileSize() override {
    std::lock_guard lock(disk_.mutex());
    return file_->bytes.size();
  }

 private:
  SimDisk& disk_;
  const SimDisk::FilePtr file_;
};

class SimDirectory final : public rocksdb::Directory {
 public:
  Status Fsync() override { return Status::OK(); }
};

class NoLock final : public rocksdb::FileLock {};

class SimEnv final : public rocksdb::EnvWrapper {
 public:
  explicit SimEnv(SimDisk& disk) : EnvWrapper(rocksdb::Env::Default()), disk_(disk) {}
  const char* Name() const override { return "SimEnv"; }

  // RocksDB waits a second after what failed, for it to be better.
  void SleepForMicroseconds(int) override {}
  Status NewSequentialFile(const std::string& name, std::unique_ptr<rocksdb::SequentialFile>* out,
                           const rocksdb::EnvOptions&) override {
    const auto file = find(name);
    if (!file) return Status::NotFound(name);
    *out = std::make_unique<Sequential>(disk_, file);
    return Status::OK();
  }
  Status NewRandomAccessFile(const std::string& name,
                             std::unique_ptr<rocksdb::RandomAccessFile>* out,
                             const rocksdb::EnvOptions&) override {
    const auto file = find(name);
    if (!file) return Status::NotFound(name);
    *out = std::make_unique<RandomAccess>(disk_, file);
    return Status::OK();
  }
  Status NewWritableFile(const std::string& name, std::unique_ptr<rocksdb::WritableFile>* out,
                         const rocksdb::EnvOptions&) override {
    std::lock_guard lock(disk_.mutex());
    if (const auto ok = disk_.operation(); !ok) return converted(ok);
    SimDisk::FilePtr& file = disk_.files()[name];
    file = std::make_shared<SimDisk::File>();
    *out = std::make_unique<Writable>(disk_, file);
    return Status::OK();
  }
  Status NewDirectory(const std::string&, std::unique_ptr<rocksdb::Directory>* out) override {
    *out = std::make_unique<SimDirectory>();
    return Status::OK();
  }
  Status FileExists(const std::string& name) override {
    return find(name) ? Status::OK() : Status::NotFound(name);
  }
  Status GetChildren(const std::string& folder, std::vector<std::string>* out) override {
    std::lock_guard lock(disk_.mutex());
    out->clear();
    const std::string prefix = folder.ends_with('/') ? folder : folder + '/';
    for (const auto& [name, file] : disk_.files())
      if (name.starts_with(prefix)) out->push_back(name.substr(prefix.size()));
    return Status::OK();
  }
  Status DeleteFile(const std::string& name) override {
    std::lock_guard lock(disk_.mutex());
    return disk_.files().erase(name) > 0 ? Status::OK() : Status::NotFound(name);
  }
  Status CreateDir(const std::string&) override { return Status::OK(); }
  Status CreateDirIfMissing(const std::string&) override { return Status::OK(); }
  Status DeleteDir(const std::string&) override { return Status::OK(); }
  Status IsDirectory(const std::string& name, bool* is) override {
    *is = !find(name);
    return Status::OK();
  }
  Status GetFileSize(const std::string& name, std::uint64_t* size) override {
    const auto file = find(name);
    if (!file) return Status::NotFound(name);
    std::lock_guard lock(disk_.mutex());
    *size = file->bytes.size();
    return Status::OK();
  }
  Status GetFileModificationTime(const std::string&, std::uint64_t* time) override {
    *time = 0;
    return Status::OK();
  }
  Status RenameFile(const std::string& from, const std::string& to) override {
    std::lock_guard lock(disk_.mutex());
    if (const auto ok = disk_.operation(); !ok) return converted(ok);
    const auto found = disk_.files().find(from);
    if (found == disk_.files().end()) return Status::NotFound(from);
    const SimDisk::FilePtr file = found->second;
    disk_.files().erase(found);
    disk_.files()[to] = file;
    return Status::OK();
  }
  Status LockFile(const std::string&, rocksdb::FileLock** lock) override {
    *lock = new NoLock;
    return Status::OK();
  }
  Status UnlockFile(rocksdb::FileLock* lock) override {
    delete lock;
    return Status::OK();
  }
  Status GetAbsolutePath(const std::string& name, std::string* out) override {
    *out = name;
    return Status::OK();
  }
  Status GetFreeSpace(const std::string&, std::uint64_t* free) override {
    *free = 1ULL << 40;
    return Status::OK();
  }

 private:
  SimDisk::FilePtr find(const std::string& name) {
    std::lock_guard lock(disk_.mutex());
    const auto found = disk_.files().find(name);
    return found == disk_.files().end() ? nullptr : found->second;
  }

  SimDisk& disk_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> sim_env(SimDisk& disk) {
  return std::make_unique<SimEnv>(disk);
}

}  // namespace pelton::simulation
