// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// Value. MariaDB's number of a transaction: "0-1-42" (domain, server, sequence).
struct MariaGtid {
  std::uint32_t domain = 0, server = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const MariaGtid&, const MariaGtid&) = default;
};
std::string text_of(const MariaGtid& gtid);

// Value. The newest transaction of each domain: "0-1-42,1-2-7".
class MariaGtidSet {
 public:
  static std::optional<MariaGtidSet> parse(std::string_view text);
  std::string text() const;
  bool empty() const { return newest_.empty(); }
  void add(const MariaGtid& gtid);
  friend bool operator==(const MariaGtidSet&, const MariaGtidSet&) = default;

 private:
  std::vector<MariaGtid> newest_;  // by domain
};

// Value. MySQL's number of a transaction: "3e11fa47-71ca-11e1-9e33-c80aa9429562:23".
struct MysqlGtid {
  std::array<std::uint8_t, 16> server{};
  std::uint64_t number = 0;
  friend bool operator==(const MysqlGtid&, const MysqlGtid&) = default;
};
std::string text_of(const MysqlGtid& gtid);

// Value. Ranges of each server's transactions: "uuid:1-5:8,uuid:1-3".
class MysqlGtidSet {
 public:
  // Nothing: it is none, or has tags (MySQL 8.3), which are not read.
  static std::optional<MysqlGtidSet> parse(std::string_view text);
  std::string text() const;
  bool empty() const { return sources_.empty(); }
  void add(const MysqlGtid& gtid);
  bool contains(const MysqlGtid& gtid) const;
  // As COM_BINLOG_DUMP_GTID takes it.
  std::string encoded() const;
  friend bool operator==(const MysqlGtidSet&, const MysqlGtidSet&) = default;

 private:
  struct Range {
    std::uint64_t first = 0, last = 0;  // both included
    friend bool operator==(const Range&, const Range&) = default;
  };
  using Ranges = std::vector<Range>;  // ascending, with gaps between them
  static void add_range(Ranges& ranges, Range range);
  static bool read_ranges(std::string_view text, Ranges& out);

  std::map<std::array<std::uint8_t, 16>, Ranges> sources_;
};

}  // namespace pelton::mysql
