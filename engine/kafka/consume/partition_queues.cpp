// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/partition_queues.h"

#include "engine/kafka/consume/member_end.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

// One batch: enough to make the work per batch small, little enough to be passed on soon.
constexpr std::uint32_t kBatchRecords = 8192;
constexpr std::size_t kBatchBytes = 1U << 20;
// Of one partition, fetched and not yet in its window.
constexpr std::size_t kAheadBytes = 4U << 20;
constexpr std::chrono::milliseconds kBalanceInterval{20};
// When nothing was taken for so long, the readers may be waiting for what is not fetched: another
// partition gets something.
constexpr std::chrono::seconds kStandstill{5};

bool is_gone(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
         error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

}  // namespace

PartitionQueues::PartitionQueues(GroupClient& client, PollLoop& loop, RecordListener& listener,
                                 Hooks hooks)
    : client_(client),
      loop_(loop),
      listener_(listener),
      hooks_(std::move(hooks)),
      decoder_("kafka:" + client.topic_name(),
               schema_decoder(client.setup().schemas, loop.registries())),
      schemas_(client.topic_name(), "no records wait for their schemas any more"),
      claim_(client.setup().budget->memory(), MemoryUse::kafka) {
  if (SchemaDecoder* schemas = decoder_.schemas())
    news_ = schemas->registry().listen([&on = loop_] { on.post([] {}); });
}

PartitionQueues::~PartitionQueues() {
  for (const auto& [partition, part] : parts_) {
    client_.setup().budget->remove_partition();
    wake_no_more(*part.queue);
  }
}

void PartitionQueues::open(const Consumer::ReadFrom& start) {
  Part& part = parts_[start.partition];
  part.tenure = start.tenure;
  set_ahead(part, 0);
  if (part.paused) set_paused(start.partition, part, false);
  part.next = start.offset;
  part.idle = start.idle;
  part.gone = false;
  part.held.reset();
  if (part.queue) return;
  client_.setup().budget->add_partition();
  part.queue.reset(rd_kafka_queue_get_partition(client_.handle(), client_.topic_name().c_str(),
                                                static_cast<std::int32_t>(start.partition.value)));
  rd_kafka_queue_forward(part.queue.get(), nullptr);
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(part.queue.get(), loop_.wake_handle(), &one, sizeof one);
}

void PartitionQueues::close(PartitionId partition) {
  const auto found = parts_.find(partition);
  if (found == parts_.end()) return;
  set_ahead(found->second, 0);
  if (found->second.paused) set_paused(partition, found->second, false);
  client_.setup().budget->remove_partition();
  wake_no_more(*found->second.queue);
  parts_.erase(found);
}

void PartitionQueues::clear() {
  while (!parts_.empty()) close(parts_.begin()->first);
}

bool PartitionQueues::current(PartitionId partition, std::uint64_t tenure) const {
  const auto part = parts_.find(partition);
  return part != parts_.end() && part->second.tenure == tenure;
}

std::vector<PartitionId> PartitionQueues::partitions() const {
  std::vector<PartitionId> all;
  for (const auto& [partition, part] : parts_) all.push_back(partition);
  return all;
}

bool PartitionQueues::serve() {
  bool more = false;
  for (auto& [partition, part] : parts_) more |= fetch(partition, part);
  if (decoder_.schemas() == nullptr) return more;
  const bool waits =
      std::ranges::any_of(parts_, [](const auto& each) { return each.second.held != nullptr; });
  if (!waits) schemas_.over();
  return more;
}

std::size_t PartitionQueues::most_ahead() const {
  return std::min(kAheadBytes, client_.setup().budget->of(1) / 2);
}

bool PartitionQueues::full(const Part& part) const {
  if (part.ahead >= most_ahead()) return true;
  // One that has nothing may take something when the others are at a standstill.
  return ahead_ >= budget() / 2 && (part.ahead > 0 || balanced_ - moved_ < kStandstill);
}

std::size_t PartitionQueues::waiting(const Part& part) const {
  return rd_kafka_queue_length(part.queue.get()) * (part.record > 0 ? part.record : record_);
}

void PartitionQueues::set_ahead(Part& part, std::size_t bytes) {
  ahead_ = ahead_ - part.ahead + bytes;
  part.ahead = bytes;
}

void PartitionQueues::balance(SteadyTime now) {
  if (now - balanced_ < kBalanceInterval) return;
  balanced_ = now;
  std::size_t held = ahead_;
  for (const auto& [partition, part] : parts_) held += waiting(part);
  const std::size_t most = budget();
  if (held > most)
    held = pause(most, held);
  else
    resume(most, held);
  claim_.set(held > ahead_ ? held - ahead_ : 0);
}

// Returns what is left.
std::size_t PartitionQueues::pause(std::size_t most, std::size_t held) {
  for (auto& [partition, part] : parts_) {
    if (held <= most / 2) break;
    const std::size_t bytes = waiting(part);
    if (part.paused || bytes == 0 || !blocked(part)) continue;
    set_paused(partition, part, true);
    held -= bytes;
  }
  return held;
}

void PartitionQueues::resume(std::size_t most, std::size_t held) {
  for (auto& [partition, part] : parts_) {
    if (!part.paused || blocked(part)) continue;
    if (held > most) break;
    set_paused(partition, part, false);
    held += kBatchBytes;  // about what a fetch brings
  }
}

void PartitionQueues::set_paused(PartitionId partition, Part& part, bool paused) {
  part.paused = paused;
  const Partitions list = client_.list_of({partition});
  if (paused)
    rd_kafka_pause_partitions(client_.handle(), list.get());
  else
    rd_kafka_resume_partitions(client_.handle(), list.get());
}

bool PartitionQueues::fetch(PartitionId partition, Part& part) {
  if (part.idle || part.gone || full(part)) return false;
  Offset base = 0, end = 0;
  bool more = true;
  while (more && builder_.size() < kBatchRecords && builder_.payload_bytes() < kBatchBytes)
    more = take(partition, part, base, end);
  if (!builder_.empty()) hand_over(partition, part, base);
  if (end > part.next) listener_.passed(partition, part.tenure, part.next, end);
  return more && !part.gone;
}

bool PartitionQueues::take(PartitionId partition, Part& part, Offset& base, Offset& end) {
  // Singly: the batch call of this library version loses offsets around a rebalance.
  Message message = std::move(part.held);
  if (!message) message.reset(rd_kafka_consume_queue(part.queue.get(), 0));
  if (!message) return false;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    end = message->offset;
  } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    on_message_error(partition, part, *message);
  } else if (message->offset >= part.next) {  // else fetched before a restart
    return take_record(part, std::move(message), base);
  }
  return true;
}

// False: it waits for its schema, and with it what is behind it.
bool PartitionQueues::take_record(Part& part, Message message, Offset& base) {
  if (builder_.empty()) base = message->offset;
  if (decoder_.add(*message, static_cast<std::uint32_t>(message->offset - base), builder_)) {
    part.next = message->offset + 1;
    return true;
  }
  part.next = message->offset;
  part.held = std::move(message);
  const Error& why = decoder_.schemas()->why();
  if (!why.message.empty()) schemas_.say(why.text());
  return false;
}

void PartitionQueues::hand_over(PartitionId partition, Part& part, Offset base) {
  const Offset high = client_.fetched_end(partition);
  auto batch = builder_.finish();
  const std::size_t bytes = batch->bytes().size();
  part.record = record_ = bytes / batch->size();
  set_ahead(part, part.ahead + bytes);
  moved_ = balanced_;
  part.end = std::max(part.end, std::max(high, base + batch->span()));
  listener_.fetched(partition, part.tenure, base, std::move(batch), part.end);
}

void PartitionQueues::on_message_error(PartitionId partition, Part& part,
                                       const rd_kafka_message_t& message) {
  if (is_gone(message.err)) {
    part.ended = true;
    return hooks_.gone(partition);
  }
  Error error = to_error(message.err, fmt::format("reading partition {} of {}", partition.value,
                                                  client_.topic_name()));
  if (const char* detail = rd_kafka_message_errstr(&message))
    error.message += fmt::format(": {}", detail);
  hooks_.trouble(error);
}

void PartitionQueues::taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes) {
  if (!current(partition, tenure)) return;
  Part& part = parts_.at(partition);
  set_ahead(part, part.ahead - bytes);
  moved_ = std::chrono::steady_clock::now();
}

bool PartitionQueues::mark_gone(PartitionId partition) {
  const auto part = parts_.find(partition);
  return part != parts_.end() && !std::exchange(part->second.gone, true);
}

std::vector<PartitionId> PartitionQueues::gone() const {
  std::vector<PartitionId> gone;
  for (const auto& [partition, part] : parts_)
    if (part.gone) gone.push_back(partition);
  return gone;
}

bool PartitionQueues::ended(PartitionId partition) const {
  const auto part = parts_.find(partition);
  return part != parts_.end() && part->second.ended;
}

void PartitionQueues::tell_ends() {
  for (const auto& [partition, part] : parts_) tell_end(partition, client_.fetched_end(partition));
}

void PartitionQueues::tell_end(PartitionId partition, Offset end) {
  const auto part = parts_.find(partition);
  if (part == parts_.end() || end <= part->second.end) return;
  part->second.end = end;
  listener_.end_moved(partition, end);
}

std::vector<PartitionId> PartitionQueues::resting() const {
  std::vector<PartitionId> resting;
  for (const auto& [partition, part] : parts_)
    if (part.idle || part.paused || blocked(part)) resting.push_back(partition);
  return resting;
}

}  // namespace pelton::kafka
