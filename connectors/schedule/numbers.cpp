// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/numbers.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace pelton::schedule {
namespace {

constexpr std::string_view kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                            "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdayNames[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = !text.empty() && text.front() != '-';
  if (!digits || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(
      text, word, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

std::unexpected<Error> bad(const Field& field, std::string_view item) {
  std::string allowed = fmt::format("{} to {}", field.least, field.most);
  if (!field.words.empty())
    allowed += fmt::format(" or {} to {}", field.words.front(), field.words.back());
  return fail(ErrorKind::invalid, "E7040", "has {} \"{}\": {} is allowed", field.name, item,
              allowed);
}

std::optional<int> value_of(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.words.size(); ++i)
    if (same_word(text, field.words[i])) return field.first_word + static_cast<int>(i);
  const auto value = whole_number(text);
  return value && *value >= field.least && *value <= field.most ? value : std::nullopt;
}

struct Range {
  int first = 0;
  int last = 0;
  bool single = false;  // neither `*` nor `a-b`
};

Result<Range> parse_range(std::string_view text, const Field& field) {
  if (text == "*") return Range{field.least, field.most};
  const auto dash = text.find('-');
  const auto first = value_of(text.substr(0, dash), field);
  if (dash == std::string_view::npos)
    return first ? Result<Range>({*first, *first, true}) : bad(field, text);
  const auto last = value_of(text.substr(dash + 1), field);
  if (!first || !last) return bad(field, text);
  if (*first > *last)
    return fail(ErrorKind::invalid, "E7040",
                "has {} \"{}\", which runs backwards: write it as two ranges", field.name, text);
  return Range{*first, *last};
}

Result<Numbers> parse_item(std::string_view item, const Field& field) {
  const auto slash = item.find('/');
  auto range = parse_range(item.substr(0, slash), field);
  if (!range) return std::unexpected(range.error());
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto given = whole_number(item.substr(slash + 1));
    if (!given || *given < 1 || *given > field.most)
      return fail(ErrorKind::invalid, "E7040", "has {} \"{}\": a step is a number from 1 to {}",
                  field.name, item, field.most);
    if (range->single && !field.open_steps)
      return fail(ErrorKind::invalid, "E7040",
                  "has {} \"{}\": a step needs a range, such as {}-{}/{}", field.name, item,
                  range->first, field.most, *given);
    if (range->single) range->last = field.most;
    step = *given;
  }
  Numbers numbers;
  for (int n = range->first; n <= range->last; n += step)
    numbers.set(static_cast<std::size_t>(n - field.least));
  return numbers;
}

}  // namespace

const std::span<const std::string_view> kMonths{kMonthNames};
const std::span<const std::string_view> kWeekdays{kWeekdayNames};

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> items;
  for (std::size_t from = 0;;) {
    const auto comma = text.find(',', from);
    items.push_back(text.substr(from, comma - from));
    if (comma == std::string_view::npos) return items;
    from = comma + 1;
  }
}

std::vector<std::string_view> split_fields(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> fields;
  for (auto from = text.find_first_not_of(kBlanks); from != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kBlanks, from), text.size());
    fields.push_back(text.substr(from, end - from));
    from = text.find_first_not_of(kBlanks, end);
  }
  return fields;
}

Result<Numbers> parse_numbers(std::string_view text, const Field& field) {
  Numbers numbers;
  for (const std::string_view item : split_list(text)) {
    const auto some = parse_item(item, field);
    if (!some) return std::unexpected(some.error());
    numbers |= *some;
  }
  return numbers;
}

}  // namespace pelton::schedule
