// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/plan_text.h"

#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/observe/log.h"

#include <unistd.h>

#include <algorithm>

namespace pelton::cli {
namespace {

using observe::log::escaped;

struct Sign {
  const char* action;
  const char* sign;
  const char* colour;
  const char* count;
};
constexpr Sign kSigns[] = {{"add", "+", "\x1b[32m", "to add"},
                           {"change", "~", "\x1b[33m", "to change"},
                           {"restart", "!", "\x1b[33m", "to restart"},
                           {"remove", "-", "\x1b[31m", "to remove"}};

const Sign& sign_of(std::string_view action) {
  const auto sign = std::ranges::find(kSigns, action, &Sign::action);
  return sign == std::end(kSigns) ? kSigns[1] : *sign;
}

std::string signed_line(const Sign& sign, const std::string& text) {
  const std::string line = fmt::format("{} {}", sign.sign, text);
  return colours(STDOUT_FILENO) ? sign.colour + line + "\x1b[0m" : line;
}

std::string value_of(const json::object& option, const char* side) {
  return flag_of(option, "secret") ? "(secret)" : escaped(text_of(option, side));
}

bool is_set(const json::object& option, const char* side) {
  const json::value* value = option.if_contains(side);
  return value != nullptr && value->is_string();
}

void print_option(const json::object& option) {
  const bool before = is_set(option, "before");
  const bool after = is_set(option, "after");
  std::string text = escaped(text_of(option, "option")) + ":";
  if (before) text += " " + value_of(option, "before");
  if (before && after) text += " ->";
  if (after) text += " " + value_of(option, "after");
  const char* const action = before && after ? "change" : after ? "add" : "remove";
  print("    {}\n", signed_line(sign_of(action), text));
}

void print_part(const json::object& part) {
  std::string text = text_of(part, "kind");
  if (const std::string name = text_of(part, "name"); !name.empty()) text += " " + escaped(name);
  const char* separator = ": ";
  for (const json::value& reason : list_of(part, "because")) {
    if (!reason.is_string()) continue;
    text += separator + escaped(std::string_view(reason.get_string()));
    separator = ", ";
  }
  print("{}\n", signed_line(sign_of(text_of(part, "action")), text));
  for (const json::value& option : list_of(part, "options")) print_option(as_object(option));
}

std::string counts_of(const json::array& changes) {
  std::string counts;
  for (const Sign& sign : kSigns) {
    const auto count = std::ranges::count_if(changes, [&](const json::value& part) {
      return text_of(as_object(part), "action") == sign.action;
    });
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, sign.count);
  }
  return counts;
}

}  // namespace

void print_problems(const json::object& review) {
  for (const json::value& value : list_of(review, "problems")) {
    const json::object& problem = as_object(value);
    note("{}:{}:{}: {}{} {}\n", escaped(text_of(problem, "file")), count_of(problem, "line"),
         count_of(problem, "column"), text_of(problem, "severity") == "warning" ? "warning " : "",
         text_of(problem, "code"), escaped(text_of(problem, "message")));
  }
}

void print_changes(const json::object& review) {
  const json::array& changes = list_of(review, "changes");
  if (changes.empty()) return;
  for (const json::value& part : changes) print_part(as_object(part));
  print("\n{}\n", counts_of(changes));
}

void print_refusals(const json::object& review) {
  flush_out();
  for (const json::value& value : list_of(review, "refusals"))
    note("pelton: {}: {}\n", text_of(as_object(value), "code"),
         escaped(text_of(as_object(value), "message")));
}

void print_review(const json::object& review) {
  print_problems(review);
  print_changes(review);
  print_refusals(review);
  if (const std::string error = text_of(review, "error"); !error.empty())
    note("pelton: {}\n{}", escaped(error.substr(0, error.find('\n'))),
         indented("  ", error.substr(std::min(error.find('\n'), error.size() - 1) + 1)));
}

void note_not_reloaded() {
  note("pelton: nothing was reloaded; the engine continues with the old config\n");
}

int exit_code_of(const json::object& review) {
  const std::string outcome = text_of(review, "outcome");
  if (outcome == "invalid") return kConfigInvalid;
  if (outcome == "refused") return kConflict;
  return outcome == "failed" ? kFailure : kOk;
}

}  // namespace pelton::cli
