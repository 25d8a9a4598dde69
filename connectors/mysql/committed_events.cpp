// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/committed_events.h"

#include "connectors/mysql/sql_cursor.h"

#include <algorithm>

namespace pelton::mysql {
namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 20U;  // for the next transaction
constexpr std::size_t kLongestStatement = 1024;           // of those that end or undo a transaction

EventType type_of(std::string_view event) {
  return static_cast<EventType>(static_cast<std::uint8_t>(event[4]));
}

bool is_statement(EventType type) {
  return type == EventType::query || type == EventType::query_compressed;
}

bool begins_transaction(std::string_view statement) {
  return statement == "BEGIN" || statement.starts_with("XA START");
}

// Of "SAVEPOINT x" and "ROLLBACK [WORK] TO [SAVEPOINT] x"; the server quotes the name.
struct SavepointStatement {
  bool undoes = false;
  std::string name;
};

std::optional<SavepointStatement> savepoint_of(std::string_view statement) {
  if (statement.size() > kLongestStatement) return std::nullopt;
  SqlCursor sql(tokens_of(statement, 0));
  SavepointStatement out;
  if (sql.take("rollback")) {
    sql.take("work");
    if (!sql.take("to")) return std::nullopt;
    sql.take("savepoint");
    out.undoes = true;
  } else if (!sql.take("savepoint")) {
    return std::nullopt;
  }
  auto name = sql.take_name();
  if (!name) return std::nullopt;
  out.name = std::move(*name);
  return out;
}

}  // namespace

void CommittedEvents::begin() {
  reader_.reset();
  drop();
  again_ = false;
}

// What was held of a transaction without an end was not committed.
void CommittedEvents::drop() {
  mode_ = Mode::pass;
  inside_ = complete_ = false;
  transaction_.clear();
  passing_.reset();
  forget_held();
}

Status CommittedEvents::take(std::string_view event) {
  if (complete_) drop();
  if (event.size() < EventHeader::kBytes) {
    passing_ = event;  // whoever reads it says what is wrong
    return {};
  }
  const EventType type = type_of(event);
  switch (type) {
    case EventType::format_description: {
      std::string_view body;
      drop();
      passing_ = event;
      if (const auto header = reader_.open(event, body); !header)
        return std::unexpected(header.error());
      return reader_.format(body);
    }
    case EventType::maria_gtid:
    case EventType::mysql_gtid:
    case EventType::anonymous_gtid: {
      drop();
      transaction_ = event;
      passing_ = event;
      if (type != EventType::maria_gtid) return {};  // BEGIN follows, or one statement
      const auto gtid = decode_maria_gtid(event.substr(EventHeader::kBytes), 0);
      if (gtid && !gtid->standalone) begin_transaction();
      return {};
    }
    default:
      return inside_ ? take_inside(event, type) : take_outside(event, type);
  }
}

Status CommittedEvents::take_outside(std::string_view event, EventType type) {
  passing_ = event;
  if (!is_statement(type)) return {};
  const auto statement = statement_of(event);
  if (!statement) return std::unexpected(statement.error());
  if (!begins_transaction(*statement)) return {};
  // A server without numbers of transactions.
  if (transaction_.empty()) transaction_ = event;
  begin_transaction();
  return {};
}

void CommittedEvents::begin_transaction() {
  inside_ = true;
  mode_ = transaction_ == verdict_.transaction ? Mode::pass : Mode::hold;
  count_ = 0;
  savepoints_.clear();
  if (mode_ == Mode::hold) verdict_ = {};
}

Status CommittedEvents::take_inside(std::string_view event, EventType type) {
  if (type == EventType::xid || type == EventType::xa_prepare) {
    end(event);
    return {};
  }
  if (is_statement(type)) {
    const auto statement = statement_of(event);
    if (!statement) return std::unexpected(statement.error());
    if (*statement == "ROLLBACK") {
      drop();
      passing_ = event;
      return {};
    }
    if (*statement == "COMMIT") {
      end(event);
      return {};
    }
    if (const auto savepoint = savepoint_of(*statement)) {
      if (savepoint->undoes)
        undo_to(savepoint->name);
      else
        savepoints_.push_back({savepoint->name, count_, ends_.size()});
      return {};
    }
  }
  keep(event);
  return {};
}

Result<std::string_view> CommittedEvents::statement_of(std::string_view event) {
  std::string_view body;
  if (const auto header = reader_.open(event, body); !header)
    return std::unexpected(header.error());
  if (type_of(event) == EventType::query_compressed) {
    if (auto good = uncompress_query(body, plain_); !good) return std::unexpected(good.error());
    body = plain_;
  }
  const auto query = decode_query(body);
  if (!query) return std::unexpected(query.error());
  return query->statement;
}

void CommittedEvents::keep(std::string_view event) {
  const std::size_t number = count_++;
  if (mode_ == Mode::pass && !is_undone(number)) passing_ = event;
  if (mode_ != Mode::hold) return;
  if (held_.size() + event.size() > kMostHeld && !ends_.empty()) {
    mode_ = Mode::scan;
    forget_held();
  } else {
    hold(event);
  }
}

void CommittedEvents::hold(std::string_view event) {
  held_ += event;
  ends_.push_back(held_.size());
}

void CommittedEvents::forget_held() {
  ends_.clear();
  given_ = 0;
  held_.clear();
  if (held_.capacity() > kMostKept) held_.shrink_to_fit();
}

bool CommittedEvents::is_undone(std::size_t number) const {
  return std::ranges::any_of(verdict_.undone, [&](const auto& range) {
    return range.first <= number && number < range.second;
  });
}

// The savepoint itself stays. One that is not known was set before anything was logged.
void CommittedEvents::undo_to(std::string_view savepoint) {
  while (!savepoints_.empty() && savepoints_.back().name != savepoint) savepoints_.pop_back();
  const Savepoint to = savepoints_.empty() ? Savepoint{} : savepoints_.back();
  if (mode_ == Mode::pass || to.count == count_) return;
  verdict_.undone.emplace_back(to.count, count_);
  if (mode_ != Mode::hold) return;
  ends_.resize(to.held);
  held_.resize(ends_.empty() ? 0 : ends_.back());
}

void CommittedEvents::end(std::string_view event) {
  inside_ = false;
  transaction_.swap(verdict_.transaction);
  transaction_.clear();
  switch (std::exchange(mode_, Mode::pass)) {
    case Mode::pass:
      verdict_ = {};
      passing_ = event;
      break;
    case Mode::hold:
      verdict_ = {};
      hold(event);
      complete_ = true;
      break;
    case Mode::scan:
      again_ = true;
      break;
  }
}

std::optional<std::string_view> CommittedEvents::next() {
  if (!complete_) return std::exchange(passing_, std::nullopt);
  if (given_ == ends_.size()) return std::nullopt;
  const std::size_t from = given_ == 0 ? 0 : ends_[given_ - 1];
  const std::size_t to = ends_[given_++];
  return std::string_view(held_).substr(from, to - from);
}

}  // namespace pelton::mysql
