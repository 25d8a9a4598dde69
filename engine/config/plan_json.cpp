// SPDX-License-Identifier: Apache-2.0
#include "engine/config/plan_json.h"

#include "engine/base/utf8.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pelton::config {
namespace {

namespace json = boost::json;

json::value text(const std::optional<std::string>& value) {
  return value ? json::value(to_utf8(*value)) : json::value(nullptr);
}

json::object object_of(const PartChange& change) {
  json::array options;
  for (const OptionChange& option : change.options)
    options.push_back({{"option", option.option},
                       {"before", text(option.before)},
                       {"after", text(option.after)},
                       {"secret", option.secret}});
  return {{"kind", to_string(change.kind)},
          {"name", change.name},
          {"action", to_string(change.action)},
          {"options", std::move(options)},
          {"because", json::array(change.because.begin(), change.because.end())}};
}

json::array array_of(const std::vector<Diagnostic>& problems) {
  json::array all;
  for (const Diagnostic& p : problems)
    all.push_back({{"file", to_utf8(p.file)},
                   {"line", p.place.line},
                   {"column", p.place.column},
                   {"code", p.code},
                   {"severity", p.severity == Severity::error ? "error" : "warning"},
                   {"message", to_utf8(p.message)}});
  return all;
}

}  // namespace

Review review(std::string file, std::vector<Diagnostic> problems, Plan plan) {
  const char* const outcome = !plan.refusals.empty() ? "refused"
                              : plan.empty()         ? "unchanged"
                                                     : "changes";
  return {outcome, std::move(file), std::move(problems), std::move(plan), {}};
}

std::string to_json(const Review& review) {
  const Plan& plan = review.plan;
  json::array changes;
  for (const PartChange& change : plan.changes) changes.push_back(object_of(change));
  json::array refusals;
  for (const Refusal& refusal : plan.refusals)
    refusals.push_back({{"kind", to_string(refusal.kind)},
                        {"name", refusal.name},
                        {"option", refusal.option},
                        {"code", refusal.code},
                        {"message", to_utf8(refusal.message)}});
  json::object object{{"outcome", review.outcome},
                      {"file", to_utf8(review.file)},
                      {"problems", array_of(review.problems)},
                      {"changes", std::move(changes)},
                      {"refusals", std::move(refusals)}};
  if (!review.error.empty()) object["error"] = to_utf8(review.error);
  return json::serialize(object);
}

}  // namespace pelton::config
