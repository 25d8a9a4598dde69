// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/bucket.h"
#include "connectors/s3/options.h"
#include "engine/base/clock.h"
#include "engine/connector/sink.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::s3 {

// Writes each event as an object, whole or not at all, under a key that is the same at every
// attempt. Data larger than a part is uploaded in parts. An event without data deletes the object,
// unless `if_exists` says otherwise.
//
// Errors of connect(), and of write() as a whole: E7201, E7205 unavailable; E7202, E7203, E7206
// (of write() unavailable, connect() says it again). Failures of single events: E7204 unavailable;
// E7207, E7210 invalid.
class S3Sink final : public connector::Sink {
 public:
  S3Sink(SinkOptions options, const Environment& environment, const Clock& clock);

  Status connect() override;
  Result<std::vector<connector::SinkFailure>> write(
      const model::Batch& batch, const connector::SinkPosition& position) override;
  void close() override { bucket_.reset(); }

 private:
  Status write_event(const model::Batch& batch, std::size_t i,
                     const connector::SinkPosition& position);
  Status put(const std::string& key, std::string_view data, const std::string& content_type);
  Status put_parts(const std::string& key, std::string_view data, const std::string& content_type);
  Result<std::string> upload_parts(const std::string& key, const std::string& upload,
                                   std::string_view data);
  std::vector<net::HttpHeader> headers(const std::string& content_type) const;
  // Sends it; an object that is there already and has to stay is no error.
  Status send(Call call);

  const SinkOptions options_;
  const Environment environment_;
  const Clock& clock_;
  std::unique_ptr<Bucket> bucket_;  // while connected
};

// The key of event i: the template with its fields filled in; without a template the first of
// subject, id and position that is there. Error E7210, invalid.
Result<std::string> object_key(const std::string& text, const model::Batch& batch, std::size_t i,
                               const connector::SinkPosition& position);

}  // namespace pelton::s3
