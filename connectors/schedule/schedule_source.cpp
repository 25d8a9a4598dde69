// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/schedule_source.h"

#include "connectors/schedule/payload.h"
#include "connectors/schedule/position_text.h"
#include "engine/base/json_quoted.h"
#include "engine/base/units.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::schedule {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* kPosition = "position";  // in the ledger
// A clock that is set back by less is not worth a word.
constexpr seconds kSetBack{5};
constexpr std::size_t kMostWarnings = 100;  // between two calls of take_warnings()

std::string slots_text(const Skipped& skipped) {
  if (skipped.slots == 1) return "the slot " + format_time(skipped.first);
  return fmt::format("{} slots from {} to {}", skipped.slots, format_time(skipped.first),
                     format_time(skipped.last));
}

}  // namespace

ScheduleSource::ScheduleSource(SourceOptions options, connector::Ledger& ledger,
                               connector::Consumption& consumption, const Clock& clock)
    : options_(std::move(options)),
      source_("schedule:" + options_.connector),
      ledger_(ledger),
      consumption_(consumption),
      clock_(clock) {}

Slot ScheduleSource::now() const {
  return std::chrono::floor<seconds>(clock_.now());
}

Status ScheduleSource::connect() {
  close();
  auto position = stored_position();
  if (!position) return std::unexpected(position.error());
  if (options_.overlap != Overlap::allow) {
    const auto held = consumption_.now();
    if (!held) return std::unexpected(held.error());
    if (held->ends.empty())
      return fail(ErrorKind::invalid, "E7045",
                  "`overlap` requires a stream that the engine keeps: what the bindings of a Kafka "
                  "topic have settled is not known");
    waiting_ = !position->decided.empty();
  }
  planner_.emplace(options_.recurrence(), options_.policy(), std::move(*position));
  newest_now_ = now();
  return {};
}

// The position of the first start is written at once: an engine that is killed before its first
// slot would otherwise take the slots that pass until its next start for the past.
Result<SlotProgress> ScheduleSource::stored_position() {
  // Behind whatever is still on its way to the ledger.
  if (auto behind = ledger_.put({}); !behind) return std::unexpected(behind.error());
  const auto text = ledger_.get(kPosition);
  if (!text) return std::unexpected(text.error());
  if (*text) {
    auto stored = decode_position(**text);
    if (!stored)
      return fail(ErrorKind::corrupt, "E4001", "the stored position of schedule {} is damaged",
                  options_.connector);
    if (stored->identity == options_.identity()) return std::move(stored->position);
  }
  const SlotProgress first = first_position(now());
  const connector::LedgerEntry entry{kPosition, encode({options_.identity(), first})};
  if (auto written = ledger_.put({&entry, 1}); !written) return std::unexpected(written.error());
  return first;
}

connector::LedgerEntry ScheduleSource::entry() const {
  return {kPosition, encode({options_.identity(), planner_->position()})};
}

Result<connector::Read> ScheduleSource::read(model::BatchBuilder& into, std::size_t max_events,
                                             std::size_t, steady_clock::time_point deadline) {
  connector::Read read(++token_);
  const Slot time = now();
  note_clock(time);
  if (in_flight_ || !planner_->due(time)) {
    wait(deadline);
    return read;
  }
  const auto blocked = unsettled();
  if (!blocked) return std::unexpected(blocked.error());
  SlotProgress before = planner_->position();
  Look look = planner_->look(time, *blocked, max_events);
  if (look.fire.empty()) {
    if (look.changed) {
      const auto now_there = entry();
      if (auto written = ledger_.put({&now_there, 1}); !written) {
        planner_->restore(std::move(before));
        return std::unexpected(written.error());
      }
      note_skipped(look);
    }
    wait(deadline);
    return read;
  }
  for (const Slot slot : look.fire) add_event(slot, into);
  read.position.push_back(entry());
  in_flight_ = {token_, std::move(before), std::move(look)};
  return read;
}

// Until the deadline or the next slot, whichever comes first.
void ScheduleSource::wait(steady_clock::time_point deadline) const {
  auto until = deadline;
  if (const auto due = planner_->next_due(); due && !in_flight_) {
    const auto left = WallTime{*due} - clock_.now();
    if (left > Duration{0} && left < std::chrono::hours(1))
      until = std::min(until, steady_clock::now() + left);
  }
  std::this_thread::sleep_until(until);
}

Result<bool> ScheduleSource::unsettled() {
  if (!waiting_) return false;
  if (!checkpoint_) {
    auto held = consumption_.now();
    if (!held) return std::unexpected(held.error());
    checkpoint_ = std::move(*held);
  }
  const auto settled = consumption_.settled(*checkpoint_);
  if (!settled) return std::unexpected(settled.error());
  waiting_ = !*settled;
  if (*settled) checkpoint_.reset();
  return waiting_;
}

std::string ScheduleSource::data_of(Slot slot, const std::string& id) const {
  if (options_.data) return *options_.data;
  if (options_.document == Document::eventbridge)
    return eventbridge_document(options_.connector, id, format_time(slot));
  return fmt::format(R"({{"schedule":{},"time":"{}","local_time":"{}"}})",
                     json_quoted(options_.connector), format_time(slot),
                     options_.timezone.text(slot));
}

void ScheduleSource::add_event(Slot slot, model::BatchBuilder& into) const {
  const std::string time = format_time(slot);
  const std::string id = options_.connector + "/" + time;
  const std::string data = data_of(slot, id);
  model::EventView event;
  event.id = id;
  event.source = source_;
  event.type = "pelton.schedule";
  event.subject = options_.connector;
  event.content_type = "application/json";
  if (options_.key) event.key = *options_.key;
  event.has_key = options_.key.has_value();
  event.data = data;
  event.has_data = true;
  event.time_us = to_us(slot);
  into.add(event);
}

Status ScheduleSource::settle(connector::AckToken token, connector::Settlement how) {
  if (!in_flight_ || in_flight_->token != token) return {};
  const InFlight settled = std::move(*std::exchange(in_flight_, std::nullopt));
  if (how == connector::Settlement::retry_later) {
    if (planner_) planner_->restore(settled.before);
    return {};
  }
  last_slot_ = settled.look.fire.back();
  waiting_ = options_.overlap != Overlap::allow;
  checkpoint_.reset();
  note_skipped(settled.look);
  return {};
}

void ScheduleSource::close() {
  planner_.reset();
  in_flight_.reset();
  waiting_ = false;
  checkpoint_.reset();
}

void ScheduleSource::note_skipped(const Look& look) {
  if (look.missed.slots > 0) {
    skipped_["missed"] += look.missed.slots;
    warnings_.push_back(fmt::format("E7046: {} passed without an event", slots_text(look.missed)));
  }
  if (look.overlap.slots > 0) {
    skipped_["overlap"] += look.overlap.slots;
    warnings_.push_back(
        fmt::format("E7047: {} skipped: the event of the slot before is not settled",
                    slots_text(look.overlap)));
  }
}

void ScheduleSource::note_clock(Slot time) {
  if (time + kSetBack <= newest_now_) {
    warnings_.push_back(fmt::format(
        "E7048: the clock was set back from {} to {}; slots that have given an event do not give "
        "another",
        format_time(newest_now_), format_time(time)));
    newest_now_ = time;
  }
  newest_now_ = std::max(newest_now_, time);
}

std::vector<std::string> ScheduleSource::take_warnings() {
  if (warnings_.size() > kMostWarnings) warnings_.resize(kMostWarnings);
  return std::exchange(warnings_, {});
}

connector::SourceFacts ScheduleSource::facts() const {
  connector::SourceFacts facts;
  facts.skipped = skipped_;
  if (last_slot_) facts.last_slot = *last_slot_;
  if (!planner_) return facts;
  facts.behind = planner_->position().pending.size();
  if (const auto next = planner_->next_slot()) facts.next_slot = *next;
  return facts;
}

}  // namespace pelton::schedule
