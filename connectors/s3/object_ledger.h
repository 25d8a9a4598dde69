// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/answers.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::s3 {

// Value. The version of an object that has become an event (or has been passed over).
struct Known {
  std::string etag;
  std::uint64_t size = 0;
  std::int64_t sequence = 0;  // of its event: later ones of the key are larger

  bool same(const ObjectVersion& object) const {
    return etag == object.etag && size == object.size;
  }
};

// Which version of which object of a bucket is known: those whose events are durable are in the
// connector's ledger, those on their way are here. One thread.
class ObjectLedger {
 public:
  ObjectLedger(connector::Ledger& ledger, std::string bucket);

  // Forgets what is on its way, reads the rest. Error: the ledger's.
  Status open();

  Result<std::optional<Known>> find(const std::string& key);
  // What will be known once the event on its way is durable; null: there is none.
  const std::optional<Known>* on_its_way(const std::string& key) const;
  // Visits what is known of the keys with this prefix, from `from` on, in the order of the bytes,
  // until `visit` returns false.
  Status each(const std::string& prefix, const std::string& from,
              const std::function<bool(const std::string& key, const Known& known)>& visit);

  // What will be known of a version: its event's sequence is later than that of any earlier event
  // of the key, by the time of the object where that allows it.
  Known next(const ObjectVersion& object, const std::optional<Known>& before) const;
  // The sequence of the event of a removal.
  std::int64_t removal_of(const Known& before);

  // Entries to be written with the event, which is read under the token. Null: the object is gone.
  std::vector<connector::LedgerEntry> take(connector::AckToken token, const std::string& key,
                                           const std::optional<Known>& now);
  // The read is settled: its entries are in the ledger, or its events have to come again.
  void release(connector::AckToken token);
  std::size_t in_flight() const { return in_flight_.size(); }

  // Without events, at once.
  struct Mark {
    std::string key;
    std::optional<Known> now;
  };
  Status mark(const std::vector<Mark>& marks);

  // Whether the bucket has been listed to its end once.
  bool surveyed() const { return surveyed_; }
  Status set_surveyed();

 private:
  struct Flying {
    connector::AckToken token = 0;
    std::optional<Known> now;
  };

  std::string entry_key(std::string_view key) const { return objects_ + std::string(key); }
  connector::LedgerEntry entry(const std::string& key, const std::optional<Known>& now) const;
  connector::LedgerEntry facts() const;

  connector::Ledger& ledger_;
  const std::string objects_;  // what the entries of objects begin with
  const std::string facts_;    // the entry of the bucket as a whole
  std::unordered_map<std::string, Flying> in_flight_;
  std::map<connector::AckToken, std::vector<std::string>> taken_;
  std::int64_t newest_removal_ = 0;  // its sequence; that object's own entry is gone
  bool surveyed_ = false;
};

}  // namespace pelton::s3
