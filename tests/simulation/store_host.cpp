// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/store_host.h"

#include <algorithm>
#include <ranges>
#include <string_view>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr std::size_t kReadBytes = 16U << 10;
constexpr Tag kGuestTag = Tag{1} << 61;  // of what concerns nobody else

// Goes over the events of batches, from an offset on.
class Events {
 public:
  Events(const std::vector<model::PlacedBatch>& batches, Offset from)
      : batches_(batches), from_(from) {}

  std::optional<std::pair<Offset, std::string_view>> next() {
    for (; batch_ < batches_.size(); ++batch_, index_ = 0) {
      const model::PlacedBatch& placed = batches_[batch_];
      if (placed.base + placed.batch->span() <= from_) continue;
      for (; index_ < placed.batch->size(); ++index_)
        if (const Offset offset = placed.base + placed.batch->delta(index_); offset >= from_)
          return std::pair(offset, placed.batch->data(index_++));
    }
    return std::nullopt;
  }

 private:
  const std::vector<model::PlacedBatch>& batches_;
  const Offset from_;
  std::size_t batch_ = 0;
  std::size_t index_ = 0;
};

}  // namespace

StoreHost::StoreHost(Scheduler& scheduler, Dice dice, const Scenario& scenario, Listener listener)
    : scheduler_(scheduler), dice_(dice), scenario_(scenario), listener_(std::move(listener)) {
  options_.data = folder_.path();
  options_.segment_bytes = scenario.disk.segment_bytes;
  options_.tail_bytes = scenario.disk.tail_bytes;
  options_.buffer_bytes = 4U << 20;
  options_.ballast_bytes = 0;
  options_.free_space = [](const auto&) { return std::uint64_t{1} << 40; };
  options_.now = [this] { return scheduler_.wall(); };
  options_.env = disk_.env();
  options_.log_files = &disk_.segments();
  options_.steps = &steps_;
}

std::vector<store::StreamSpec> StoreHost::streams() const {
  store::StreamSpec input;
  input.name = scenario_.binding.stream;
  input.partitions = scenario_.partitions;
  input.bindings = {scenario_.binding.binding};
  input.retention_bytes = scenario_.disk.retention_bytes;
  store::StreamSpec output;
  output.name = "output";
  store::StreamSpec other;
  other.name = "other";
  for (const model::OutputStream& to : scenario_.binding.outputs)
    (to.stream == kOutput ? output : other).partitions = to.partitions;
  store::StreamSpec marks;
  marks.name = "marks";
  marks.partitions = static_cast<std::uint32_t>(std::min<std::uint64_t>(1 + life_, 8));  // it grows
  std::vector<store::StreamSpec> all{input, output, other, marks};
  if (!guest_.configured) return all;
  store::StreamSpec guest;
  guest.name = "guest";
  guest.partitions = 1;
  all.push_back(guest);
  return all;
}

bool StoreHost::start() {
  disk_.start();
  guest_.configured = dice_.chance(0.5);
  if (dice_.chance(scenario_.faults.open_fails))
    disk_.fail_at(1 + dice_.below(60), SimDisk::Fault::io_error);
  const Status ok = open();
  if (!ok && ok.error().kind == ErrorKind::corrupt)
    violation("the store does not open: {}", ok.error().text());
  if (!ok) return false;
  recover();
  check();
  disk_.start();
  return true;
}

Status StoreHost::open() {
  auto opened = store::Store::open(options_, streams());
  if (!opened) return std::unexpected(opened.error());
  store_ = std::move(*opened);
  marks_ = {*store_->find_stream("marks"), PartitionId{0}};
  const auto binding = store_->binding_id(scenario_.binding.binding);
  const auto marker = store_->binding_id("marker");
  if (!binding || !marker) return std::unexpected((binding ? marker : binding).error());
  marker_ = *marker;
  if (*binding != scenario_.binding.id || store_->find_stream(scenario_.binding.stream) != kInput ||
      store_->find_stream("output") != kOutput || store_->find_stream("other") != kOtherOutput)
    violation("names have other numbers than before");
  if (guest_.configured) check_guest();
  if (scenario_.binding.idempotency)
    store_->set_idempotency_ttl(*binding, scenario_.binding.idempotency->ttl);
  return {};
}

void StoreHost::recover() {
  const auto mark = store_->cursor(marker_, marks_);
  if (!mark) return violation("a cursor cannot be read: {}", mark.error().text());
  const auto last = static_cast<std::uint64_t>(*mark ? (*mark)->settled : 0);
  if (last < acknowledged_)
    violation("transaction {} was acknowledged, the last one on the disk is {}", acknowledged_,
              last);
  while (!pending_.empty() && pending_.front().serial <= last) {
    apply(pending_.front());
    pending_.pop_front();
  }
  pending_.clear();
}

void StoreHost::crash() {
  ++life_;
  disk_.stop();
  store_.reset();
  build_planned_ = maintenance_planned_ = false;
  durable_.clear();
  if (dice_.chance(0.6)) disk_.lose_power(dice_);
}

void StoreHost::crash_soon() {
  disk_.fail_at(1 + dice_.below(40),
                dice_.chance(0.5) ? SimDisk::Fault::io_error : SimDisk::Fault::full);
}

void StoreHost::exchange(const Backup& backup) {
  disk_.replace(backup.contents);
  model_ = backup.model;
  earliest_ = backup.earliest;
  acknowledged_ = backup.acknowledged;
  guest_ = backup.guest;
  pending_.clear();
}

// A stream that is made again is another one.
void StoreHost::check_guest() {
  const StreamId id = *store_->find_stream("guest");
  const Incarnation incarnation = store_->incarnation(id);
  const bool same = id == guest_.id && incarnation == guest_.incarnation;
  const bool fresh = !guest_.ids.contains(id) && !guest_.incarnations.contains(incarnation);
  const bool first = guest_.ids.empty();
  const bool right = guest_.unsure ? same || fresh : first || guest_.forgotten ? fresh : same;
  if (!right) violation("stream {} is not the one that it should be", id.value);
  if (fresh && !first) model_.logs.erase({guest_.id, PartitionId{0}});
  guest_.id = id;
  guest_.incarnation = incarnation;
  guest_.ids.insert(id);
  guest_.incarnations.insert(incarnation);
  guest_.forgotten = guest_.unsure = false;
}

void StoreHost::visit_guest() {
  if (guest_.configured) {
    if (pending_.empty()) return;
    model::Transaction transaction;
    transaction.appends.push_back({{guest_.id, PartitionId{0}}, one_event("a guest's")});
    submit(kGuestTag, std::move(transaction), [] {});
  } else if (!guest_.ids.empty() && !guest_.forgotten && dice_.chance(0.3)) {
    const Status gone = store_->forget_stream("guest");
    if (gone) model_.logs.erase({guest_.id, PartitionId{0}});
    guest_.forgotten = gone.has_value();
    guest_.unsure = !gone;
  }
}

bool StoreHost::failed() {
  if (!store_->failed()) return false;
  listener_.failed();
  return true;
}

void StoreHost::submit(Tag tag, model::Transaction transaction, std::function<void()> durable) {
  const std::uint64_t serial = next_serial_;
  model::Transaction marked = transaction;
  marked.progress.push_back({marker_, marks_, {static_cast<Offset>(serial), {}}});
  const auto origin = tag == 0 ? store::Origin::outside : store::Origin::engine;
  const auto taken = store_->submit(
      std::move(marked), origin,
      [this, serial](const Result<store::Committed>& result) { committed(serial, result); });
  if (!taken) return;
  ++next_serial_;
  pending_.push_back({serial, tag, std::move(transaction), std::move(durable)});
  plan_build();
  plan_maintenance();
}

void StoreHost::plan_build() {
  if (std::exchange(build_planned_, true)) return;
  scheduler_.after(Duration{dice_.between(20, 500)}, [this, life = life_] {
    if (life != life_) return;
    build_planned_ = false;
    if (!steps_.build()) return;
    const Duration sync{dice_.chance(scenario_.faults.store_slow) ? dice_.between(5'000, 100'000)
                                                                  : dice_.between(30, 500)};
    scheduler_.after(sync, [this, life] {
      if (life == life_) commit();
    });
  });
}

void StoreHost::commit() {
  if (dice_.chance(scenario_.faults.store_fails))
    disk_.fail_at(1 + dice_.below(4),
                  dice_.chance(0.5) ? SimDisk::Fault::io_error : SimDisk::Fault::full);
  steps_.commit();
  if (failed()) return;
  // What came while two groups were under way.
  if (!pending_.empty()) plan_build();
}

void StoreHost::committed(std::uint64_t serial, const Result<store::Committed>& result) {
  if (!result) return;  // the store has failed: it is said after the call
  if (pending_.empty() || pending_.front().serial != serial)
    return violation("transaction {} is acknowledged out of order", serial);
  const Pending pending = std::move(pending_.front());
  pending_.pop_front();
  acknowledged_ = serial;
  if (const auto bases = apply(pending); bases != result->bases)
    violation("the appends of transaction {} got other offsets than are next", serial);
  // The callers learn of it a little later, in order: a crash may come between.
  durable_.push_back(pending.durable);
  scheduler_.after(Duration{dice_.between(0, 40)}, [this, life = life_] {
    if (life != life_) return;
    const auto durable = std::move(durable_.front());
    durable_.pop_front();
    durable();
  });
}

std::vector<Offset> StoreHost::apply(const Pending& pending) {
  const auto placed = place(pending.transaction, model_);
  if (pending.tag != kGuestTag) listener_.applied(pending.tag, pending.transaction, placed);
  simulation::apply(pending.transaction, model_);
  std::vector<Offset> bases;
  for (const model::PlacedBatch& append : placed) bases.push_back(append.base);
  return bases;
}

// Only while something happens, so that a run that stands still is seen.
void StoreHost::plan_maintenance() {
  if (std::exchange(maintenance_planned_, true)) return;
  scheduler_.after(Duration{dice_.between(1'000, 60'000)}, [this, life = life_] {
    if (life != life_) return;
    maintenance_planned_ = false;
    maintain();
  });
}

std::vector<Offset> StoreHost::settled() const {
  std::vector<Offset> settled(scenario_.partitions);
  for (const auto& [partition, progress] : model_.cursors)
    settled.at(partition.value) = progress.settled;
  return settled;
}

void StoreHost::check_retention() {
  const std::vector<Offset> kept = settled();
  for (std::uint32_t p = 0; p < scenario_.partitions; ++p) {
    const auto bounds = store_->bounds({kInput, PartitionId{p}});
    Offset& known = earliest_[PartitionId{p}];
    if (bounds->earliest > known && bounds->earliest > kept[p])
      violation("retention dropped what was not settled of partition {}, up to {}", p,
                bounds->earliest);
    known = bounds->earliest;
  }
}

void StoreHost::maintain() {
  store_->run_maintenance();
  if (failed()) return;
  check_retention();
  if (dice_.chance(0.2)) visit();
  if (failed()) return;
  if (dice_.chance(0.5)) visit_guest();
  if (failed()) return;
  if (!pending_.empty()) plan_build();
}

void StoreHost::visit() {
  const std::string name = fmt::format("visitor-{}", visits_++ % 3);
  const auto id = store_->binding_id(name);
  if (!id) return;
  if (*id == scenario_.binding.id || *id == marker_) violation("a number is given twice");
  if (dice_.chance(0.5)) static_cast<void>(store_->forget_binding(name));
}

std::optional<model::PlacedBatch> StoreHost::batch_at(const model::StreamPartition& at,
                                                      Offset offset) {
  const auto bounds = store_->bounds(at);
  if (!bounds || offset >= bounds->end) return std::nullopt;
  auto read = store_->read(at, offset, 1);
  if (!read || read->empty()) {
    violation("offset {} cannot be read: {}", offset,
              read ? std::string("nothing is there") : read.error().text());
    return std::nullopt;
  }
  return std::move(read->front());
}

void StoreHost::check() {
  // A purge may be under way at the end of a run.
  while (!pending_.empty() && !store_->failed()) {
    steps_.build();
    steps_.commit();
  }
  for (const auto& [at, log] : model_.logs)
    if (at.stream != guest_.id || !guest_.unsure) check_log(at, log);
  check_binding();
}

void StoreHost::check_log(const model::StreamPartition& at, const DiskModel::Log& log) {
  const auto bounds = store_->bounds(at);
  if (!bounds || bounds->end != log.end)
    return violation("partition {} of stream {} ends at {}, not {}", at.partition.value,
                     at.stream.value, bounds ? bounds->end : -1, log.end);
  Events wanted(log.batches, bounds->earliest);
  for (Offset next = bounds->earliest; next < bounds->end;) {
    const auto read = store_->read(at, next, kReadBytes);
    if (!read || read->empty())
      return violation("offset {} of stream {} is lost: {}", next, at.stream.value,
                       read ? std::string() : read.error().text());
    Events found(*read, next);
    for (auto event = found.next(); event; event = found.next())
      if (event != wanted.next())
        return violation("offset {} of stream {} is not what was appended", event->first,
                         at.stream.value);
    next = read->back().base + read->back().batch->span();
  }
  if (wanted.next()) violation("the end of stream {} is lost", at.stream.value);
}

void StoreHost::check_binding() {
  const BindingId binding = scenario_.binding.id;
  for (std::uint32_t p = 0; p < scenario_.partitions; ++p) {
    const model::StreamPartition at{kInput, PartitionId{p}};
    const auto cursor = store_->cursor(binding, at);
    const auto wanted = model_.cursors.find(at.partition);
    if (!cursor || cursor->has_value() != (wanted != model_.cursors.end()) ||
        (*cursor && **cursor != wanted->second))
      violation("the cursor of partition {} is not what was written", p);
    const auto retries = store_->retries(binding, at);
    const auto kept = std::ranges::count_if(
        model_.retries, [&](const auto& retry) { return retry.first.first == at.partition; });
    if (!retries || static_cast<std::ptrdiff_t>(retries->size()) != kept)
      violation("{} retries of partition {} are kept, not {}", retries ? retries->size() : 0, p,
                kept);
  }
  std::vector<model::DeadLetterId> letters;
  const auto read = store_->dead_letters(binding, std::nullopt, [&](const auto& letter) {
    letters.push_back(letter.id);
    const std::size_t attempts = letter.retry.history.size();
    // Fewer when the partition was another node's before: that has what is missing.
    if (attempts > std::min<std::size_t>(letter.retry.attempts, model::kMaxHistory))
      violation("a dead letter of {} attempts has {} in its history", letter.retry.attempts,
                attempts);
    return true;
  });
  if (!read || !std::ranges::equal(letters, std::views::keys(model_.letters)) ||
      store_->dead_letter_count(binding) != letters.size())
    violation("{} dead letters are kept, not {}", letters.size(), model_.letters.size());
  check_keys();
}

// What has not expired is there, and nothing that was never written.
void StoreHost::check_keys() {
  const auto& idempotency = scenario_.binding.idempotency;
  if (!idempotency) return;
  const WallTime since = model::remembered_since(scheduler_.latest_wall(), idempotency->ttl);
  std::size_t keys = 0;
  static_cast<void>(store_->completed_keys(scenario_.binding.id, since, [&](const auto& completed) {
    keys += completed.fingerprints.size();
  }));
  std::size_t known = 0;
  std::size_t all = 0;
  for (const auto& completed : model_.idempotency) {
    all += completed.fingerprints.size();
    if (completed.time >= since) known += completed.fingerprints.size();
  }
  if (keys < known || keys > all)
    violation("{} idempotency keys are kept; {} of {} have not expired", keys, known, all);
}

}  // namespace pelton::simulation
