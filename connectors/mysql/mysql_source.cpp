// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/mysql_source.h"

#include "connectors/mysql/preparation.h"
#include "engine/base/crc32c.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::mysql {
namespace {

using std::chrono::steady_clock;

constexpr const char* kKey = "position";
// Transactions of other tables move the position this often.
constexpr auto kIdleStep = std::chrono::seconds(1);

// The clock is read once for so many events of the log.
constexpr std::size_t kClockStep = 256;

}  // namespace

MysqlSource::MysqlSource(SourceOptions options, connector::Ledger& ledger, const Clock& clock)
    : options_(std::move(options)), ledger_(ledger), clock_(clock) {}

Status MysqlSource::connect() {
  close();
  if (stuck_) return std::unexpected(*stuck_);
  if (in_flight_.rewind_to()) return rewind();
  auto stored = stored_place();
  if (!stored) return std::unexpected(stored.error());
  return open(std::move(*stored));
}

Result<std::optional<MysqlSource::Place>> MysqlSource::stored_place() {
  // Behind whatever is still on its way to the ledger.
  if (auto behind = ledger_.put({}); !behind) return std::unexpected(behind.error());
  const auto damaged = [&] {
    return fail(ErrorKind::corrupt, "E4001", "the stored position of connector {} is damaged",
                options_.connector);
  };
  auto schema = Schema::stored(ledger_);
  if (!schema) return std::unexpected(std::move(schema).error());
  if (!*schema) return damaged();
  written_ = **schema;
  const auto text = ledger_.get(kKey);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::nullopt;
  auto position = decode_position(**text);
  if (!position) return damaged();
  return Place{std::move(*position), std::move(**schema)};
}

Status MysqlSource::store(Place place) {
  std::vector<connector::LedgerEntry> entries = Schema::changes(written_, place.schema);
  entries.push_back({kKey, encode(place.position)});
  if (auto written = ledger_.put(entries); !written) return written;
  written_ = place.schema;
  durable_ = std::move(place);
  stored_at_ = steady_clock::now();
  return {};
}

ChangeStream::Setup MysqlSource::stream_setup(const ServerFacts& facts) const {
  return {{options_.connector, options_.envelope, options_.decimals},
          {options_.tables, facts.lower_names, facts.mariadb},
          options_.tombstones};
}

// The same after every restart: the server ends a connection of ours that it still holds.
std::uint32_t MysqlSource::replica_id(const Position& position) const {
  constexpr std::uint32_t kOurs = 1U << 30U;
  if (options_.server_id != 0) return options_.server_id;
  return kOurs + crc32c(options_.connector, crc32c(position.history)) % kOurs;
}

Status MysqlSource::open(std::optional<Place> stored) {
  auto session = Session::open(options_.server());
  if (!session) return std::unexpected(std::move(session).error());
  ServerCatalog catalog(std::move(*session));
  const auto facts = catalog.facts();
  if (!facts) return std::unexpected(facts.error());
  if (auto good = check_server(options_, *facts); !good) return good;
  auto replication = Replication::open(options_.server());
  if (!replication) return std::unexpected(std::move(replication).error());
  auto connection = std::make_unique<Connection>(std::move(catalog.session()),
                                                 std::move(*replication), stream_setup(*facts));
  if (snapshot_needed_) stored.reset();
  const bool when_needed = options_.snapshot == SnapshotMode::when_needed && stored;
  Status begun = begin_at(*connection, *facts, std::move(stored));
  if (!begun && when_needed && is_gap(begun.error())) {
    warnings_.push_back(begun.error().text() + "; taking a new snapshot");
    // The server has ended that connection.
    auto again = Replication::open(options_.server());
    if (!again) return std::unexpected(std::move(again).error());
    connection->replication = std::move(*again);
    begun = begin_first(*connection, *facts);
  }
  if (!begun) return begun;
  snapshot_needed_ = false;
  connection_ = std::move(connection);
  return {};
}

Status MysqlSource::begin_at(Connection& connection, const ServerFacts& facts,
                             std::optional<Place> stored) {
  if (!stored) return begin_first(connection, facts);
  if (auto good = check_position(stored->position, facts); !good) return good;
  const auto tables = check_tables(options_, connection.catalog, false, warnings_);
  if (!tables) return std::unexpected(tables.error());
  if (stored->position.snapshot)
    return begin_snapshot(connection, facts, std::move(stored->position));
  if (auto known = complete_schema(*tables, connection.catalog, stored->schema); !known)
    return known;
  return begin_stream(connection, std::move(*stored));
}

Status MysqlSource::begin_first(Connection& connection, const ServerFacts& facts) {
  const auto tables = check_tables(options_, connection.catalog, true, warnings_);
  if (!tables) return std::unexpected(tables.error());
  Position position;
  position.history = fmt::format("{:x}", to_us(clock_.now()));
  if (options_.snapshot != SnapshotMode::never)
    return begin_snapshot(connection, facts, std::move(position));
  auto end = end_of_log(options_, facts, connection.catalog);
  if (!end) return std::unexpected(std::move(end).error());
  position.reached = std::move(*end);
  Schema schema;
  if (auto known = complete_schema(*tables, connection.catalog, schema); !known) return known;
  return begin_stream(connection, {std::move(position), std::move(schema)});
}

Status MysqlSource::begin_snapshot(Connection& connection, const ServerFacts& facts, Position at) {
  const bool continued = at.snapshot.has_value();
  const bool gtids = facts.gtids && options_.positions == Positions::gtid;
  auto snapshot = Snapshot::begin({options_.server(), options_.tables, gtids}, std::move(at));
  if (!snapshot) return std::unexpected(std::move(snapshot).error());
  connection.snapshot = std::move(*snapshot);
  // Before the rows are read: whether the changes behind them can be.
  if (options_.snapshot != SnapshotMode::only) {
    const Position from = connection.snapshot->position();
    auto trial = Replication::open(options_.server());
    if (!trial) return std::unexpected(std::move(trial).error());
    if (auto started = trial->start(from.reached, replica_id(from)); !started) return started;
  }
  // Definitions that were stored with the place hold there; a continued snapshot may see newer
  // ones.
  Schema schema = connection.snapshot->schema();
  if (continued)
    for (const auto& [name, definition] : written_.tables()) schema.put(name, *definition);
  return store({connection.snapshot->position(), std::move(schema)});
}

Status MysqlSource::begin_stream(Connection& connection, Place place) {
  if (options_.snapshot != SnapshotMode::only) {
    if (auto started =
            connection.replication.start(place.position.reached, replica_id(place.position));
        !started)
      return started;
    connection.streaming = true;
  }
  if (auto kept = store(place); !kept) return kept;
  connection.committed.begin();
  connection.stream.begin(place.position, std::move(place.schema));
  return {};
}

// What is behind the position, whose end has been seen.
Status MysqlSource::read_again() {
  auto replication = Replication::open(options_.server());
  if (!replication) return std::unexpected(std::move(replication).error());
  connection_->replication = std::move(*replication);
  const Position from = connection_->stream.position();
  if (auto started = connection_->replication.start(from.reached, replica_id(from)); !started)
    return started;
  connection_->committed.begin();
  connection_->stream.begin(from, connection_->stream.schema());
  return {};
}

// What was read behind the position comes again. Later reads may have stored a later one.
Status MysqlSource::rewind() {
  Place to = *in_flight_.rewind_to();
  close();
  if (auto kept = store(to); !kept) return kept;
  in_flight_.rewound();
  return open(std::move(to));
}

Result<connector::Read> MysqlSource::read(model::BatchBuilder& into, std::size_t max_events,
                                          std::size_t max_bytes,
                                          steady_clock::time_point deadline) {
  connector::Read read(++token_);
  if (failed_) return lost(std::move(*std::exchange(failed_, std::nullopt)));
  if (auto ready = prepare_read(); !ready) return lost(std::move(ready).error());
  if (!readable()) {
    std::this_thread::sleep_until(deadline);
    return read;
  }
  Place before = place();
  connection_->stream.writer().set_now(to_us(clock_.now()));
  if (auto filled = fill(into, {max_events, max_bytes, deadline}); !filled) {
    // What came before it counts.
    if (into.empty()) return lost(std::move(filled).error());
    failed_ = std::move(filled).error();
  }
  std::ranges::move(connection_->stream.take_warnings(), std::back_inserter(warnings_));
  if (into.empty()) {
    if (auto followed = follow_idle(); !followed) return std::unexpected(followed.error());
    return read;
  }
  Place after = place();
  read.position = Schema::changes(written_, after.schema);
  read.position.push_back({kKey, encode(after.position)});
  written_ = after.schema;
  in_flight_.add(token_, std::move(before), std::move(after));
  return read;
}

// An error that no new connection helps with stops the source; the host learns of it by corrupt, so
// that nothing is read behind it.
std::unexpected<Error> MysqlSource::lost(Error error) {
  if (error.kind == ErrorKind::invalid) {
    if (options_.snapshot == SnapshotMode::when_needed && is_gap(error)) {
      warnings_.push_back(error.text() + "; taking a new snapshot");
      snapshot_needed_ = true;
    } else if (error.code == "E7227" || error.code == "E7230" || error.code == "E7231" ||
               error.code == "E7233") {
      stuck_ = error;
    }
    error.kind = ErrorKind::corrupt;
  }
  return std::unexpected(std::move(error));
}

// What waits until nothing is in flight: going back, and the end of a snapshot.
Status MysqlSource::prepare_read() {
  if (in_flight_.rewind_to() && in_flight_.empty()) return rewind();
  if (!connection_)
    return fail(ErrorKind::unavailable, "E7221", "there is no connection to the server");
  if (connection_->snapshot && connection_->snapshot->done() && in_flight_.empty()) {
    Place behind{connection_->snapshot->position(), durable_.schema};
    connection_->snapshot.reset();
    return begin_stream(*connection_, std::move(behind));
  }
  return {};
}

bool MysqlSource::readable() const {
  if (!connection_ || in_flight_.rewind_to()) return false;
  return connection_->snapshot ? !connection_->snapshot->done() : connection_->streaming;
}

MysqlSource::Place MysqlSource::place() const {
  if (connection_->snapshot) return {connection_->snapshot->position(), durable_.schema};
  return {connection_->stream.position(), connection_->stream.schema()};
}

Status MysqlSource::fill(model::BatchBuilder& into, const Limits& limits) {
  if (connection_->snapshot)
    return connection_->snapshot->fill(connection_->stream.writer(), into, limits);
  return fill_from_stream(into, limits);
}

Status MysqlSource::fill_from_stream(model::BatchBuilder& into, const Limits& limits) {
  ChangeStream& stream = connection_->stream;
  std::size_t taken_events = 0;
  while (into.size() < limits.events && into.payload_bytes() < limits.bytes) {
    if (stream.waiting()) {
      if (auto given = stream.give(into); !given) return given;
      continue;
    }
    if (const auto event = connection_->committed.next()) {
      if (auto taken = stream.take(*event); !taken) return taken;
      continue;
    }
    if (connection_->committed.must_read_again())
      if (auto again = read_again(); !again) return again;
    // Returns what has been read before waiting for the server.
    const auto event = connection_->replication.receive(into.empty() ? limits.deadline
                                                                     : steady_clock::time_point{});
    if (!event) return std::unexpected(event.error());
    if (!*event) break;
    if (auto taken = connection_->committed.take(**event); !taken) return taken;
    // What other tables have can come without an end.
    if (++taken_events % kClockStep == 0 && steady_clock::now() >= limits.deadline) break;
  }
  return {};
}

// Nothing is on its way: the position follows what the log has for others.
Status MysqlSource::follow_idle() {
  if (connection_->snapshot || !connection_->streaming || !in_flight_.empty() ||
      connection_->stream.in_transaction() || steady_clock::now() < stored_at_ + kIdleStep)
    return {};
  Place now = place();
  return now.position == durable_.position ? Status{} : store(std::move(now));
}

Status MysqlSource::settle(connector::AckToken token, connector::Settlement how) {
  if (auto stored = in_flight_.settle(token, how)) durable_ = std::move(*stored);
  return {};
}

void MysqlSource::close() {
  connection_.reset();
  in_flight_.clear();
  failed_.reset();
}

std::vector<std::string> MysqlSource::take_warnings() {
  return std::exchange(warnings_, {});
}

connector::SourceFacts MysqlSource::facts() const {
  if (!connection_ || !connection_->streaming || connection_->snapshot) return {};
  connector::SourceFacts out;
  out.position = text_of(durable_.position.reached);
  const std::int64_t newest = connection_->stream.time_us();
  const std::int64_t behind = newest == 0 ? 0 : to_us(clock_.now()) - newest;
  const bool idle = connection_->replication.caught_up() && in_flight_.empty();
  out.behind_time = std::chrono::seconds(idle ? 0 : std::max<std::int64_t>(behind / 1'000'000, 0));
  return out;
}

}  // namespace pelton::mysql
