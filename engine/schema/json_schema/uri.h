// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton::schema::json_schema {

// What a reference means where `base` is the URI: "address.json" at "http://example.com/order.json"
// is "http://example.com/address.json". Without a fragment.
std::string resolved(std::string_view base, std::string_view reference);

// A fragment without its percent escapes.
std::string without_escapes(std::string_view fragment);

}  // namespace pelton::schema::json_schema
