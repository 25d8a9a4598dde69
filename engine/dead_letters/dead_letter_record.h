// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/records/raw_record.h"
#include "engine/model/records.h"

#include <string>
#include <string_view>

// Dead letters as records of a topic; docs/kafka.md says what an operator finds there. A letter is
// the record that failed, byte for byte, with headers behind its own: Kafka Connect's
// ("__connect.errors.*", but for those that it brings), Pelton's ("pelton.dead-letter.*"), the last
// of which says how many were added. A letter that is over has a removal behind it in its
// partition.
namespace pelton::dead_letters {

// Where a letter's event comes from, beyond what the letter says.
struct LetterSource {
  std::string topic;
  bool rebuilt = false;  // the record is not byte for byte: it is gone from its topic
};

kafka::RawRecord letter_record(const model::DeadLetter& letter, kafka::RawRecord original,
                               const LetterSource& source);

// Says that the copies of the letter in `partition` up to that offset are over; `why`: replayed or
// purged.
struct Removal {
  std::string id;  // text form
  std::string binding;
  std::string topic;  // that its event came from
  PartitionId partition;
  Offset up_to = 0;
};
kafka::RawRecord removal_record(const Removal& removal, std::string_view why, WallTime now);

// What a record of a dead-letter topic is; whatever others wrote there is foreign.
struct LetterMark {
  enum class Kind { foreign, letter, removal } kind = Kind::foreign;
  std::string binding;
  std::string topic;  // that its event came from
  PartitionId partition;
  Offset offset = 0;
  Incarnation stream{};
  Offset up_to = 0;  // removal
};
LetterMark mark_of(const kafka::RawRecord& record);

// The letter of such a record, which has this id. Fields that cannot be read are empty.
model::DeadLetter read_letter(const kafka::RawRecord& record, const model::DeadLetterId& id);
// The record that failed.
kafka::RawRecord original_of(const kafka::RawRecord& record);
// The record of an event: byte for byte when it holds one (kafka::holds_record), else as near as it
// says, in the binary mode of CloudEvents.
kafka::RawRecord record_of(const model::Batch& batch, std::size_t i);

}  // namespace pelton::dead_letters
