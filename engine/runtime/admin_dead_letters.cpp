// SPDX-License-Identifier: Apache-2.0
// The dead-letter half of Admin.
#include "engine/runtime/admin.h"

#include <charconv>
#include <utility>

namespace pelton::runtime {
namespace {

template <typename Number>
bool parse_number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool contains(const store::DeadLetter& letter, std::string_view text) {
  auto has = [&](std::string_view field) { return field.find(text) != std::string_view::npos; };
  if (letter.event && letter.event->has_key(0) && has(letter.event->key(0))) return true;
  if (letter.history.history.empty()) return false;
  const store::Attempt& last = letter.history.history.back();
  return has(last.type) || has(last.message);
}

bool matches(const store::DeadLetter& letter, const http::DeadLetterQuery& query) {
  if (query.partition && letter.id.partition.value != *query.partition) return false;
  if (!query.reason.empty() && letter.reason != query.reason) return false;
  if (query.since && letter.time < *query.since) return false;
  if (query.until && letter.time >= *query.until) return false;
  return query.contains.empty() || contains(letter, query.contains);
}

}  // namespace

Result<store::DeadLetterId> Admin::parse_id(std::string_view text) const {
  const auto last = text.rfind('/');
  const auto middle = last == std::string_view::npos || last == 0 ? std::string_view::npos
                                                                  : text.rfind('/', last - 1);
  store::DeadLetterId id;
  if (middle == std::string_view::npos || !parse_number(text.substr(last + 1), id.offset) ||
      !parse_number(text.substr(middle + 1, last - middle - 1), id.partition.value))
    return fail(ErrorKind::invalid, "E5002",
                "\"{}\" is not the id of a dead letter, BINDING/PARTITION/OFFSET", text);
  auto binding = find_binding(text.substr(0, middle));
  if (!binding) return std::unexpected(binding.error());
  id.binding = (*binding)->id;
  return id;
}

Status Admin::visit_letters(const http::DeadLetterQuery& query,
                            const std::function<bool(const store::DeadLetter&)>& visit) {
  std::optional<store::DeadLetterId> after;
  if (query.after) {
    auto id = parse_id(*query.after);
    if (!id) return std::unexpected(id.error());
    after = *id;
  }
  if (!query.binding.empty())
    if (auto known = find_binding(query.binding); !known) return std::unexpected(known.error());
  bool reached = !after;
  bool more = true;
  for (const KnownBinding& binding : bindings_) {
    if (!query.binding.empty() && binding.name != query.binding) continue;
    if (!reached && binding.id != after->binding) continue;
    reached = true;
    const auto begin = after && after->binding == binding.id ? after : std::nullopt;
    auto read = store_.dead_letters(binding.id, begin, [&](const store::DeadLetter& letter) {
      if (matches(letter, query)) more = visit(letter);
      return more;
    });
    if (!read || !more) return read;
  }
  return {};
}

void Admin::dead_letters(const http::DeadLetterQuery& query,
                         http::Answer<std::vector<store::DeadLetter>> answer) {
  std::vector<store::DeadLetter> found;
  auto read = visit_letters(query, [&](const store::DeadLetter& letter) {
    if (found.size() < query.limit) found.push_back(letter);
    return found.size() < query.limit;
  });
  if (!read) return answer(std::unexpected(read.error()));
  answer(std::move(found));
}

void Admin::dead_letter(const std::string& text, http::Answer<store::DeadLetter> answer) {
  auto id = parse_id(text);
  if (!id) return answer(std::unexpected(id.error()));
  auto letter = store_.dead_letter(*id);
  if (!letter) return answer(std::unexpected(letter.error()));
  if (!*letter) return answer(fail(ErrorKind::invalid, "E5001", "no dead letter \"{}\"", text));
  answer(std::move(**letter));
}

void Admin::count_dead_letters(const http::DeadLetterQuery& query,
                               http::Answer<std::uint64_t> answer) {
  std::uint64_t count = 0;
  http::DeadLetterQuery all = query;
  all.after.reset();
  auto read = visit_letters(all, [&](const store::DeadLetter&) {
    ++count;
    return true;
  });
  if (!read) return answer(std::unexpected(read.error()));
  answer(count);
}

void Admin::replay(const std::vector<std::string>& ids, http::Answer<http::ReplayCount> answer) {
  http::ReplayCount count;
  std::vector<store::DeadLetter> letters;
  for (const std::string& text : ids) {
    auto id = parse_id(text);
    if (!id) return answer(std::unexpected(id.error()));
    auto letter = store_.dead_letter(*id);
    if (!letter) return answer(std::unexpected(letter.error()));
    if (*letter)
      letters.push_back(std::move(**letter));
    else
      ++count.missing;
  }
  shard_.post([this, letters = std::move(letters), count, answer = std::move(answer)]() mutable {
    for (const store::DeadLetter& letter : letters) {
      BindingRunner* runner = shard_.find_binding(letter.binding);
      if (runner != nullptr && runner->replay(letter))
        ++count.accepted;
      else
        ++count.running;
    }
    answer(count);
  });
}

void Admin::purge(const std::vector<std::string>& ids, http::Answer<std::uint64_t> answer) {
  store::Transaction transaction;
  for (const std::string& text : ids) {
    auto id = parse_id(text);
    if (!id) return answer(std::unexpected(id.error()));
    auto letter = store_.dead_letter(*id);
    if (!letter) return answer(std::unexpected(letter.error()));
    if (*letter) transaction.dead_letters_removed.push_back(*id);
  }
  const std::uint64_t removed = transaction.dead_letters_removed.size();
  if (removed == 0) return answer(0);
  // Shared by the refusal below and the commit: exactly one of them answers.
  auto reply = std::make_shared<http::Answer<std::uint64_t>>(std::move(answer));
  auto taken = store_.submit(std::move(transaction), store::Origin::engine,
                             [reply, removed](Result<store::Committed> committed) {
                               if (!committed)
                                 (*reply)(std::unexpected(committed.error()));
                               else
                                 (*reply)(removed);
                             });
  if (!taken) (*reply)(std::unexpected(taken.error()));
}

}  // namespace pelton::runtime
