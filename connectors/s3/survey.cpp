// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/survey.h"

#include <algorithm>
#include <utility>

namespace pelton::s3 {

Result<std::vector<Finding>> Survey::compare(std::vector<ObjectVersion> page, bool last) {
  if (!left_out_.empty())
    std::erase_if(page, [&](const auto& object) { return left_out_.contains(object.key); });
  for (const ObjectVersion& object : page) removed_.erase(object.key);
  std::ranges::sort(page, {}, &ObjectVersion::key);
  std::vector<Finding> found;
  const auto ahead = std::ranges::lower_bound(page, from_, {}, &ObjectVersion::key);
  // Out of order: the pass over the ledger is beyond them.
  for (auto at = page.begin(); at != ahead; ++at)
    if (auto ok = compare_one(std::move(*at), found); !ok) return std::unexpected(ok.error());
  page.erase(page.begin(), ahead);
  if (auto ok = merge(std::move(page), last, found); !ok) return std::unexpected(ok.error());
  return found;
}

// Both are in the order of the keys: what only the ledger has was removed, what only the page has
// is new.
Status Survey::merge(std::vector<ObjectVersion> page, bool last, std::vector<Finding>& found) {
  if (page.empty() && !last) return {};
  const std::string end = page.empty() ? std::string() : page.back().key;
  std::size_t next = 0;
  const auto new_before = [&](const std::string* key) {
    while (next < page.size() && (key == nullptr || page[next].key < *key))
      note_new(std::move(page[next++]), found);
  };
  const Status visited =
      ledger_.each(prefix_, from_, [&](const std::string& key, const Known& known) {
        if (!last && key > end) return false;
        new_before(&key);
        if (next < page.size() && page[next].key == key) {
          if (!known.same(page[next])) found.push_back({std::move(page[next]), known});
          ++next;
        } else if (removed_.size() < kMaxRemoved && !left_out_.contains(key)) {
          removed_.insert(key);
        }
        return true;
      });
  if (!visited) return visited;
  new_before(nullptr);
  // The first text behind the last key.
  if (!page.empty()) from_ = end + '\0';
  return {};
}

// One whose event is on its way is not in the ledger yet.
void Survey::note_new(ObjectVersion object, std::vector<Finding>& found) {
  const std::optional<Known>* now = ledger_.on_its_way(object.key);
  if (now == nullptr)
    found.push_back({std::move(object), std::nullopt});
  else if (!*now || !(*now)->same(object))
    found.push_back({std::move(object), *now});
}

Status Survey::compare_one(ObjectVersion object, std::vector<Finding>& found) {
  auto known = ledger_.find(object.key);
  if (!known) return std::unexpected(known.error());
  if (!*known || !(*known)->same(object)) found.push_back({std::move(object), std::move(*known)});
  return {};
}

void Survey::leave_out(const std::string& key) {
  removed_.erase(key);
  left_out_.insert(key);
}

std::vector<std::string> Survey::take_removed() {
  const auto removed = std::exchange(removed_, {});
  return {removed.begin(), removed.end()};
}

}  // namespace pelton::s3
