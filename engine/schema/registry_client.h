// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/net/http_client.h"
#include "engine/schema/options.h"
#include "engine/schema/source.h"

#include <boost/json/value.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace pelton::schema {

// The REST API of Confluent's Schema Registry, which others have as well. Calls block, for the
// registry's time-out and URL at most, or until `stopping` is set. One thread.
//
// Errors: unavailable (E6164): no URL gave an answer that says something about what was asked for:
// no connection, credentials that are refused, an error of the server; invalid: the registry has
// answered, and there is no such thing (E6161), or it refuses what is to be registered (E6166).
class RegistryClient {
 public:
  RegistryClient(RegistryOptions options, const std::atomic<bool>& stopping);

  Result<Source> by_id(std::uint32_t id);
  // Value. A version of a subject.
  struct Version {
    std::uint32_t id = 0;
    Source source;
  };
  Result<Version> latest(const std::string& subject);
  // The id that the schema has under the subject.
  Result<std::uint32_t> look_up(const std::string& subject, const Source& source);
  Result<std::uint32_t> add(const std::string& subject, const Source& source);

 private:
  using Json = boost::json::value;
  struct Seen {
    std::set<std::string> names;
    std::size_t bytes = 0;
  };

  Result<Json> ask(std::string_view method, const std::string& path, const std::string& body = {});
  Result<Json> ask_at(const std::string& url, std::string_view method, const std::string& path,
                      const std::string& body);
  Result<std::uint32_t> post(const std::string& path, const Source& source);
  Result<Source> source_of(const Json& answer);
  Status add_references(const Json& answer, Source& into, Seen& seen, int depth);
  Status add_reference(const Json& reference, Source& into, Seen& seen, int depth);

  const RegistryOptions options_;
  const std::atomic<bool>& stopping_;
  net::HttpClient http_;
  std::size_t first_ = 0;  // the URL that answered at last
};

}  // namespace pelton::schema
