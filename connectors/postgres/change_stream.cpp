// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/change_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace pelton::postgres {

ChangeStream::ChangeStream(Setup setup, Catalog& catalog)
    : tombstones_(setup.tombstones),
      relations_(std::move(setup.tables), catalog),
      writer_(std::move(setup.envelope)) {}

void ChangeStream::begin(const Position& stored) {
  relations_.clear();
  parts_.clear();
  next_ = 0;
  in_transaction_ = false;
  position_ = stored;
  writer_.set_history(fmt::format("{}/{}", stored.system, stored.timeline));
}

void ChangeStream::advance(Lsn lsn) {
  if (lsn <= position_.lsn) return;
  position_.lsn = lsn;
  position_.events = 0;
}

Status ChangeStream::take(std::string_view payload) {
  parts_.clear();
  next_ = 0;
  if (auto decoded = decode_pgoutput(payload, message_); !decoded) return decoded;
  switch (message_.kind) {
    case Message::Kind::begin:
      begin_transaction();
      return {};
    case Message::Kind::commit:
      end_transaction();
      return {};
    case Message::Kind::relation:
      return relations_.learn(message_);
    case Message::Kind::other:
      return {};
    default:
      return split();
  }
}

void ChangeStream::begin_transaction() {
  in_transaction_ = true;
  place_ = {message_.commit, 0, message_.time_us, message_.xid};
  stored_ = 0;
  if (message_.commit == position_.lsn) stored_ = position_.events;
  if (message_.commit < position_.lsn) stored_ = std::numeric_limits<std::uint64_t>::max();
}

void ChangeStream::end_transaction() {
  in_transaction_ = false;
  advance(message_.end);
}

Status ChangeStream::split() {
  if (message_.kind == Message::Kind::truncate) {
    split_truncate();
  } else {
    const Relation* relation = relations_.find(message_.relation);
    if (relation == nullptr)
      return fail(ErrorKind::corrupt, "E7091",
                  "the server sent a change of table {} and did not describe the table before",
                  message_.relation);
    if (!relation->wanted) return {};
    const bool key_only = message_.old == Message::Old::key;
    if (message_.kind == Message::Kind::insert) {
      add({Change::Kind::create, relation, nullptr, false, &message_.row});
    } else if (message_.kind == Message::Kind::update) {
      split_update(*relation);
    } else {
      add({Change::Kind::remove, relation, &message_.old_row, key_only, nullptr});
    }
  }
  skip_stored();
  return {};
}

// A row whose key changes ends under the old key and begins under the new one: so that the changes
// of a key are in order.
void ChangeStream::split_update(const Relation& relation) {
  fill_from_old(relation);
  const bool known = message_.old != Message::Old::none;
  const bool key_only = message_.old == Message::Old::key;
  const Row* before = known ? &message_.old_row : nullptr;
  if (key_changed(relation)) {
    add({Change::Kind::remove, &relation, before, key_only, nullptr});
    add({Change::Kind::create, &relation, nullptr, false, &message_.row});
  } else {
    add({Change::Kind::update, &relation, before, key_only, &message_.row});
  }
}

// What the new row says is unchanged, the old one has, if it was sent.
void ChangeStream::fill_from_old(const Relation& relation) {
  if (message_.old == Message::Old::none) return;
  const std::size_t count =
      std::min({message_.row.size(), message_.old_row.size(), relation.columns.size()});
  for (std::size_t i = 0; i < count; ++i) {
    const bool sent = message_.old == Message::Old::full || relation.columns[i].identity;
    if (sent && message_.row[i].kind == Field::Kind::unchanged)
      message_.row[i] = message_.old_row[i];
  }
}

bool ChangeStream::key_changed(const Relation& relation) const {
  if (message_.old == Message::Old::none) return false;
  return std::ranges::any_of(relation.key, [&](std::size_t i) {
    return i < message_.row.size() && i < message_.old_row.size() &&
           message_.row[i].kind == Field::Kind::text &&
           message_.row[i].text != message_.old_row[i].text;
  });
}

void ChangeStream::split_truncate() {
  for (const std::uint32_t oid : message_.truncated)
    if (const Relation* relation = relations_.find(oid); relation != nullptr && relation->wanted)
      add({Change::Kind::truncate, relation, nullptr, false, nullptr});
}

void ChangeStream::add(Change change) {
  parts_.push_back(change);
  if (change.kind != Change::Kind::remove || !tombstones_ || change.relation->key.empty()) return;
  change.kind = Change::Kind::tombstone;
  parts_.push_back(change);
}

void ChangeStream::skip_stored() {
  while (waiting() && place_.index < stored_) {
    ++next_;
    ++place_.index;
  }
}

void ChangeStream::give(model::BatchBuilder& into) {
  writer_.write(parts_[next_++], place_, into);
  ++place_.index;
  position_.lsn = place_.commit;
  position_.events = place_.index;
}

}  // namespace pelton::postgres
