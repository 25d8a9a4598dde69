// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pelton::bench {

// The work of the JSON cases, the same in Pelton's function and in the hand-written loop: an order
// is parsed and goes on with its total.
class Biller {
 public:
  Biller();
  ~Biller();
  // `order` is a JSON object with `amount` and `quantity`. Valid until the next call. Throws
  // simdjson_error.
  std::string_view bill(std::string_view order);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string billed_;
};

}  // namespace pelton::bench
