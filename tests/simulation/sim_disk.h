// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/segment_file.h"
#include "tests/simulation/dice.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace rocksdb {
class Env;
}

namespace pelton::simulation {

// A disk in memory, for the log's segments and for RocksDB. It fails at any operation, and a power
// failure takes any part of what was not synced. Names of files are durable at once. Thread-safe:
// RocksDB writes on a thread of its own while the one that waits for it stands still.
class SimDisk {
 public:
  enum class Fault { io_error, full };
  static constexpr std::size_t kSector = 512;

  // One file. What was overwritten since the last sync is kept by sector.
  struct File {
    std::string bytes;
    std::map<std::size_t, std::string> before;
    std::size_t synced_size = 0;
    void write(std::string_view data, std::size_t position);
    void resize(std::size_t size);
    void sync();
    void lose_unsynced(Dice& dice);
  };
  using FilePtr = std::shared_ptr<File>;  // of the disk and of whoever has it open

  SimDisk();
  ~SimDisk();

  store::SegmentFolder& segments() { return *segments_; }
  rocksdb::Env* env() { return env_.get(); }

  // The n-th operation from now on that writes, syncs, creates or renames fails, and all after it.
  // A write that fails is half done.
  void fail_at(std::uint64_t operation, Fault fault);
  // From now on nothing is changed any more: the process is dead.
  void stop() { fail_at(1, Fault::io_error); }
  // No faults any more. After a power failure what was not synced is lost, or a part of it.
  void start() { fail_at(0, Fault::io_error); }
  void lose_power(Dice& dice);
  // All that is on it, while nothing is written: for another time, when no file is open.
  using Contents = std::map<std::string, File>;
  Contents copy() const;
  void replace(const Contents& contents);
  std::uint64_t bytes() const;

  // ---- for what wraps the files
  Status operation();
  std::mutex& mutex() { return mutex_; }
  std::map<std::string, FilePtr>& files() { return files_; }

 private:
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, FilePtr> files_;  // by name
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  Fault fault_ = Fault::io_error;
  const std::unique_ptr<store::SegmentFolder> segments_;
  const std::unique_ptr<rocksdb::Env> env_;
};

std::unique_ptr<rocksdb::Env> sim_env(SimDisk& disk);

}  // namespace pelton::simulation
