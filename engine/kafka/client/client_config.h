// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/kafka/options.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct rd_kafka_conf_s;

namespace pelton::kafka {

struct ConfDeleter {
  void operator()(rd_kafka_conf_s* conf) const;
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_s, ConfDeleter>;

// The client library's configuration for this client, as a member of this group: our own settings
// (client_config.cpp says why each), TLS, SASL, then the file's properties. invalid (E6102): a
// property or value that the library refuses, or that is the engine's own.
struct FetchLimits {
  std::size_t partition = 0;  // bytes that may wait in each partition's queue
  std::size_t answer = 0;     // bytes that one answer of a broker brings; one record always comes
};
Result<ConfPtr> consumer_conf(const ClientOptions& client, const GroupOptions& group,
                              const FetchLimits& limits);

// Commits of such a member may not go while it joins: before 2.10.0 the library answers the
// coordinator's refusal by giving up every partition. The client then says ten times a second
// (statistics) whether it joins.
bool holds_commits(const GroupOptions& group);

// The same of a producer for this topic. Strict: nothing is on its way behind a record that may be
// refused, and a refusal ends the client.
Result<ConfPtr> producer_conf(const ClientOptions& client, const std::string& topic, bool strict);

// Value. The requests of a producer.
struct RequestShape {
  std::uint64_t batch_bytes = 0;  // the most in one record batch, unless it is one large record
  bool compressed = false;
};
// Those of this configuration, made to fit a topic that takes batches of at most that size.
RequestShape fit_requests(rd_kafka_conf_s& conf, std::optional<std::uint64_t> most);

// How long the records of a transaction may take; what follows them, offsets and the commit, has
// the rest of its time.
constexpr std::chrono::milliseconds writing_time(std::chrono::milliseconds timeout) {
  return timeout * 2 / 3;
}

// The same of one that writes in transactions: its id, and how long one may be open.
Result<ConfPtr> transactional_conf(const ClientOptions& client, const std::string& topic,
                                   const std::string& id, std::chrono::milliseconds timeout);

// The same of a client that reads this topic without a group, a partition at a time: small fetches
// that are answered at once, the end of a partition told. An offset that is gone is an error, or
// what is still there is read.
enum class Gone { error, skip };
Result<ConfPtr> reader_conf(const ClientOptions& client, const std::string& topic, Gone gone);

// Of the librdkafka that is loaded, which may be newer than that of the build: "2.0.2".
std::string library_version();

// The same for `pelton validate`: every problem of a topic's client, with its place.
std::vector<config::Diagnostic> check_client(const ClientOptions& client);

// What to add when brokers refuse the login of this client, password or not; empty: nothing.
std::string login_advice(const ClientOptions& client);

}  // namespace pelton::kafka
