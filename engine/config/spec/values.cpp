// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/values.h"

#include "engine/base/units.h"
#include "engine/config/yaml/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace pelton::config {
namespace {

constexpr std::size_t kMaxPathBytes = 4095;

std::unexpected<Error> wrong(const char* code, std::string message) {
  return std::unexpected(Error{ErrorKind::invalid, code, std::move(message)});
}

// YAML readers disagree on 010 (eight or ten), so it is neither.
bool looks_octal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

template <typename Number>
Result<OptionValue> number_of(const std::string& text, const char* what) {
  if (looks_octal(text))
    return wrong("E1007", fmt::format("\"{}\" begins with 0; leave the 0 out", text));
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size();
  if (error == std::errc::result_out_of_range && whole)
    return wrong("E1009", fmt::format("\"{}\" is too large", text));
  if (error != std::errc{} || !whole)
    return wrong("E1007", fmt::format("\"{}\" is not {}", text, what));
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(number)) return wrong("E1007", fmt::format("\"{}\" is not {}", text, what));
  return number;
}

Result<OptionValue> parse_number(const OptionSpec& spec, const std::string& text, bool quoted) {
  if (quoted)
    return wrong("E1007", fmt::format("\"{}\" in quotes is a text; a number has none", text));
  if (spec.type != OptionType::number) return number_of<double>(text, "a number");
  auto number = number_of<std::int64_t>(text, "a whole number");
  if (!number) return number;
  // Members are std::uint32_t, whatever bounds an option has of its own.
  const auto value = std::get<std::int64_t>(*number);
  if (value < 0 && spec.at_least.empty())
    return wrong("E1009", fmt::format("\"{}\" is less than 0", text));
  if (value > std::numeric_limits<std::uint32_t>::max())
    return wrong("E1009", fmt::format("\"{}\" is too large", text));
  return number;
}

Result<OptionValue> parse_boolean(const std::string& text, bool quoted) {
  if (!quoted && (text == "true" || text == "false")) return text == "true";
  return wrong("E1007", fmt::format("\"{}\" is neither true nor false", text));
}

template <typename T>
Result<OptionValue> with_unit(Result<T>&& parsed) {
  if (!parsed) return wrong("E1008", parsed.error().message);
  return OptionValue(*parsed);
}

Result<OptionValue> parse_path(const std::string& text, const std::filesystem::path& folder) {
  if (text.empty()) return wrong("E1006", "the path is empty");
  if (text.find('\0') != std::string::npos)
    return wrong("E1010", "the path contains a NUL byte, which no path can have");
  if (text.size() > kMaxPathBytes)
    return wrong("E1009", fmt::format("the path is longer than {} bytes", kMaxPathBytes));
  const auto path = (folder / text).lexically_normal();
  return path.has_filename() || path == path.root_path() ? path : path.parent_path();
}

Result<OptionValue> parse_choice(const OptionSpec& spec, const std::string& text) {
  if (std::ranges::find(spec.choices, text) != spec.choices.end()) return text;
  return wrong("E1010", fmt::format("\"{}\" is none of {}{}", text, joined(spec.choices),
                                    did_you_mean(text, spec.choices)));
}

}  // namespace

Result<OptionValue> parse_value(const OptionSpec& spec, const std::string& text, bool quoted,
                                const std::filesystem::path& folder) {
  switch (spec.type) {
    case OptionType::boolean:
      return parse_boolean(text, quoted);
    case OptionType::number:
    case OptionType::real:
      return parse_number(spec, text, quoted);
    case OptionType::size:
      return with_unit(parse_size(text));
    case OptionType::duration:
      return with_unit(parse_duration(text));
    case OptionType::path:
      return parse_path(text, folder);
    case OptionType::choice:
      return parse_choice(spec, text);
    case OptionType::text_list:
      return std::vector<std::string>{text};
    case OptionType::text:
    case OptionType::text_map:
    case OptionType::value:
    case OptionType::filter:
      break;
  }
  return text;
}

Status check_bounds(const OptionSpec& spec, const OptionValue& value, const std::string& shown) {
  // Bounds are written like values; the tests of the specs parse each of them.
  const auto bound = [&](const std::string& text) { return *parse_value(spec, text, false, {}); };
  if (!spec.at_least.empty() && value < bound(spec.at_least))
    return fail(ErrorKind::invalid, "E1009", "{} is less than {}", shown, spec.at_least);
  if (!spec.at_most.empty() && bound(spec.at_most) < value)
    return fail(ErrorKind::invalid, "E1009", "{} is more than {}", shown, spec.at_most);
  return {};
}

std::string wanted(const OptionSpec& spec) {
  switch (spec.type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::number:
      return "a whole number";
    case OptionType::real:
      return "a number";
    case OptionType::size:
      return "a size such as 512MiB";
    case OptionType::duration:
      return "a duration such as 30s";
    case OptionType::path:
      return "a path";
    case OptionType::choice:
      return "one of " + joined(spec.choices);
    case OptionType::text_list:
      return "a text or a list of texts";
    case OptionType::text_map:
      return "a mapping of names to texts";
    case OptionType::value:
      return "any value";
    case OptionType::filter:
      return "a mapping of fields to conditions";
    case OptionType::text:
      break;
  }
  return "a text";
}

const OptionSpec* shorthand_of(const SectionSpec& spec) {
  const auto option = std::ranges::find(spec.options, spec.shorthand, &OptionSpec::name);
  return option == spec.options.end() ? nullptr : &*option;
}

std::string wanted_entry(const SectionSpec& spec) {
  const OptionSpec* option = shorthand_of(spec);
  return option == nullptr ? "a mapping"
                           : fmt::format("{} (`{}`) or a mapping", wanted(*option), option->name);
}

std::string wanted(const SectionSpec& spec) {
  switch (spec.shape) {
    case SectionShape::listed:
      return "a list, each entry of which is " + wanted_entry(spec);
    case SectionShape::named:
      return "a mapping of names, each to " + wanted_entry(spec);
    case SectionShape::one:
      break;
  }
  return wanted_entry(spec);
}

}  // namespace pelton::config
