// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/answers.h"
#include "connectors/s3/object_ledger.h"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace pelton::s3 {

// Value. An object of a listing whose version is not known.
struct Finding {
  ObjectVersion object;
  std::optional<Known> before;  // the version that was
};

// Compares one listing of a bucket with what is known of it, page by page, in memory that does not
// grow with the bucket. Listings in the order of the keys' bytes cost one pass over the ledger;
// servers that list in another order are understood, too. One thread.
class Survey {
 public:
  // Removed objects that one listing finds; further ones are left to the next.
  static constexpr std::size_t kMaxRemoved = 10'000;

  Survey(ObjectLedger& ledger, std::string prefix)
      : ledger_(ledger), prefix_(std::move(prefix)), from_(prefix_) {}

  // The next page: what it shows that is not known, in its order. `last`: it ends the listing.
  // Error: the ledger's.
  Result<std::vector<Finding>> compare(std::vector<ObjectVersion> page, bool last);
  // What the listing says of this key may be older than what is known by now: it is not compared.
  void leave_out(const std::string& key);
  bool can_leave_out() const { return left_out_.size() < kMaxRemoved; }
  // After the last page: the objects that are known and were not listed.
  std::vector<std::string> take_removed();

 private:
  Status merge(std::vector<ObjectVersion> page, bool last, std::vector<Finding>& found);
  Status compare_one(ObjectVersion object, std::vector<Finding>& found);
  void note_new(ObjectVersion object, std::vector<Finding>& found);

  ObjectLedger& ledger_;
  const std::string prefix_;
  std::string from_;               // keys before it have been compared
  std::set<std::string> removed_;  // so far
  std::unordered_set<std::string> left_out_;
};

}  // namespace pelton::s3
