// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;  // libpq's

namespace pelton::postgres {

// Rows of texts; no value: null.
using Rows = std::vector<std::vector<std::optional<std::string>>>;

// SQLSTATEs that callers tell apart.
namespace sqlstate {
inline constexpr std::string_view kObjectInUse = "55006";
inline constexpr std::string_view kNotInRequiredState = "55000";
inline constexpr std::string_view kUndefinedObject = "42704";
inline constexpr std::string_view kDuplicateObject = "42710";
inline constexpr std::string_view kLimitExceeded = "53400";
}  // namespace sqlstate

// Where a URL or a "key=value" list leads, without its password: "db.example:5432/shop". E7080
// invalid: it is neither.
Result<std::string> server_of(const std::string& url);

// A name or a text as SQL writes it.
std::string quoted_name(std::string_view name);
std::string quoted_text(std::string_view text);

// Resource. One connection, in which values have the forms that append_value() (values.h) reads.
// One thread. Errors: E7081 unavailable, the server is away; E7082 invalid, it refuses the login;
// E7083 invalid, a right is missing; E7093 invalid, any other refusal, whose SQLSTATE state() has.
class Session {
 public:
  enum class Kind { sql, replication };
  using Time = std::chrono::steady_clock::time_point;

  static Result<Session> open(const std::string& url, Kind kind);
  // One that writes. The server, too, gives up a statement that takes as long, and a transaction
  // that nothing is heard of. Once `hurry` is set, what is waited for ends within a second, E7081.
  // It outlives the session.
  static Result<Session> open_writer(const std::string& url, std::chrono::milliseconds longest,
                                     const std::atomic<bool>& hurry);

  // Runs one statement, at most this long: then it is cancelled, E7081 unavailable.
  Result<Rows> query(const std::string& statement,
                     std::chrono::milliseconds longest = std::chrono::seconds(30));
  // Runs one statement with parameters in their binary form.
  Status run(const std::string& statement, std::span<const std::string> parameters,
             std::chrono::milliseconds longest);
  // Runs COPY ... TO STDOUT or START_REPLICATION: receive() gives what it sends.
  Status start_copy(const std::string& statement);
  // The next message, whose bytes stay until the next call; nothing: none came by the deadline, or
  // the copy has ended, as ended() says.
  Result<std::optional<std::string_view>> receive(Time deadline);
  bool ended() const { return ended_; }
  // Answers the server while START_REPLICATION runs.
  Status send(std::string_view message);
  // Ends START_REPLICATION, so that the server lets go of the slot, and waits for that a little.
  void end_replication();

  // SQLSTATE of the newest E7083 or E7093, or of what ended a copy.
  const std::string& state() const { return state_; }
  // What the server says with it, in one line, and the function there that has refused.
  const std::string& refusal() const { return refusal_; }
  const std::string& refused_by() const { return refused_by_; }
  // A transaction is open, or has failed.
  bool in_transaction() const;
  int version() const;  // of the server: 150018

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  struct Free {
    void operator()(char* buffer) const;
  };

  Session(pg_conn* connection, std::string server)
      : connection_(connection), server_(std::move(server)) {}
  static Result<Session> connect(const std::map<std::string, std::string>& settings);
  // The same one step at a time, which ends soon for who is in a hurry.
  static Result<Session> connect(const std::map<std::string, std::string>& settings,
                                 const std::atomic<bool>& hurry);
  Status step(Time deadline);
  Status connected();
  Status flush(Time deadline);
  Result<Rows> results(Time deadline);
  Status wait_for_result(Time deadline);
  bool wait(short events, Time& deadline);
  bool readable(Time deadline);
  Result<std::optional<std::string_view>> end_copy();
  std::unexpected<Error> lost() const;
  std::unexpected<Error> refused(const void* result);

  std::unique_ptr<pg_conn, Close> connection_;
  std::string server_;
  std::string state_, refusal_, refused_by_;
  const std::atomic<bool>* hurry_ = nullptr;  // set: it writes
  std::unique_ptr<char, Free> message_;
  bool ended_ = false;
};

}  // namespace pelton::postgres
