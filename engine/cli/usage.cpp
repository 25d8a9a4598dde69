// SPDX-License-Identifier: Apache-2.0
#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/cli/commands.h"
#include "engine/cli/json.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace pelton::cli {
namespace {

struct UsageOptions {
  EngineAddress address;
  std::string format = "text";
  std::string by = "function";
  std::string since;
};

// The numbers of a row in the order of the columns; they add up but for the last.
constexpr std::array kCounts{"invocations", "events", "failed", "billed_ms", "cold_starts"};
constexpr std::array kAmounts{"duration_ms", "gb_seconds", "init_ms"};
constexpr const char* kPeak = "peak_memory";

// What the rows of the answer are added up by: "function" keeps the function alone.
std::vector<std::string> names_of(const std::string& by) {
  if (by == "binding") return {"function", "binding"};
  return {by};
}

void add_row(json::object& sum, const json::object& row) {
  for (const char* name : kCounts) sum[name] = count_of(sum, name) + count_of(row, name);
  for (const char* name : kAmounts) sum[name] = real_of(sum, name) + real_of(row, name);
  sum[kPeak] = std::max(count_of(sum, kPeak), count_of(row, kPeak));
}

// In the order of their names.
std::vector<json::object> summed(const json::array& rows, const std::string& by) {
  std::map<std::vector<std::string>, json::object> sums;
  for (const json::value& value : rows) {
    const json::object& row = as_object(value);
    std::vector<std::string> names;
    for (const std::string& name : names_of(by)) names.push_back(text_of(row, name));
    json::object& sum = sums[names];
    for (std::size_t i = 0; i < names.size(); ++i) sum[names_of(by)[i]] = names[i];
    add_row(sum, row);
  }
  std::vector<json::object> list;
  for (auto& [names, sum] : sums) list.push_back(std::move(sum));
  return list;
}

std::vector<std::string> cells_of(const json::object& row) {
  return {grouped(count_of(row, "invocations")),
          grouped(count_of(row, "events")),
          grouped(count_of(row, "failed")),
          grouped(count_of(row, "billed_ms")),
          fmt::format("{:.3f}", real_of(row, "gb_seconds")),
          size_text(count_of(row, kPeak)),
          grouped(count_of(row, "cold_starts")),
          fmt::format("{:.0f}", real_of(row, "init_ms"))};
}

void show_usage(const std::vector<json::object>& rows, const UsageOptions& options) {
  if (rows.empty()) return print("no function was invoked since {}\n", options.since);
  std::vector<std::string> head;
  for (std::string name : names_of(options.by)) {
    std::ranges::transform(name, name.begin(), [](char c) { return std::toupper(c); });
    head.push_back(name);
  }
  for (const char* name : {"INVOCATIONS", "EVENTS", "FAILED", "BILLED MS", "GB-SECONDS",
                           "PEAK MEMORY", "COLD STARTS", "INIT MS"})
    head.emplace_back(name);
  Table table(head);
  json::object total;
  for (const json::object& row : rows) {
    std::vector<std::string> cells;
    for (const std::string& name : names_of(options.by)) {
      const std::string text = text_of(row, name);
      cells.push_back(text.empty() ? "(calls, starts)" : text);
    }
    std::ranges::copy(cells_of(row), std::back_inserter(cells));
    table.add(cells);
    add_row(total, row);
  }
  if (rows.size() > 1) {
    std::vector<std::string> cells(names_of(options.by).size());
    cells.front() = "total";
    std::ranges::copy(cells_of(total), std::back_inserter(cells));
    table.add(cells);
  }
  print("since {} (UTC)\n{}", options.since, table.text());
}

std::string first_of_month() {
  return format_time(SystemClock().now()).substr(0, 8) + "01";
}

Result<int> meter_usage(UsageOptions options) {
  if (options.since.empty()) options.since = first_of_month();
  auto client = Client::connect(options.address);
  if (!client) return std::unexpected(client.error());
  const auto answer = (*client)->get("/v1/usage?since=" + url_encoded(options.since));
  if (!answer) return std::unexpected(answer.error());
  const auto said = parse_object(*answer);
  if (!said) return std::unexpected(said.error());
  const auto rows = summed(list_of(*said, "usage"), options.by);
  if (options.format == "text") {
    show_usage(rows, options);
    return kOk;
  }
  json::array list;
  for (const json::object& row : rows) list.push_back(row);
  print("{}\n", json::serialize(json::object{
                    {"since", options.since}, {"by", options.by}, {"usage", std::move(list)}}));
  return kOk;
}

}  // namespace

void add_usage(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("usage", "what functions used: invocations, time, memory");
  auto options = std::make_shared<UsageOptions>();
  command->add_option("--by", options->by, "function (default), binding or day")
      ->check(CLI::IsMember({"function", "binding", "day"}));
  command->add_option("--since", options->since,
                      "a day (UTC), such as 2026-11-01 (default: the first of this month)");
  add_format(*command, options->format);
  add_address(*command, options->address);
  command->footer("Example: pelton usage --by day --since 2026-11-01");
  command->callback([&chosen, options] { chosen = [options] { return meter_usage(*options); }; });
}

}  // namespace pelton::cli
