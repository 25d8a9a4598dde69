// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/replication.h"

#include "engine/base/clock.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Far below any wal_sender_timeout; a status costs 34 bytes.
constexpr milliseconds kStatusInterval{1'000};
constexpr milliseconds kProgressInterval{200};  // when there is something new to tell
constexpr seconds kSilence{30};                 // then the server is asked whether it is there
constexpr seconds kLost{90};
// A slot waits for the transactions that were open when it was to be created.
constexpr seconds kCreate{30};

}  // namespace

Result<Replication> Replication::open(const std::string& url) {
  auto session = Session::open(url, Session::Kind::replication);
  if (!session) return std::unexpected(std::move(session).error());
  return Replication(std::move(*session));
}

Result<ServerFacts> Replication::identify() {
  const auto rows = session_.query("IDENTIFY_SYSTEM");
  if (!rows) return std::unexpected(explain(rows.error(), ""));
  const auto& row = rows->front();
  ServerFacts facts;
  facts.system = row[0].value_or("");
  const std::string timeline = row[1].value_or("");
  std::from_chars(timeline.data(), timeline.data() + timeline.size(), facts.timeline);
  facts.end = parse_lsn(row[2].value_or("")).value_or(0);
  server_end_ = facts.end;
  return facts;
}

Result<NewSlot> Replication::create_slot(const std::string& name) {
  const auto rows = session_.query(
      "CREATE_REPLICATION_SLOT " + quoted_name(name) + " LOGICAL pgoutput EXPORT_SNAPSHOT",
      kCreate);
  if (!rows) return explain(rows.error(), name);
  const auto& row = rows->front();
  return NewSlot{parse_lsn(row[1].value_or("")).value_or(0), row[2].value_or("")};
}

Status Replication::start(const std::string& slot, Lsn from,
                          const std::vector<std::string>& publications) {
  std::string names;
  for (const std::string& publication : publications) {
    if (!names.empty()) names += ',';
    names += quoted_name(publication);
  }
  const auto started = session_.start_copy(
      fmt::format("START_REPLICATION SLOT {} LOGICAL {} (proto_version '1', publication_names {})",
                  quoted_name(slot), lsn_text(from), quoted_text(names)));
  if (!started) return explain(started.error(), slot);
  durable_ = told_ = from;
  sent_ = heard_ = steady_clock::now();
  return {};
}

std::unexpected<Error> Replication::explain(Error error, const std::string& slot) const {
  const auto as = [&](ErrorKind kind, const char* code, std::string what) {
    return std::unexpected(
        Error{kind, code, fmt::format("{} ({})", std::move(what), error.message)});
  };
  if (error.kind != ErrorKind::invalid) return std::unexpected(std::move(error));
  const std::string& state = session_.state();
  if (state == sqlstate::kObjectInUse)
    return as(ErrorKind::unavailable, "E7084",
              fmt::format("slot {} is read by another connection; waiting for it to end", slot));
  if (state == sqlstate::kUndefinedObject)
    return as(ErrorKind::invalid, "E7085",
              slot.empty()
                  ? "a publication did not exist when a change was made that is not read "
                    "yet; the slot cannot be read beyond it"
                  : fmt::format("slot {} or one of its publications does not exist", slot));
  if (state == sqlstate::kLimitExceeded)
    return as(ErrorKind::invalid, "E7089", "the server has no free replication slot");
  if (state == sqlstate::kNotInRequiredState &&
      error.message.find("wal_level") != std::string::npos)
    return as(ErrorKind::invalid, "E7089", "logical replication is not enabled");
  if (state == sqlstate::kNotInRequiredState && !slot.empty())
    return as(ErrorKind::invalid, "E7088", fmt::format("slot {} cannot be read any more", slot));
  return std::unexpected(std::move(error));
}

Result<std::optional<ReplicationData>> Replication::receive(Time deadline) {
  auto message = session_.receive(deadline);
  if (!message) return explain(message.error(), "");
  if (!*message) {
    if (session_.ended())
      return fail(ErrorKind::unavailable, "E7081", "PostgreSQL has ended the replication");
    if (auto sent = confirm(durable_, false); !sent) return std::unexpected(sent.error());
    return std::nullopt;
  }
  heard_now_ = true;
  const auto data = decode_replication(**message);
  if (!data) return std::unexpected(data.error());
  server_end_ = std::max(server_end_, data->end);
  return *data;
}

Status Replication::confirm(Lsn durable, bool at_once) {
  durable_ = std::max(durable_, durable);
  const Time now = steady_clock::now();
  if (std::exchange(heard_now_, false)) heard_ = now;
  if (now - heard_ > kLost)
    return fail(ErrorKind::unavailable, "E7081", "PostgreSQL has sent nothing for 90 s");
  const auto since = now - sent_;
  if (!at_once && since < (durable_ > told_ ? kProgressInterval : kStatusInterval)) return {};
  return send_status(now, now - heard_ > kSilence);
}

Status Replication::send_status(Time now, bool reply_now) {
  sent_ = now;
  told_ = durable_;
  const auto wall = SystemClock().now();
  return session_.send(
      encode_status(std::max(server_end_, durable_), durable_, to_us(wall), reply_now));
}

}  // namespace pelton::postgres
