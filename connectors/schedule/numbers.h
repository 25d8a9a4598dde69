// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <bitset>
#include <span>
#include <string_view>
#include <vector>

namespace pelton::schedule {

// Value. One field of a cron expression: what may be in it.
struct Field {
  std::string_view name;  // "minute"
  int least = 0;
  int most = 0;
  std::span<const std::string_view> words{};  // three letters each: "jan"
  int first_word = 0;                         // the number of the first of them
  // Whether `a/n` means every n-th from a to the end of the range, as for AWS; crontab has `a-b/n`.
  bool open_steps = false;
};

// Numbers from Field::least on: bit 0 stands for the least. Holds the years of AWS, 1970 to 2199.
using Numbers = std::bitset<232>;

template <std::size_t N>
std::bitset<N> narrowed(const Numbers& numbers) {
  std::bitset<N> out;
  for (std::size_t i = 0; i < N; ++i) out.set(i, numbers.test(i));
  return out;
}

// A list of `*`, `a`, `a-b`, each perhaps with a step: `*/5,7,30-40/2`. invalid (E7040): the
// message, such as `has hour "25": 0 to 23 is allowed`, follows the expression in a sentence.
Result<Numbers> parse_numbers(std::string_view text, const Field& field);

// The items of a list, and the fields of an expression: what is between the separators. Of fields,
// several blanks are one.
std::vector<std::string_view> split_list(std::string_view text);
std::vector<std::string_view> split_fields(std::string_view text);

extern const std::span<const std::string_view> kMonths;    // "jan" ...
extern const std::span<const std::string_view> kWeekdays;  // "sun" ...

}  // namespace pelton::schedule
