// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/durable_calls.h"

#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

void refer_to_streams(const Section& section, const std::string& prefix, ReadContext& context,
                      DurableCalls& calls) {
  calls.place = section.place(section_of(prefix));
  calls.to_place = section.place(prefix + "to");
  refer_each(section, prefix + "to", Reference::Kind::stream, context);
}

}  // namespace

Fields<DurableCalls> durable_fields() {
  return Fields<DurableCalls>(
             "durable",
             "Stores each request before the function is called and its response before the client "
             "gets it. A request that is repeated with the same `Idempotency-Key` is answered with "
             "the stored response. Requests wait in the stream `NAME.calls` of the route, "
             "responses are kept in `NAME.results`.")
      .shorthand("enabled")
      .option("enabled", &DurableCalls::enabled, "Whether calls are stored.")
      .option("keep", &DurableCalls::keep,
              "How long a response is kept for requests with the same `Idempotency-Key`.",
              {.at_least = "1s", .at_most = "90d"})
      .option("keys", &DurableCalls::keys,
              "Maximum number of keys that are remembered at a time. Requests with further ones "
              "are answered with 503 until the oldest have expired.",
              {.at_least = "1", .at_most = "100000000"})
      .option("require_key", &DurableCalls::require_key,
              "Whether requests without an `Idempotency-Key` are answered with 400.")
      .parsed("per", &DurableCalls::per, parse_request_field, request_field_text,
              "Part of the request that says whose key it is: `path.NAME`, `query.NAME` or "
              "`header.NAME`. The same key with another value is another key. If omitted, the keys "
              "of all clients of the route are the same.",
              "", {.example = "header.authorization"})
      .option("to", &DurableCalls::to,
              "Streams that the function may send events to, which are stored together with its "
              "response.",
              {.example = "paid_orders"})
      .section(&DurableCalls::retry, retry_fields())
      .then(refer_to_streams);
}

}  // namespace pelton::config
