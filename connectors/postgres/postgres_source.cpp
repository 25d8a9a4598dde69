// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/postgres_source.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::postgres {
namespace {

using std::chrono::steady_clock;

// An idle database's log grows all the same (other databases, checkpoints): the position follows
// it in steps of this, so that the server can forget it.
constexpr Lsn kIdleStep = 1U << 20U;

}  // namespace

PostgresSource::PostgresSource(SourceOptions options, connector::Ledger& ledger, const Clock& clock)
    : options_(std::move(options)),
      ledger_key_("position/" + options_.slot),
      ledger_(ledger),
      clock_(clock) {}

Status PostgresSource::connect() {
  close();
  if (in_flight_.rewind_to()) return rewind();
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
  const Status begun = start->position.snapshot ? begin_snapshot(*connection, *start)
                                                : begin_stream(*connection, start->position);
  if (!begun) return begun;
  connection_ = std::move(connection);
  return {};
}

Status PostgresSource::begin_snapshot(Connection& connection, const Start& start) {
  auto snapshot = Snapshot::begin(
      {options_.url, options_.publications, options_.tables, start.snapshot}, start.position);
  if (!snapshot) return std::unexpected(std::move(snapshot).error());
  connection.snapshot = std::move(*snapshot);
  return store(start.position);
}

Status PostgresSource::begin_stream(Connection& connection, const Position& position) {
  if (options_.snapshot != SnapshotMode::only) {
    if (auto started =
            connection.replication.start(options_.slot, position.lsn, options_.publications);
        !started)
      return started;
    connection.streaming = true;
  }
  // Not before: as long as another engine reads the slot, it moves.
  if (auto kept = store(position); !kept) return kept;
  connection.stream.begin(position);
  return {};
}

// What was read behind the position comes again. Later reads may have stored a later one.
Status PostgresSource::rewind() {
  const Position to = *in_flight_.rewind_to();
  close();
  if (auto kept = store(to); !kept) return kept;
  in_flight_.rewound();
  return open(to);
}

Result<connector::Read> PostgresSource::read(model::BatchBuilder& into, std::size_t max_events,
                                             std::size_t max_bytes,
                                             steady_clock::time_point deadline) {
  connector::Read read(++token_);
  if (auto ready = prepare_read(); !ready) return lost(std::move(ready).error());
  if (!readable()) {
    std::this_thread::sleep_until(deadline);
    return read;
  }
  const Position before = position();
  connection_->stream.writer().set_now(to_us(clock_.now()));
  if (auto filled = fill(into, {max_events, max_bytes, deadline}); !filled)
    return lost(std::move(filled).error());
  if (into.empty()) return read;
  const Position after = position();
  read.position.push_back({ledger_key_, encode(after)});
  in_flight_.add(token_, before, after);
  return read;
}

// Whatever the server refused, its transaction is over. `corrupt` makes the host connect again.
std::unexpected<Error> PostgresSource::lost(Error error) {
  if (error.kind == ErrorKind::invalid) error.kind = ErrorKind::corrupt;
  return std::unexpected(std::move(error));
}

// What waits until nothing is in flight: going back, and the end of a snapshot.
Status PostgresSource::prepare_read() {
  if (in_flight_.rewind_to() && in_flight_.empty()) return rewind();
  if (!connection_)
    return fail(ErrorKind::unavailable, "E7081", "there is no connection to PostgreSQL");
  if (connection_->snapshot && connection_->snapshot->done() && in_flight_.empty()) {
    const Position behind = connection_->snapshot->position();
    connection_->snapshot.reset();
    return begin_stream(*connection_, behind);
  }
  return connection_->streaming ? connection_->replication.confirm(durable_.lsn, false) : Status{};
}

bool PostgresSource::readable() const {
  if (!connection_ || in_flight_.rewind_to()) return false;
  return connection_->snapshot ? !connection_->snapshot->done() : connection_->streaming;
}

Position PostgresSource::position() const {
  return connection_->snapshot ? connection_->snapshot->position() : connection_->stream.position();
}

Status PostgresSource::fill(model::BatchBuilder& into, const Limits& limits) {
  if (connection_->snapshot)
    return connection_->snapshot->fill(connection_->stream.writer(), into, limits);
  return fill_from_stream(into, limits);
}

Status PostgresSource::fill_from_stream(model::BatchBuilder& into, const Limits& limits) {
  ChangeStream& stream = connection_->stream;
  while (into.size() < limits.events && into.payload_bytes() < limits.bytes) {
    if (stream.waiting()) {
      stream.give(into);
      continue;
    }
    // Returns what has been read before waiting for the server.
    const auto data = connection_->replication.receive(into.empty() ? limits.deadline
                                                                    : steady_clock::time_point{});
    if (!data) return std::unexpected(data.error());
    if (!*data) break;
    if (auto taken = take(**data, into.empty()); !taken) return taken;
  }
  return {};
}

Status PostgresSource::take(const ReplicationData& data, bool nothing_given) {
  if (data.kind == ReplicationData::Kind::change) return connection_->stream.take(data.payload);
  const bool idle = nothing_given && in_flight_.empty() && !connection_->stream.in_transaction();
  if (idle) seen_ = data.end;
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
  if (auto stored = in_flight_.settle(token, how)) durable_ = std::move(*stored);
  return {};
}

void PostgresSource::close() {
  if (connection_ && connection_->streaming) connection_->replication.end();
  connection_.reset();
  in_flight_.clear();
}

std::vector<std::string> PostgresSource::take_warnings() {
  return std::exchange(warnings_, {});
}

connector::SourceFacts PostgresSource::facts() const {
  if (!connection_ || !connection_->streaming) return {};
  const Lsn end = connection_->replication.server_end();
  const Lsn here = std::max(durable_.lsn, seen_);
  return {.behind_bytes = end > here ? end - here : 0};
}

}  // namespace pelton::postgres
