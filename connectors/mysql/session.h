// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/server_url.h"
#include "engine/base/result.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct st_mysql;      // the client library's
struct st_mysql_res;  //

namespace pelton::mysql {

// Rows of texts; no value: null.
using Rows = std::vector<std::vector<std::optional<std::string>>>;
using RowViews = std::vector<std::optional<std::string_view>>;

// The servers' numbers of errors that callers tell apart.
namespace server_error {
inline constexpr unsigned kAccessDenied = 1045;
inline constexpr unsigned kDatabaseDenied = 1044;
inline constexpr unsigned kTableDenied = 1142;
inline constexpr unsigned kColumnDenied = 1143;
inline constexpr unsigned kSpecialDenied = 1227;
inline constexpr unsigned kUnknownVariable = 1193;
inline constexpr unsigned kNoSuchTable = 1146;
inline constexpr unsigned kLog = 1236;
inline constexpr unsigned kPurged = 1789;
}  // namespace server_error

// Resource. One connection, whose texts are UTF-8 and whose times are UTC. One thread. Errors:
// E7221 unavailable, the server is away; E7222 invalid, it refuses the login; E7223 invalid, a
// right is missing; E7224 invalid, any other refusal, whose number error_number() has.
class Session {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static Result<Session> open(const Server& server);
  // One that writes: values are refused rather than bent, a backslash is no escape, and a statement
  // waits for the locks of others for so long at most. Once `hurry` is set, what is waited for ends
  // within a second, E7221. It outlives the session.
  static Result<Session> open_writer(const Server& server, std::chrono::seconds longest,
                                     const std::atomic<bool>& hurry);

  // Runs one statement.
  Result<Rows> query(const std::string& statement);
  Status run(const std::string& statement);
  // One value of one row; empty: null, or there is no row.
  Result<std::string> value(const std::string& statement);

  // Runs a statement whose rows next_row() gives, as they come.
  Status start_rows(const std::string& statement);
  // The next row, whose bytes stay until the next call; null: none came by the deadline, or all
  // have been read, as ended() says.
  Result<const RowViews*> next_row(Time deadline);
  bool ended() const { return rows_ == nullptr; }

  // Sends a command to which the server answers with events; next_event() gives them. Its bytes
  // stay until the next call. Nothing: none came by the deadline.
  Status start_events(std::uint8_t command, std::string_view arguments);
  Result<std::optional<std::string_view>> next_event(Time deadline);

  unsigned error_number() const { return error_number_; }
  // Of the newest error; what the server says of it.
  std::string sqlstate() const;
  std::string refusal() const;
  bool is_mariadb() const;
  // 101119 is 10.11.19.
  unsigned long version() const;

 private:
  struct Close {
    void operator()(st_mysql* connection) const;
    void operator()(st_mysql_res* rows) const;
  };

  Session(st_mysql* connection, std::string address)
      : connection_(connection), address_(std::move(address)) {}
  static Result<Session> log_in(const Server& server, unsigned read_seconds, unsigned write_seconds,
                                const std::atomic<bool>* hurry);
  // Connects; the error's number is the library's.
  bool connect(const Server& server);
  int wait(int wanted, Time& deadline) const;
  void hasten(Time& deadline, bool& hurried) const;
  // Sends it and waits for the answer.
  Status send(const std::string& statement);
  bool answered();
  bool readable(Time deadline) const;
  std::unexpected<Error> error();

  std::unique_ptr<st_mysql, Close> connection_;
  std::string address_;
  std::unique_ptr<st_mysql_res, Close> rows_;
  RowViews row_;
  unsigned error_number_ = 0;
  std::chrono::milliseconds longest_{0};      // that an answer is waited for, if it writes
  const std::atomic<bool>* hurry_ = nullptr;  // set: it writes
};

}  // namespace pelton::mysql
