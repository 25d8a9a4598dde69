// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/bucket.h"
#include "connectors/s3/endpoint.h"
#include "connectors/s3/event_names.h"
#include "engine/config/spec/connector_options.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::s3 {

// Values. The options of each direction, whose defaults stand here.
struct BucketOptions {
  std::string connector;
  std::string bucket;
  std::string endpoint;  // empty: the environment's, else AWS
  std::string region;    // empty: the environment's, else us-east-1
  Style style = Style::automatic;
  std::string access_key, secret_key, session_token, profile;
  std::optional<net::Tls> tls;
  Duration timeout{std::chrono::seconds(30)};  // of one request
  Retries retries;                             // not an option
};

// What an event's data is: what happened to the object, or the object itself.
enum class Data { notification, object };

// Which of the objects that are there at the first start become events.
enum class Start { earliest, latest };

struct SourceOptions {
  BucketOptions at;
  std::string prefix;
  std::vector<std::string> suffix;                        // one of them; empty: any
  std::vector<std::string> events{"s3:ObjectCreated:*"};  // rules, see names_of_rule()
  Duration poll{std::chrono::seconds(10)};
  Start start = Start::earliest;
  Data data = Data::notification;
  std::uint64_t inline_limit = 1U << 20;

  bool wants(EventName event) const;
};

// What a sink does with an event whose object is there already.
enum class IfExists { replace, keep };

struct SinkOptions {
  BucketOptions at;
  std::string key;  // template; empty: subject, else id, else position
  IfExists if_exists = IfExists::replace;
  std::string content_type;                     // empty: the event's
  std::string storage_class;                    // empty: the bucket's
  std::map<std::string, std::string> metadata;  // names in lower case
  std::uint64_t part_size = 16U << 20;
};

// Contradictions among options: E7200.
config::ConnectorOptions describe_options();

// The bucket as the options and the environment have it. E7200, E7202 invalid.
Result<std::unique_ptr<Bucket>> open_bucket(const BucketOptions& options,
                                            const Environment& environment, const Clock& clock);

}  // namespace pelton::s3
