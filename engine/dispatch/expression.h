// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/filter_rule.h"
#include "engine/model/batch.h"

#include <memory>
#include <string>

namespace pelton::dispatch {

// Value. What a field of an event holds.
struct FieldValue {
  enum class Kind { absent, null, boolean, number, text, structure } kind = Kind::absent;
  bool boolean = false;
  std::string text;  // of text; of a number, boolean or structure its JSON
};

// Reads the fields that filters and key expressions name. JSON is parsed on demand, and only for
// fields in the data; data that is not JSON has no fields. A byte order mark before the JSON is
// ignored, and a field is the same whether or not its name is written with escapes. What no field
// names is passed over, without recursion. Reuses its buffers: one thread.
class FieldReader {
 public:
  FieldReader();
  ~FieldReader();
  FieldValue read(const config::FieldRef& field, const model::Batch& batch, std::size_t i);

 private:
  class Json;
  std::unique_ptr<Json> json_;
};

}  // namespace pelton::dispatch
