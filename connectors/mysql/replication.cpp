// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/replication.h"

#include "connectors/mysql/binlog_event.h"
#include "connectors/mysql/sql_text.h"
#include "connectors/mysql/wire.h"

#include <algorithm>
#include <array>

namespace pelton::mysql {
namespace {

using std::chrono::steady_clock;

constexpr std::uint8_t kDump = 18, kDumpGtid = 30;
constexpr std::uint16_t kThroughGtid = 4;
// An idle server says so often that it is there.
constexpr auto kHeartbeat = std::chrono::seconds(5);
constexpr auto kLost = std::chrono::seconds(60);

std::string dump_from(const LogPlace& place, std::uint32_t server_id) {
  std::string out;
  put_number(out, place.offset, 4);
  put_number(out, 0, 2);
  put_number(out, server_id, 4);
  return out + place.file;
}

std::string dump_behind(const MysqlGtidSet& gtids, std::uint32_t server_id) {
  const std::string set = gtids.encoded();
  std::string out;
  put_number(out, kThroughGtid, 2);
  put_number(out, server_id, 4);
  put_number(out, 0, 4);  // no file
  put_number(out, 4, 8);
  put_number(out, set.size(), 4);
  return out + set;
}

bool is_heartbeat(std::string_view event) {
  if (event.size() < EventHeader::kBytes) return false;
  const auto type = static_cast<EventType>(static_cast<std::uint8_t>(event[4]));
  return type == EventType::heartbeat || type == EventType::heartbeat_v2;
}

bool has_any(const std::string& text, std::initializer_list<const char*> parts) {
  return std::ranges::any_of(
      parts, [&](const char* part) { return text.find(part) != std::string::npos; });
}

}  // namespace

Result<Replication> Replication::open(const Server& server) {
  auto session = Session::open(server);
  if (!session) return std::unexpected(std::move(session).error());
  return Replication(std::move(*session));
}

// Variables of the connection, in the names of both servers and of their versions.
Status Replication::prepare_session(const Reached& from) {
  const auto nanoseconds = std::chrono::nanoseconds(kHeartbeat).count();
  std::string set = fmt::format(
      "SET @master_heartbeat_period = {0}, @source_heartbeat_period = {0}, "
      "@master_binlog_checksum = @@GLOBAL.binlog_checksum, @source_binlog_checksum = "
      "@@GLOBAL.binlog_checksum, @mariadb_slave_capability = 4",
      nanoseconds);
  if (const auto* gtids = std::get_if<MariaGtidSet>(&from))
    set += fmt::format(
        ", @slave_connect_state = '{}', @slave_gtid_strict_mode = 0, "
        "@slave_gtid_ignore_duplicates = 0",
        gtids->text());
  return session_.run(set);
}

Status Replication::start(const Reached& from, std::uint32_t server_id) {
  const auto* place = std::get_if<LogPlace>(&from);
  if (place != nullptr && place->offset > UINT32_MAX)
    return fail(ErrorKind::invalid, "E7227",
                "place {} is beyond what the servers' protocol can ask for", text_of(*place));
  if (auto set = prepare_session(from); !set) return set;
  const auto* gtids = std::get_if<MysqlGtidSet>(&from);
  const Status sent =
      gtids != nullptr
          ? session_.start_events(kDumpGtid, dump_behind(*gtids, server_id))
          : session_.start_events(
                kDump, dump_from(place != nullptr ? *place : LogPlace{"", 4}, server_id));
  if (!sent) return explain(sent.error());
  // It answers at once, with an event or why it does not.
  heard_ = steady_clock::now();
  const auto first = session_.next_event(heard_ + kLost);
  if (!first) return explain(first.error());
  if (!*first)
    return fail(ErrorKind::unavailable, "E7221", "the server does not answer to the replication");
  first_.emplace(**first);
  return {};
}

std::unexpected<Error> Replication::explain(Error error) const {
  const auto as = [&](ErrorKind kind, const char* code, const char* what) {
    return std::unexpected(Error{kind, code, fmt::format("{} ({})", what, error.message)});
  };
  const unsigned number = session_.error_number();
  if (number != server_error::kLog && number != server_error::kPurged)
    return std::unexpected(std::move(error));
  if (number == server_error::kPurged ||
      has_any(error.message, {"have been purged", "purged required", "Could not find first log",
                              "has been purged"}))
    return as(ErrorKind::invalid, "E7226",
              "the server has removed a part of its log that was not read");
  if (has_any(error.message, {"same server_uuid", "same server_id"}))
    return as(ErrorKind::unavailable, "E7235", "another reader has the same server id");
  if (has_any(error.message, {"not in the master's binlog", "missing the GTID", "position > file",
                              "more GTIDs", "impossible position", "not in the source's"}))
    return as(ErrorKind::invalid, "E7227", "the server's log is not the one that was read before");
  return std::unexpected(std::move(error));
}

Result<std::optional<std::string_view>> Replication::next(Time deadline) {
  if (first_) {
    kept_ = std::move(*first_);
    first_.reset();
    return std::string_view(kept_);
  }
  return session_.next_event(deadline);
}

Result<std::optional<std::string_view>> Replication::receive(Time deadline) {
  for (;;) {
    const auto event = next(deadline);
    if (!event) return explain(event.error());
    if (!*event) {
      const Time now = steady_clock::now();
      caught_up_ = true;
      if (now - heard_ > kLost)
        return fail(ErrorKind::unavailable, "E7221", "the server has sent nothing for a minute");
      return std::nullopt;
    }
    if (is_heartbeat(**event)) {
      heard_ = steady_clock::now();
      continue;
    }
    // The clock is read when there is nothing to do.
    if (std::exchange(caught_up_, false)) heard_ = steady_clock::now();
    return *event;
  }
}

}  // namespace pelton::mysql
