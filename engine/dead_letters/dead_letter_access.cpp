// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_access.h"

#include "engine/model/dead_letter_text.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace pelton::dead_letters {
namespace {

bool contains(const model::DeadLetter& letter, std::string_view text) {
  auto has = [&](std::string_view field) { return field.find(text) != std::string_view::npos; };
  if (letter.event && letter.event->has_key(0) && has(letter.event->key(0))) return true;
  if (letter.retry.history.empty()) return false;
  const model::Attempt& last = letter.retry.history.back();
  return has(last.type) || has(last.message);
}

// Or else where a letter is kept is enough to know that it matches.
bool asks_for_contents(const Query& query) {
  return !query.reason.empty() || !query.contains.empty() || query.since || query.until;
}

bool matches(const model::DeadLetter& letter, const Query& query) {
  if (query.partition && letter.id.partition.value != *query.partition) return false;
  if (!query.reason.empty() && letter.reason != query.reason) return false;
  if (query.since && letter.time < *query.since) return false;
  if (query.until && letter.time >= *query.until) return false;
  return query.contains.empty() || contains(letter, query.contains);
}

}  // namespace

Result<model::DeadLetterId> DeadLetterAccess::parse_id(std::string_view text) const {
  auto parsed = model::parse_dead_letter(text);
  if (!parsed) return std::unexpected(parsed.error());
  auto binding = find_binding(bindings_, parsed->binding);
  if (!binding) return std::unexpected(binding.error());
  // The short form means the stream that the binding reads.
  const Incarnation stream =
      parsed->stream ? *parsed->stream : store_.incarnation((*binding)->stream);
  return model::DeadLetterId{(*binding)->id, parsed->partition, parsed->offset, stream};
}

Result<std::vector<model::DeadLetterId>> DeadLetterAccess::parse_ids(
    const std::vector<std::string>& texts) const {
  std::vector<model::DeadLetterId> ids;
  for (const std::string& text : texts) {
    auto id = parse_id(text);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  return ids;
}

const KnownBinding& DeadLetterAccess::binding_of(const model::DeadLetterId& id) const {
  return bindings_.of(id.binding);
}

Status DeadLetterAccess::catch_up(const std::string& binding) {
  std::set<DeadLetterTopic*> topics;
  for (const KnownBinding* known : bindings_.all())
    if (known->letters != nullptr && (binding.empty() || known->name == binding))
      topics.insert(known->letters);
  for (DeadLetterTopic* topic : topics)
    if (auto ok = topic->catch_up(); !ok) return ok;
  return {};
}

Status DeadLetterAccess::catch_up(std::span<const model::DeadLetterId> ids) {
  std::set<DeadLetterTopic*> topics;
  for (const model::DeadLetterId& id : ids)
    if (DeadLetterTopic* topic = binding_of(id).letters) topics.insert(topic);
  for (DeadLetterTopic* topic : topics)
    if (auto ok = topic->catch_up(); !ok) return ok;
  return {};
}

Status DeadLetterAccess::visit_matching(
    const Query& query, const std::function<bool(const model::DeadLetter&)>& visit) {
  std::optional<model::DeadLetterId> after;
  if (query.after) {
    auto id = parse_id(*query.after);
    if (!id) return std::unexpected(id.error());
    after = *id;
  }
  if (!query.binding.empty())
    if (auto known = find_binding(bindings_, query.binding); !known)
      return std::unexpected(known.error());
  if (auto ok = query.goes_on ? Status{} : catch_up(query.binding); !ok) return ok;
  bool reached = !after;
  bool more = true;
  for (const KnownBinding* binding : bindings_.all()) {
    if (!query.binding.empty() && binding->name != query.binding) continue;
    if (!reached && binding->id != after->binding) continue;
    reached = true;
    const auto begin = after && after->binding == binding->id ? after : std::nullopt;
    auto read = visit_letters(store_, binding->letters, binding->id, begin,
                              [&](const model::DeadLetter& letter) {
                                if (matches(letter, query)) more = visit(letter);
                                return more;
                              });
    if (!read || !more) return read;
  }
  return {};
}

void DeadLetterAccess::dead_letters(const Query& query, Answer<Page> answer) {
  letters_.run([this, query, answer = std::move(answer)]() mutable {
    Page page;
    std::uint64_t bytes = 0;
    auto read = visit_matching(query, [&](const model::DeadLetter& letter) {
      page.letters.push_back(letter);
      bytes += letter.event->bytes().size();
      page.more = page.letters.size() >= query.limit || bytes >= query.bytes;
      return !page.more;
    });
    if (!read) return answer(std::unexpected(read.error()));
    answer(std::move(page));
  });
}

Result<std::vector<model::DeadLetter>> DeadLetterAccess::find_present(
    std::span<const model::DeadLetterId> ids) {
  if (auto ok = catch_up(ids); !ok) return std::unexpected(ok.error());
  std::vector<model::DeadLetter> letters;
  for (auto at = ids.begin(); at != ids.end();) {  // binding by binding
    const auto end = std::ranges::find_if(
        at, ids.end(), [&](const auto& id) { return id.binding != at->binding; });
    auto found = find_letters(store_, binding_of(*at).letters, {at, end});
    if (!found) return found;
    std::ranges::move(*found, std::back_inserter(letters));
    at = end;
  }
  return letters;
}

void DeadLetterAccess::dead_letter(const std::string& text, Answer<model::DeadLetter> answer) {
  auto id = parse_id(text);
  if (!id) return answer(std::unexpected(id.error()));
  letters_.run([this, id = *id, text, answer = std::move(answer)]() mutable {
    auto found = find_present({&id, 1});
    if (!found) return answer(std::unexpected(found.error()));
    if (found->empty())
      return answer(fail(ErrorKind::invalid, "E5001", "no dead letter \"{}\"", text));
    answer(std::move(found->front()));
  });
}

Result<std::uint64_t> DeadLetterAccess::count_all(const Query& query) {
  if (!query.binding.empty())
    if (auto known = find_binding(bindings_, query.binding); !known)
      return std::unexpected(known.error());
  if (auto ok = catch_up(query.binding); !ok) return std::unexpected(ok.error());
  std::optional<PartitionId> partition;
  if (query.partition) partition = PartitionId{*query.partition};
  std::uint64_t total = 0;
  for (const KnownBinding* binding : bindings_.all()) {
    if (!query.binding.empty() && binding->name != query.binding) continue;
    const auto count = count_letters(store_, binding->letters, binding->id, partition);
    if (!count) return count;
    total += *count;
  }
  return total;
}

void DeadLetterAccess::count_dead_letters(const Query& query, Answer<std::uint64_t> answer) {
  Query all = query;
  all.after.reset();
  letters_.run([this, all = std::move(all), answer = std::move(answer)]() mutable {
    if (!asks_for_contents(all)) return answer(count_all(all));
    std::uint64_t count = 0;
    auto read = visit_matching(all, [&](const model::DeadLetter&) {
      ++count;
      return true;
    });
    if (!read) return answer(std::unexpected(read.error()));
    answer(count);
  });
}

void DeadLetterAccess::find_dead_letters(const std::vector<std::string>& texts,
                                         Answer<std::vector<Brief>> answer) {
  auto ids = parse_ids(texts);
  if (!ids) return answer(std::unexpected(ids.error()));
  letters_.run([this, ids = std::move(*ids), answer = std::move(answer)]() mutable {
    const auto letters = find_present(ids);
    if (!letters) return answer(std::unexpected(letters.error()));
    std::vector<Brief> briefs;
    for (const model::DeadLetter& letter : *letters)
      briefs.push_back({model::dead_letter_text(letter.binding, letter.id), letter.replays});
    answer(std::move(briefs));
  });
}

void DeadLetterAccess::replay(const std::vector<std::string>& texts, Answer<ReplayCount> answer) {
  auto ids = parse_ids(texts);
  if (!ids) return answer(std::unexpected(ids.error()));
  letters_.run([this, ids = std::move(*ids), answer = std::move(answer)]() mutable {
    const std::size_t asked = ids.size();
    auto letters = find_present(ids);
    if (!letters) return answer(std::unexpected(letters.error()));
    const std::size_t missing = asked - letters->size();
    replay_(std::move(*letters),
            [missing, answer = std::move(answer)](Result<ReplayCount> count) mutable {
              if (count) count->missing = missing;
              answer(std::move(count));
            });
  });
}

void DeadLetterAccess::purge(const std::vector<std::string>& texts, Answer<std::uint64_t> answer) {
  auto ids = parse_ids(texts);
  if (!ids) return answer(std::unexpected(ids.error()));
  letters_.run([this, ids = std::move(*ids), answer = std::move(answer)]() mutable {
    if (auto ok = catch_up(ids); !ok) return answer(std::unexpected(ok.error()));
    purge_now(std::move(ids), std::move(answer));
  });
}

namespace {

// What a purge waits for: the store and each topic. The last of them answers.
class Purge {
 public:
  Purge(std::uint64_t removed, std::size_t open, Answer<std::uint64_t> answer)
      : removed_(removed), open_(open), answer_(std::move(answer)) {}
  // Any thread.
  void answered(Status status) {
    std::lock_guard lock(mutex_);
    if (!status && status_) status_ = std::move(status);
    if (--open_ > 0) return;
    if (!status_) return answer_(std::unexpected(status_.error()));
    answer_(removed_);
  }

 private:
  std::mutex mutex_;
  const std::uint64_t removed_;
  std::size_t open_;
  Answer<std::uint64_t> answer_;
  Status status_;
};

}  // namespace

void DeadLetterAccess::purge_now(std::vector<model::DeadLetterId> ids,
                                 Answer<std::uint64_t> answer) {
  model::Transaction transaction;
  std::map<DeadLetterTopic*, std::vector<kafka::RawRecord>> removals;
  std::uint64_t removed = 0;
  for (const model::DeadLetterId& id : ids) {
    const auto letter = store_.dead_letter(id);
    // What is damaged can be purged.
    if (!letter && letter.error().kind != ErrorKind::corrupt)
      return answer(std::unexpected(letter.error()));
    const bool stored = !letter || *letter;
    if (stored) transaction.dead_letters_removed.push_back(id);
    DeadLetterTopic* topic = binding_of(id).letters;
    const bool kept = topic != nullptr && topic->add_removals(id, "purged", removals[topic]);
    removed += stored || kept ? 1 : 0;
  }
  std::erase_if(removals, [](const auto& entry) { return entry.second.empty(); });
  const std::size_t open = removals.size() + (transaction.empty() ? 0 : 1);
  if (open == 0) return answer(0);
  // Shared by all that are waited for.
  auto purge = std::make_shared<Purge>(removed, open, std::move(answer));
  for (auto& [topic, records] : removals)
    topic->write(std::move(records), [purge](std::vector<kafka::Refused> refused) {
      purge->answered(refused.empty() ? Status{} : std::unexpected(refused.front().error));
    });
  if (transaction.empty()) return;
  auto taken = store_.submit(
      std::move(transaction), store::Origin::engine, [purge](Result<store::Committed> committed) {
        purge->answered(committed ? Status{} : std::unexpected(committed.error()));
      });
  if (!taken) purge->answered(taken);
}

}  // namespace pelton::dead_letters
