// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/s3_source.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::s3 {
namespace {

using std::chrono::steady_clock;

// Whatever it was that stopped a listing: connect() says again whether it can pass.
std::unexpected<Error> interrupted(Error error) {
  error.kind = ErrorKind::unavailable;
  return std::unexpected(std::move(error));
}

}  // namespace

S3Source::S3Source(SourceOptions options, connector::Ledger& ledger,
                   std::shared_ptr<NoticeBox> notices, const Environment& environment,
                   const Clock& clock)
    : options_(std::move(options)),
      environment_(environment),
      clock_(clock),
      ledger_(ledger, options_.at.bucket),
      hints_(std::move(notices), options_.at.bucket, options_.prefix) {}

Status S3Source::connect() {
  close();
  auto bucket = open_bucket(options_.at, environment_, clock_);
  if (!bucket) return std::unexpected(std::move(bucket).error());
  if (auto there = check_access(**bucket, options_.prefix); !there) return there;
  if (auto opened = ledger_.open(); !opened) return opened;
  bucket_ = std::move(*bucket);
  auto objects = open_bucket(options_.at, environment_, clock_);
  if (!objects) return std::unexpected(std::move(objects).error());
  objects_ = std::move(*objects);
  return {};
}

Result<connector::Read> S3Source::read(model::BatchBuilder& into, std::size_t max_events,
                                       std::size_t max_bytes, TimePoint deadline) {
  connector::Read read(++token_);
  hints_.refresh();
  if (!survey_ && hints_.take_left_out()) next_survey_ = {};
  while (into.size() < max_events && into.payload_bytes() < max_bytes) {
    const auto more = step(into, read, deadline);
    if (!more) {
      ledger_.release(token_);
      give_up();
      return std::unexpected(more.error());
    }
    if (!*more) break;
  }
  return read;
}

Result<bool> S3Source::step(model::BatchBuilder& into, connector::Read& read, TimePoint deadline) {
  if (due_.empty() && (looked_up_ || has_hint())) return look_up(into.empty(), deadline);
  if (due_.empty()) return look(into.empty(), deadline);
  if (needs_object(due_.front())) return fetch(into.empty(), deadline);
  if (auto added = add_next(into, read); !added) return std::unexpected(added.error());
  return true;
}

bool S3Source::needs_object(const Due& due) const {
  return options_.data == Data::object && !object_ && due.created &&
         due.created->object.size <= options_.inline_limit;
}

Result<bool> S3Source::fetch(bool patient, TimePoint deadline) {
  if (!std::exchange(fetching_, true)) start_object(due_.front());
  auto answer = objects_->wait(patient ? deadline : steady_clock::now());
  if (!answer) return false;
  fetching_ = false;
  if (!*answer) return interrupted(std::move(*answer).error());
  const int status = (*answer)->status;
  if (status == 200)
    object_ = std::move(**answer);
  else if (status == 404 || status == 412)
    due_.pop_front();
  else
    return interrupted(objects_->error_of(**answer, "s3:GetObject"));
  return true;
}

void S3Source::start_object(const Due& due) {
  Call call{"GET", due.key, {}, {}, {}, "s3:GetObject"};
  call.headers.push_back({"if-match", '"' + due.created->object.etag + '"'});
  objects_->start(std::move(call));
}

// While the first listing only notes what is there, so would a notification.
bool S3Source::has_hint() const {
  const bool baseline = options_.start == Start::latest && !ledger_.surveyed();
  return !hints_.empty() && !baseline && (!survey_ || survey_->can_leave_out());
}

Result<bool> S3Source::look_up(bool patient, TimePoint deadline) {
  if (!looked_up_) {
    looked_up_ = hints_.next();
    Call call = list_call(*looked_up_, "");
    call.query.emplace_back("max-keys", "10");
    objects_->start(std::move(call));
  }
  auto answer = objects_->wait(patient ? deadline : steady_clock::now());
  if (!answer) return false;
  const std::string key = *std::exchange(looked_up_, std::nullopt);
  if (!*answer) return interrupted(std::move(*answer).error());
  if ((*answer)->status != 200) return interrupted(objects_->error_of(**answer, "s3:ListBucket"));
  if (auto taken = take_looked_up(key, **answer); !taken) return std::unexpected(taken.error());
  return true;
}

Status S3Source::take_looked_up(const std::string& key, const net::HttpResponse& response) {
  auto page = read_list(response.body);
  if (!page) return std::unexpected(std::move(page).error());
  auto known = ledger_.find(key);
  if (!known) return std::unexpected(std::move(known).error());
  if (survey_) survey_->leave_out(key);
  const auto at = std::ranges::find(page->objects, key, &ObjectVersion::key);
  if (at == page->objects.end()) return *known ? sort_out(std::vector<std::string>{key}) : Status{};
  if (*known && (*known)->same(*at)) return {};
  std::vector<Finding> found;
  found.push_back({std::move(*at), std::move(*known)});
  return sort_out(std::move(found));
}

Result<bool> S3Source::look(bool patient, TimePoint deadline) {
  if (!survey_) return wait_for_turn(patient, deadline);
  auto answer = bucket_->wait(patient ? deadline : steady_clock::now());
  if (!answer) return false;
  if (!*answer) return interrupted(std::move(*answer).error());
  if ((*answer)->status != 200) return interrupted(bucket_->error_of(**answer, "s3:ListBucket"));
  if (auto taken = take_page(**answer); !taken) return std::unexpected(taken.error());
  return true;
}

Result<bool> S3Source::wait_for_turn(bool patient, TimePoint deadline) {
  if (patient) std::this_thread::sleep_until(std::min(deadline, next_survey_));
  if (steady_clock::now() < next_survey_) return false;
  survey_.emplace(ledger_, options_.prefix);
  next_page_.clear();
  start_page();
  return true;
}

void S3Source::start_page() {
  bucket_->start(list_call(options_.prefix, next_page_));
}

Status S3Source::take_page(const net::HttpResponse& response) {
  auto page = read_list(response.body);
  if (!page) return std::unexpected(std::move(page).error());
  if (!page->next.empty() && page->next == next_page_)
    return fail(ErrorKind::unavailable, "E7205",
                "the listing does not get ahead: it is continued by the same token");
  const bool last = page->next.empty();
  next_page_ = std::move(page->next);
  auto found = survey_->compare(std::move(page->objects), last);
  if (!found) return std::unexpected(std::move(found).error());
  if (auto sorted = sort_out(std::move(*found)); !sorted) return sorted;
  if (last) return end_survey();
  // It comes while the events of this page are on their way.
  start_page();
  return {};
}

Status S3Source::end_survey() {
  auto removed = survey_->take_removed();
  survey_.reset();
  next_survey_ = steady_clock::now() + options_.poll;
  if (auto sorted = sort_out(std::move(removed)); !sorted) return sorted;
  return ledger_.surveyed() ? Status{} : ledger_.set_surveyed();
}

bool S3Source::wants(const std::string& key, EventName event) const {
  const auto& all = options_.suffix;
  return options_.wants(event) &&
         (all.empty() || std::ranges::any_of(all, [&](const std::string& suffix) {
            return key.ends_with(suffix);
          }));
}

Status S3Source::sort_out(std::vector<Finding> found) {
  const bool passed_over = options_.start == Start::latest && !ledger_.surveyed();
  std::vector<ObjectLedger::Mark> marks;
  for (Finding& finding : found) {
    const bool event = !passed_over && wants(finding.object.key, created_by(finding.object.etag));
    std::string key = finding.object.key;
    if (event)
      due_.push_back({std::move(key), std::move(finding)});
    else
      marks.push_back({std::move(key), ledger_.next(finding.object, finding.before)});
  }
  return ledger_.mark(marks);
}

Status S3Source::sort_out(std::vector<std::string> removed) {
  std::vector<ObjectLedger::Mark> marks;
  for (std::string& key : removed) {
    if (wants(key, EventName::removed))
      due_.push_back({std::move(key), std::nullopt});
    else
      marks.push_back({std::move(key), std::nullopt});
  }
  return ledger_.mark(marks);
}

Status S3Source::add_next(model::BatchBuilder& into, connector::Read& read) {
  const Due due = std::move(due_.front());
  due_.pop_front();
  Happening what;
  what.bucket = bucket_->name();
  what.region = bucket_->endpoint().region;
  what.configuration = options_.at.connector;
  what.key = due.key;
  std::optional<Known> now;
  if (due.created) {
    const ObjectVersion& object = due.created->object;
    now = ledger_.next(object, due.created->before);
    what.name = created_by(object.etag);
    what.etag = object.etag;
    what.size = object.size;
    what.sequence = now->sequence;
    what.time = object.modified;
  } else {
    const auto before = ledger_.find(due.key);
    if (!before) return std::unexpected(before.error());
    if (!*before) return {};
    what.name = EventName::removed;
    what.sequence = ledger_.removal_of(**before);
    what.time = clock_.now();
  }
  add_event(what, object_ ? &*object_ : nullptr, into);
  object_.reset();
  for (connector::LedgerEntry& entry : ledger_.take(token_, due.key, now))
    read.position.push_back(std::move(entry));
  return {};
}

void S3Source::add_event(const Happening& what, const net::HttpResponse* object,
                         model::BatchBuilder& into) const {
  const std::string id = event_id(what);
  const std::string source = fmt::format("aws:s3.{}.{}", what.region, what.bucket);
  const std::string type = fmt::format("com.amazonaws.s3.{}", to_string(what.name));
  const std::string size = std::to_string(what.size);
  model::EventView event;
  event.id = id;
  event.source = source;
  event.type = type;
  event.subject = what.key;
  event.key = what.key;
  event.has_key = true;
  event.time_us = to_us(what.time);
  std::string data;
  if (options_.data == Data::notification) {
    data = notification_json(what);
    event.content_type = "application/json";
    event.data = data;
    event.has_data = true;
  } else {
    event.headers = {{"bucket", what.bucket}, {"etag", what.etag}, {"size", size}};
    event.has_data = object != nullptr;
    if (object != nullptr) event.data = object->body;
    if (const auto* kind = object == nullptr ? nullptr : object->header("content-type"))
      event.content_type = *kind;
  }
  into.add(event);
}

Status S3Source::settle(connector::AckToken token, connector::Settlement) {
  // What was not stored is not in the ledger: the next listing finds it.
  ledger_.release(token);
  return {};
}

void S3Source::close() {
  give_up();
  bucket_.reset();
  objects_.reset();
}

// What was found and not read is found again.
void S3Source::give_up() {
  survey_.reset();
  due_.clear();
  object_.reset();
  looked_up_.reset();
  fetching_ = false;
  next_survey_ = {};
}

std::vector<std::string> S3Source::take_warnings() {
  const std::size_t unreadable = hints_.take_unreadable();
  if (unreadable == 0) return {};
  return {fmt::format("E7212: {} requests were not notifications of S3", unreadable)};
}

connector::SourceFacts S3Source::facts() const {
  connector::SourceFacts facts;
  facts.behind = due_.size() + ledger_.in_flight();
  return facts;
}

}  // namespace pelton::s3
