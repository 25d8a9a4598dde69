// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/usage_json.h"

#include <boost/json/serialize.hpp>

namespace pelton::http {
namespace {

namespace json = boost::json;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

json::object row_object(const UsageRow& row) {
  const model::Usage& usage = row.usage;
  return {{"day", row.day},
          {"function", row.function},
          {"binding", row.binding},
          {"invocations", usage.invocations},
          {"events", usage.events},
          {"failed", usage.failed},
          {"duration_ms", milliseconds(usage.busy)},
          {"billed_ms", usage.billed_ms},
          {"gb_seconds", static_cast<double>(usage.mib_ms) / 1024 / 1000},
          {"peak_memory", usage.peak_memory},
          {"cold_starts", usage.cold_starts},
          {"init_ms", milliseconds(usage.starting)}};
}

}  // namespace

std::string to_json(const std::vector<UsageRow>& rows) {
  json::array list;
  for (const UsageRow& row : rows) list.push_back(row_object(row));
  return json::serialize(json::object{{"usage", std::move(list)}});
}

}  // namespace pelton::http
