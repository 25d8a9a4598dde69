// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/functions/order.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <iterator>

namespace pelton::bench {

struct Biller::Parser {
  simdjson::dom::parser json;
};

Biller::Biller() : parser_(std::make_unique<Parser>()) {}
Biller::~Biller() = default;

std::string_view Biller::bill(std::string_view order) {
  const auto parsed = parser_->json.parse(order.data(), order.size());
  const double total = parsed["amount"].get_double() * parsed["quantity"].get_double();
  billed_.assign(order.substr(0, order.rfind('}')));
  fmt::format_to(std::back_inserter(billed_), R"(,"total":{:.2f}}})", total);
  return billed_;
}

}  // namespace pelton::bench
