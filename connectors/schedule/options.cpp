// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/options.h"

#include "connectors/schedule/payload.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "engine/config/spec/fields.h"

#include <algorithm>
#include <map>

namespace pelton::schedule {
namespace {

using config::Fields;
using config::Node;
using config::ReadContext;
using config::Section;
using AwsMeaning = std::variant<Calendar, Rate>;

Result<Written<Crontab>> parse_cron(const std::string& text) {
  auto meaning = parse_crontab(text);
  if (!meaning) return std::unexpected(meaning.error());
  return Written<Crontab>{text, *meaning};
}

Result<Written<AwsMeaning>> parse_aws_text(const std::string& text) {
  auto meaning = parse_aws(text);
  if (!meaning) return std::unexpected(meaning.error());
  return Written<AwsMeaning>{text, *meaning};
}

template <typename T>
std::string written_text(const Written<T>& written) {
  return written.text;
}

std::string zone_name(const Zone& zone) {
  return zone.name();
}

Result<WallTime> parse_start(const std::string& text) {
  auto time = parse_time(text);
  if (!time) return fail(ErrorKind::invalid, "E7041", "is not a time such as 2026-01-05T06:00:00Z");
  return std::chrono::floor<std::chrono::seconds>(*time);
}

std::string start_text(const WallTime& time) {
  return format_time(time);
}

void read_data(const Node& node, ReadContext& context, SourceOptions& options) {
  options.data = to_json(node, context);
}

std::map<std::string, std::string> data_text(const SourceOptions& options) {
  return options.data ? std::map<std::string, std::string>{{"", *options.data}}
                      : std::map<std::string, std::string>{};
}

// The expression that the file has; empty, and a problem, unless it is exactly one.
std::string expression_option(const Section& section, ReadContext& context) {
  std::vector<std::string> given;
  for (const char* name : {"cron", "every", "aws"})
    if (section.node(name) != nullptr) given.emplace_back(name);
  if (given.size() == 1) return given.front();
  context.problems.error(
      section.place(given.empty() ? "" : given.back()), "E7041",
      fmt::format("connector {}: {}", context.part,
                  given.empty()
                      ? "the schedule has no expression: set `cron`, `every` or `aws`"
                      : fmt::format("the schedule has more than one expression: {}; keep one",
                                    config::joined(given))));
  return "";
}

bool whole_seconds(const Section& section, const char* option, Duration value,
                   ReadContext& context) {
  if (value % std::chrono::seconds(1) == Duration{0}) return true;
  context.problems.error(section.place(option), "E7041",
                         fmt::format("connector {}: `{}` takes whole seconds, not {}", context.part,
                                     option, format_duration(value)));
  return false;
}

// A schedule that gives no event is a mistake; one that gives none any more may have done its work.
void check_slots(const Section& section, const std::string& option, ReadContext& context,
                 const SourceOptions& options) {
  const Recurrence recurrence = options.recurrence();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (recurrence.next(now)) return;
  if (recurrence.next(Slot{}))
    context.problems.warning(section.place(option), "E7044",
                             fmt::format("connector {}: {} \"{}\" gives no more events, the last "
                                         "one was before now",
                                         context.part, option, section.written(option)));
  else
    context.problems.error(section.place(option), "E7043",
                           fmt::format("connector {}: {} \"{}\" never gives an event: there is no "
                                       "such date",
                                       context.part, option, section.written(option)));
}

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  options.connector = context.part;
  const std::string option = expression_option(section, context);
  bool good = whole_seconds(section, "jitter", options.jitter, context);
  if (options.every) good &= whole_seconds(section, "every", *options.every, context);
  if (good && !option.empty() && (options.cron || options.every || options.aws))
    check_slots(section, option, context, options);
}

Fields<SourceOptions> source_fields() {
  return Fields<SourceOptions>("schedule", "")
      .parsed("cron", &SourceOptions::cron, parse_cron, written_text,
              "Five fields as in crontab(5): minute, hour, day of month, month, day of week, with "
              "`*`, ranges, lists, steps and names; or `@hourly`, `@daily`, `@weekly`, `@monthly`, "
              "`@yearly`. If neither day field begins with `*`, a day that matches one of them is "
              "enough.",
              "", {.example = "\"0 3 * * mon-fri\""})
      .option("every", &SourceOptions::every,
              "Interval, in whole seconds. Slots are the multiples of the interval since "
              "1970-01-01T00:00:00Z, or since `start`.",
              {.at_least = "1s", .at_most = "366d", .example = "5m"})
      .parsed("aws", &SourceOptions::aws, parse_aws_text, written_text,
              "An expression of Amazon EventBridge: `cron(...)` with six fields, or `rate(...)`, "
              "which counts like `every`.",
              "", {.example = "\"cron(0 12 ? * MON-FRI *)\""})
      .parsed("timezone", &SourceOptions::timezone, Zone::find, zone_name,
              "Time zone of the expression, a name of the system's database.", "UTC",
              {.example = "Europe/Berlin"})
      .parsed("start", &SourceOptions::start, parse_start, start_text,
              "No slot is before this time (RFC 3339).", "", {.example = "2026-01-05T06:00:00Z"})
      .choice("missed", &SourceOptions::missed,
              {{"skip", Missed::skip}, {"one", Missed::one}, {"all", Missed::all}},
              "What to do about slots that passed more than a minute ago while the engine was not "
              "running or could not store events: `skip` them, send `one` event for the newest of "
              "them, or send `all`, at most 1,000.")
      .choice(
          "overlap", &SourceOptions::overlap,
          {{"allow", Overlap::allow}, {"skip", Overlap::skip}, {"queue", Overlap::queue}},
          "What to do about a slot while some binding of the stream has not settled the event "
          "of the slot before: send its event anyway (`allow`), `skip` the slot, or `queue` it, "
          "at most 2,000. `skip` and `queue` require a stream that the engine keeps.")
      .option("jitter", &SourceOptions::jitter,
              "Each event is delayed by up to this, always the same for a slot. Its time and id "
              "are still those of the slot.",
              {.at_least = "0s", .at_most = "1d"})
      .node("data", config::OptionType::value, read_data, data_text,
            "The event's data, as YAML or as a text that is JSON. By default what `document` says.",
            {.example = "{ report: daily }"})
      .choice("document", &SourceOptions::document,
              {{"pelton", Document::pelton}, {"eventbridge", Document::eventbridge}},
              "The data of an event without `data`: an object with `schedule`, `time` and "
              "`local_time` (`pelton`), or the document that Amazon EventBridge sends to functions "
              "for AWS Lambda (`eventbridge`).")
      .option("key", &SourceOptions::key, "The event's key. By default it has none.",
              {.example = "reports"})
      .then(check_source);
}

std::vector<config::Location> no_locations(const SourceOptions&) {
  return {};
}

}  // namespace

std::string SourceOptions::expression() const {
  if (cron) return "cron " + cron->text;
  if (aws) return aws->text;
  return every ? "every " + format_duration(*every) : "";
}

std::string SourceOptions::identity() const {
  return fmt::format("{}|{}|{}", expression(), timezone.name(), start ? format_time(*start) : "");
}

Recurrence SourceOptions::recurrence() const {
  using std::chrono::seconds;
  const auto first = start ? std::optional(std::chrono::floor<seconds>(*start)) : std::nullopt;
  const auto interval = [&](seconds length) {
    return Recurrence(Recurrence::OfInterval{length, first.value_or(Slot{})}, first);
  };
  if (cron)
    return {Recurrence::OfCalendar{
                cron->meaning.calendar,
                cron->meaning.wildcard ? ClockChanges::wildcard : ClockChanges::fixed, timezone},
            first};
  if (!aws) return interval(std::chrono::floor<seconds>(every.value_or(seconds(1))));
  if (const auto* rate = std::get_if<Rate>(&aws->meaning)) return interval(*rate);
  return {
      Recurrence::OfCalendar{std::get<Calendar>(aws->meaning), ClockChanges::eventbridge, timezone},
      first};
}

Policy SourceOptions::policy() const {
  return {missed, overlap, std::chrono::floor<std::chrono::seconds>(jitter), hash64(connector)};
}

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "schedule";
  options.sentence =
      "Events at set times: crontab expressions, intervals, and the expressions of Amazon "
      "EventBridge. Each slot gives one event, across restarts and changes of the clock.";
  options.source = config::connector_side(source_fields(), no_locations);
  return options;
}

}  // namespace pelton::schedule
