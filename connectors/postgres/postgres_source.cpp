// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/postgres_source.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// An idle database's log grows all the same (other databases, checkpoints): the position follows
// it in steps of this, so that the server can forget it.
constexpr Lsn kIdleStep = 1U << 20U;
// For the rest of a transaction some of whose events are there.
constexpr milliseconds kForTheRest{2};

}  // namespace

PostgresSource::PostgresSource(SourceOptions options, connector::Ledger& ledger, const Clock& clock)
    : options_(std::move(options)),
      ledger_key_("position/" + options_.slot),
      ledger_(ledger),
      clock_(clock) {}

Status PostgresSource::connect() {
  close();
  const auto stored = stored_position();
  if (!stored) return std::unexpected(stored.error());
  return open(*stored);
}

Result<std::optional<Position>> PostgresSource::stored_position() {
  // Behind whatever is still on its way to the ledger.
  if (auto behind = ledger_.put({}); !behind) return std::unexpected(behind.error());
  const auto text = ledger_.get(ledger_key_);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto position = decode_position(**text);
  if (!position)
    return fail(ErrorKind::corrupt, "E4001", "the stored position of connector {} is damaged",
                options_.connector);
  return position;
}

Status PostgresSource::store(const Position& position) {
  const connector::LedgerEntry entry{ledger_key_, encode(position)};
  if (auto written = ledger_.put({&entry, 1}); !written) return written;
  durable_ = position;
  return {};
}

ChangeStream::Setup PostgresSource::stream_setup(const std::string& database) const {
  return {{options_.connector, database, options_.envelope, options_.decimals},
          options_.tables,
          options_.tombstones};
}

Status PostgresSource::open(const std::optional<Position>& stored) {
  auto session = Session::open(options_.url, Session::Kind::sql);
  if (!session) return std::unexpected(session.error());
  const auto name = session->query("SELECT current_database()");
  if (!name) return std::unexpected(name.error());
  auto replication = Replication::open(options_.url);
  if (!replication) return std::unexpected(replication.error());
  auto connection = std::make_unique<Connection>(std::move(*session), std::move(*replication),
                                                 stream_setup(name->front()[0].value_or("")));
  auto start = prepare(options_, connection->database, connection->replication, stored);
  if (!start) return std::unexpected(start.error());
  std::ranges::move(start->warnings, std::back_inserter(warnings_));
  const Position& position = start->position;
  if (auto started =
          connection->replication.start(options_.slot, position.lsn, options_.publications);
      !started)
    return started;
  // Not before: as long as another engine reads the slot, it moves.
  if (auto kept = store(position); !kept) return kept;
  connection->stream.begin(position);
  connection_ = std::move(connection);
  return {};
}

// What was read behind the position comes again. Later reads may have stored a later one.
Status PostgresSource::rewind() {
  const Position to = *rewind_to_;
  close();
  if (auto kept = store(to); !kept) return kept;
  return open(to);
}

Result<connector::Read> PostgresSource::read(model::BatchBuilder& into, std::size_t max_events,
                                             std::size_t max_bytes,
                                             steady_clock::time_point deadline) {
  connector::Read read(++token_);
  if (rewind_to_ && !in_flight_.empty()) {
    std::this_thread::sleep_until(deadline);
    return read;
  }
  if (rewind_to_)
    if (auto rewound = rewind(); !rewound) return std::unexpected(rewound.error());
  if (connection_ == nullptr)
    return fail(ErrorKind::unavailable, "E7081", "there is no connection to PostgreSQL");
  if (auto told = connection_->replication.confirm(durable_.lsn, false); !told)
    return std::unexpected(told.error());
  const Position before = connection_->stream.position();
  connection_->stream.writer().set_now(to_us(clock_.now()));
  if (auto filled = fill(into, {max_events, max_bytes, deadline}); !filled)
    return std::unexpected(filled.error());
  if (into.empty()) return read;
  const Position& after = connection_->stream.position();
  read.position.push_back({ledger_key_, encode(after)});
  in_flight_.push_back({token_, before, after});
  return read;
}

Status PostgresSource::fill(model::BatchBuilder& into, const Limits& limits) {
  ChangeStream& stream = connection_->stream;
  auto until = limits.deadline;
  while (into.size() < limits.events && into.payload_bytes() < limits.bytes) {
    if (stream.waiting()) {
      stream.give(into);
      continue;
    }
    const auto data = connection_->replication.receive(until);
    if (!data) return std::unexpected(data.error());
    if (!*data) {
      // What has come goes on its way; of an open transaction the rest may be about to come.
      if (into.empty() || !stream.in_transaction() || until < limits.deadline) break;
      until = std::min(limits.deadline, steady_clock::now() + kForTheRest);
      if (until == limits.deadline) break;
      continue;
    }
    if (auto taken = take(**data, into.empty()); !taken) return taken;
    if (!into.empty()) until = steady_clock::time_point{};
  }
  return {};
}

Status PostgresSource::take(const ReplicationData& data, bool nothing_given) {
  if (data.kind == ReplicationData::Kind::change) return connection_->stream.take(data.payload);
  const bool idle = nothing_given && in_flight_.empty() && !connection_->stream.in_transaction();
  if (idle && (data.reply_now || data.end >= durable_.lsn + kIdleStep))
    if (auto moved = advance(data.end); !moved) return moved;
  return data.reply_now ? connection_->replication.confirm(durable_.lsn, true) : Status{};
}

// Nothing is on its way, and the server has sent everything that commits before `sent`.
Status PostgresSource::advance(Lsn sent) {
  connection_->stream.advance(sent);
  const Position& position = connection_->stream.position();
  return position == durable_ ? Status{} : store(position);
}

Status PostgresSource::settle(connector::AckToken token, connector::Settlement how) {
  if (in_flight_.empty() || in_flight_.front().token != token) return {};
  InFlight settled = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (how == connector::Settlement::retry_later && !rewind_to_)
    rewind_to_ = std::move(settled.before);
  if (!rewind_to_) durable_ = std::move(settled.after);
  return {};
}

void PostgresSource::close() {
  if (connection_) connection_->replication.end();
  connection_.reset();
  in_flight_.clear();
  rewind_to_.reset();
}

std::vector<std::string> PostgresSource::take_warnings() {
  return std::exchange(warnings_, {});
}

connector::SourceFacts PostgresSource::facts() const {
  return {};
}

}  // namespace pelton::postgres
