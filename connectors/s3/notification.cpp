// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/notification.h"

#include "connectors/s3/uri.h"
#include "engine/base/hash.h"
#include "engine/base/json_quoted.h"
#include "engine/base/units.h"

#include <algorithm>
#include <string_view>

namespace pelton::s3 {
namespace {

// "2026-11-29T10:00:00.000Z"
std::string milliseconds_of(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
  std::string text = format_time(whole);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, rest.count());
}

std::string object_json(const Happening& happening) {
  const std::string key = json_quoted(event_key(happening.key));
  if (happening.name == EventName::removed)
    return fmt::format(R"({{"key":{},"sequencer":"{}"}})", key, sequencer(happening.sequence));
  return fmt::format(R"({{"key":{},"size":{},"eTag":{},"sequencer":"{}"}})", key, happening.size,
                     json_quoted(happening.etag), sequencer(happening.sequence));
}

}  // namespace

std::string sequencer(std::int64_t sequence) {
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t from = std::max<std::int64_t>(sequence, 0);
  return fmt::format("00{:08X}{:08X}", from / kSecond, from % kSecond);
}

std::string event_id(const Happening& happening) {
  const Hash128 hash =
      hash128(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", to_string(happening.name), happening.bucket,
                          happening.sequence, happening.size, happening.etag, happening.key));
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

std::string notification_json(const Happening& happening) {
  std::string request = event_id(happening);
  const std::string second = request;
  request.resize(16);
  for (char& c : request)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  return fmt::format(
      R"({{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":{},"eventTime":"{}",)"
      R"("eventName":"{}","userIdentity":{{"principalId":"pelton"}},"requestParameters":)"
      R"({{"sourceIPAddress":"127.0.0.1"}},"responseElements":{{"x-amz-request-id":"{}",)"
      R"("x-amz-id-2":"{}"}},"s3":{{"s3SchemaVersion":"1.0","configurationId":{},"bucket":)"
      R"({{"name":{},"ownerIdentity":{{"principalId":"pelton"}},"arn":{}}},"object":{}}}}}]}})",
      json_quoted(happening.region), milliseconds_of(happening.time), to_string(happening.name),
      request, second, json_quoted(happening.configuration), json_quoted(happening.bucket),
      json_quoted("arn:aws:s3:::" + happening.bucket), object_json(happening));
}

}  // namespace pelton::s3
