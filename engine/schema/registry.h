// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/schema/codec.h"
#include "engine/schema/options.h"
#include "engine/schema/registry_client.h"
#include "engine/thread/job_thread.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace pelton::schema {

// Value. A schema that records are read or written with.
struct Schema {
  std::uint32_t id = 0;
  Format format = Format::avro;
  std::unique_ptr<const Codec> codec;
  std::size_t bytes = 0;  // that it takes in memory, about
};
// Shared by the cache and whoever uses it, so that it may leave the cache.
using SchemaPtr = std::shared_ptr<const Schema>;

// Value. The schema that outputs are written with.
struct Target {
  std::string subject;
  std::optional<std::uint32_t> id;  // that one; else
  std::optional<Source> source;     // this one, registered if `add`; else the subject's latest
  bool add = false;
  std::string message;  // of a Protobuf schema
  Duration refresh{};   // of the latest
};

// What is known of one registry. Schemas are asked for on a thread of its own, each once, and kept
// while there is room: 1,000 of them, or 64 MiB of memory. Methods: any thread.
class Registry {
 public:
  explicit Registry(RegistryOptions options);
  ~Registry();  // waits for a request that is under way, which gives up
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Nothing: it is being asked for; listeners hear when that has changed.
  // invalid: for good (E6161: the registry has no such schema; E6162: it is of no use). It is asked
  // for again after half a minute.
  // unavailable: for now (E6164: the registry does not answer; E6166: it does not have the schema
  // for outputs, or does not take it). Listeners hear when it is time to look again, which asks for
  // it once more: after 200 ms, then up to every 5 s.
  using Answer = Result<SchemaPtr>;
  std::optional<Answer> find(std::uint32_t id);
  std::optional<Answer> find(const Target& target);

  // Waits for an answer of the registry; with a poison schema forgotten, it is asked again. For
  // jobs of run().
  Answer fetch(std::uint32_t id);
  void run(thread::JobThread::Job job) { thread_.run(std::move(job)); }

  // Called on the registry's thread, or another's that calls fetch(), until the listener goes; not
  // to call back.
  using Listener = std::function<void()>;
  class Subscription;
  std::unique_ptr<Subscription> listen(Listener listener);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Lookup = std::function<Answer(RegistryClient&)>;

  struct Entry {
    std::optional<Answer> answer;
    SteadyTime again{};  // when it is to be asked for once more
    bool asking = false;
    std::uint64_t used = 0;
    std::size_t bytes = 0;
    int failures = 0;  // in a row
  };

  std::optional<Answer> find(const std::string& key, const Lookup& lookup, Duration refresh);
  void ask(const std::string& key, const Lookup& lookup, Duration refresh);
  void keep(const std::string& key, Answer answer, Duration refresh);
  void make_room();
  void tell();
  Answer made(std::uint32_t id, const Source& source, const std::string& message);
  Answer look_up(RegistryClient& client, const Target& target);

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;       // guarded by mutex_
  std::size_t bytes_ = 0;                      // guarded by mutex_
  std::uint64_t uses_ = 0;                     // guarded by mutex_
  std::map<const void*, Listener> listeners_;  // guarded by listening_
  std::mutex listening_;
  thread::JobThread thread_;
  RegistryClient client_;  // the thread's
};

// A listener's place in the list, until it goes.
class Registry::Subscription {
 public:
  explicit Subscription(Registry& registry) : registry_(registry) {}
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  Registry& registry_;
};

// One registry for all who name the same one with the same options. Any thread.
class Registries {
 public:
  std::shared_ptr<Registry> of(const RegistryOptions& options);

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Registry>> known_;  // guarded by mutex_
};

}  // namespace pelton::schema
