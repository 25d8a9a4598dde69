// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/bucket.h"
#include "connectors/s3/hints.h"
#include "connectors/s3/notification.h"
#include "connectors/s3/object_ledger.h"
#include "connectors/s3/options.h"
#include "connectors/s3/survey.h"
#include "engine/base/clock.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::s3 {

// Lists a bucket again and again, looks at single objects that notifications name, and gives an
// event for each version of each object, and for each object that is gone (docs/s3.md says what
// they look like). What is known of the bucket goes to the ledger together with the events.
//
// Errors of connect(): E7201, E7205 unavailable; E7202, E7203, E7204, E7206, E7207 invalid. Of
// read(): the same, all unavailable; the ledger's.
class S3Source final : public connector::Source {
 public:
  // `notices`: S3's notifications, which name objects to look at; may be null.
  S3Source(SourceOptions options, connector::Ledger& ledger, std::shared_ptr<NoticeBox> notices,
           const Environment& environment, const Clock& clock);

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override;
  connector::SourceFacts facts() const override;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  // An event that is due. Without a finding, of an object that is gone.
  struct Due {
    std::string key;
    std::optional<Finding> created;
  };

  // One step towards the next event, or that event. False: nothing more until the deadline.
  Result<bool> step(model::BatchBuilder& into, connector::Read& read, TimePoint deadline);
  // Forgets the listing: the next one begins at once.
  void give_up();
  // Goes on with the listing, or begins one.
  Result<bool> look(bool patient, TimePoint deadline);
  Result<bool> wait_for_turn(bool patient, TimePoint deadline);
  void start_page();
  Status take_page(const net::HttpResponse& response);
  Status end_survey();
  // Whether a notification can be followed now.
  bool has_hint() const;
  Result<bool> look_up(bool patient, TimePoint deadline);
  Status take_looked_up(const std::string& key, const net::HttpResponse& response);
  Status sort_out(std::vector<Finding> found);
  Status sort_out(std::vector<std::string> removed);
  bool wants(const std::string& key, EventName event) const;
  bool needs_object(const Due& due) const;
  // Gets the object of the next event. One whose version is no longer there is dropped: a listing
  // shows what came after it.
  Result<bool> fetch(bool patient, TimePoint deadline);
  void start_object(const Due& due);
  Status add_next(model::BatchBuilder& into, connector::Read& read);
  void add_event(const Happening& what, const net::HttpResponse* object,
                 model::BatchBuilder& into) const;

  const SourceOptions options_;
  const Environment environment_;
  const Clock& clock_;
  ObjectLedger ledger_;
  std::unique_ptr<Bucket> bucket_;   // while connected
  std::unique_ptr<Bucket> objects_;  // the same, for single objects
  bool fetching_ = false;            // the object of the next event
  std::optional<net::HttpResponse> object_;
  Hints hints_;
  std::optional<std::string> looked_up_;  // the key of a hint that is being followed
  std::optional<Survey> survey_;          // while one is under way
  std::string next_page_;                 // of the survey; empty: the first
  std::deque<Due> due_;
  TimePoint next_survey_{};
  connector::AckToken token_ = 0;
};

}  // namespace pelton::s3
