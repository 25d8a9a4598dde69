// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/event_writer.h"
#include "connectors/mysql/binlog_event.h"
#include "connectors/mysql/table_map.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. A value of a row as it lies in the log, without a length in front.
struct WireValue {
  using State = database::RowValues::State;
  State state = State::absent;
  std::string_view bytes;
};
using WireRow = std::vector<WireValue>;

// Value. A row of one event: of an insert the new one, of a delete the old one, of an update both.
// Which columns the images have is the server's choice (binlog_row_image).
struct RowPair {
  WireRow before, after;
};

// Reads the rows of one event in order. Its views live as long as the event's body. E7232 corrupt:
// the body cannot be read; E7233 invalid: it has partial JSON values.
class RowsReader {
 public:
  enum class Kind : std::uint8_t { insert, update, remove };

  // The number of the table that a body belongs to.
  static std::uint64_t table_of(std::string_view body) { return table_id(body); }
  static bool is_rows(EventType type);

  // `body` is uncompressed in `scratch` when the event is compressed.
  Status begin(EventType type, std::string_view body, const std::vector<WireColumn>& columns,
               std::string& scratch);
  Kind kind() const { return kind_; }
  bool more() const { return !rest_.empty(); }
  // The next row.
  Status next(RowPair& out);

 private:
  Status read_image(std::string_view present, WireRow& row);

  Kind kind_ = Kind::insert;
  const std::vector<WireColumn>* columns_ = nullptr;
  std::string_view before_, after_;  // bitmaps of the columns that the images have
  std::string_view rest_;
};

}  // namespace pelton::mysql
