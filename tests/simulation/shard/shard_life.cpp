// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/shard_life.h"

#include "engine/base/ensure.h"

#include <utility>

namespace pelton::simulation {
namespace {

constexpr std::uint64_t kSegmentBytes = 256U << 10;
constexpr std::uint64_t kBufferBytes = 4U << 20;
// On the io_context, before it has nothing to do for the moment.
constexpr std::size_t kMostCalls = 100'000;
// Workers that have events then are killed.
constexpr auto kReloadPatience = std::chrono::seconds(8);

}  // namespace

ShardLife::ShardLife(const Setup& setup)
    : setup_(setup), memory_(setup.memory), function_log_(setup.folder.path()) {}

ShardLife::~ShardLife() {
  end();
}

store::Options ShardLife::options() {
  store::Options options;
  options.data = setup_.folder.path();
  options.memory = &memory_;
  options.segment_bytes = kSegmentBytes;
  options.buffer_bytes = kBufferBytes;
  options.ballast_bytes = 0;
  options.free_space = [](const auto&) { return std::uint64_t{1} << 40; };
  options.env = setup_.disk.env();
  options.log_files = &setup_.disk.segments();
  options.steps = &steps_;
  return options;
}

Status ShardLife::begin() {
  auto opened = store::Store::open(options(), runtime::stream_specs(setup_.config));
  if (!opened) return std::unexpected(opened.error());
  store_ = std::move(*opened);
  shard_ = std::make_unique<runtime::Shard>(*store_, memory_, clock_);
  if (auto ok = shard_->usage().load(); !ok) return ok;
  memory_.on_room([this] { shard_->memory_room(); });
  streams_ = std::make_unique<stream::Streams>(
      stream::Streams::Setup{*store_, memory_, shard_->mailbox(), shard_->io(), shard_->reader(),
                             shard_->appends(), kafka_, letters_});
  store_->set_append_listener(
      [this](std::span<const model::PlacedBatch> batches) { shard_->appended(batches); });
  assembly_ = std::make_unique<runtime::Assembly>(runtime::Assembly{
      {},
      clock_,
      function_log_,
      memory_,
      *store_,
      *shard_,
      *streams_,
      std::make_unique<Notices>(),
      std::make_unique<http::DurableRoutes>(clock_),
      {},
      {},
      {},
      [this](std::string_view) -> const worker::RuntimeSpec& { return setup_.machine.runtime(); }});
  const runtime::Lineup all = runtime::everything(setup_.config);
  parts_ = std::make_unique<runtime::NewParts>(*assembly_, setup_.config);
  if (auto ok = parts_->make(all); !ok) return ok;
  if (auto ok = parts_->open(all); !ok) return ok;
  shard_->start_stepped();
  parts_->start_on(*shard_);
  parts_.reset();
  return {};
}

bool ShardLife::poll() {
  for (std::size_t calls = 0; calls < kMostCalls; ++calls)
    if (shard_->io().poll_one() == 0 && !shard_->reader().run_due()) return true;
  return false;
}

runtime::BindingRunner& ShardLife::binding(const std::string& name) {
  runtime::BindingRunner* const runner = shard_->find_binding(name);
  ENSURE(runner != nullptr, "there is no binding {}", name);
  return *runner;
}

void ShardLife::reload(const runtime::Lineup& parts, std::function<void(bool)> done) {
  parts_ = std::make_unique<runtime::NewParts>(*assembly_, setup_.config);
  if (!parts_->make(parts)) return done(false);
  if (parts_->functions().empty()) return replace(parts, std::move(done));
  parts_->functions().front()->prove([this, parts, done = std::move(done)](const Status& proven) {
    // Not from within a call of the one that is to go.
    shard_->post([this, parts, done, starts = proven.has_value()] {
      if (starts) return replace(parts, done);
      parts_.reset();
      done(false);
    });
  });
}

void ShardLife::replace(const runtime::Lineup& parts, std::function<void(bool)> done) {
  shard_->retire(parts, std::chrono::steady_clock::now() + kReloadPatience,
                 [this, parts, done = std::move(done)](const std::vector<std::string>& stuck) {
                   if (stuck.empty()) start_new(parts);
                   parts_.reset();
                   done(stuck.empty());
                 });
}

void ShardLife::start_new(const runtime::Lineup& parts) {
  // A disk that fails now ends the engine, which the store says.
  if (parts_->open(parts)) parts_->start_on(*shard_);
}

void ShardLife::drain(std::chrono::milliseconds patience, std::function<void()> done) {
  shard_->quiesce();
  shard_->drain(std::chrono::steady_clock::now() + patience, std::move(done));
}

bool ShardLife::settled() {
  for (const config::Binding& binding : setup_.config.bindings) {
    const auto stream = *store_->find_stream(binding.from);
    runtime::BindingRunner& runner = this->binding(binding.name);
    for (const PartitionId partition : runner.input().positions.partitions()) {
      const auto bounds = store_->bounds({stream, partition});
      const auto cursor = store_->cursor(runner.dispatcher().options().id, {stream, partition});
      const Offset at = cursor && *cursor ? (*cursor)->settled : 0;
      if (!bounds || at != bounds->end) return false;
    }
  }
  return true;
}

std::string ShardLife::describe() {
  std::string text;
  for (const config::Binding& binding : setup_.config.bindings) {
    runtime::BindingRunner* const runner = shard_->find_binding(binding.name);
    if (runner == nullptr) continue;
    for (const PartitionId partition : runner->input().positions.partitions()) {
      const auto view = runner->view(partition);
      text +=
          fmt::format("{}/{}: {} to {} of {}, {} in flight, {} retrying, {} waiting; ",
                      binding.name, partition.value, view.counts.cursor, view.counts.next, view.end,
                      view.counts.in_flight, view.counts.retrying, view.counts.waiting);
    }
    if (!runner->stopped().empty()) text += runner->stopped() + "; ";
  }
  if (auto* const running = function())
    for (const auto& worker : running->stats().workers)
      text += fmt::format("{} is {}; ", worker.name, worker.state);
  return text;
}

std::uint64_t ShardLife::end() {
  if (shard_) shard_->stop();
  store_.reset();
  memory_.on_room({});
  parts_.reset();
  assembly_.reset();
  streams_.reset();
  shard_.reset();
  std::uint64_t claimed = 0;
  for (const MemoryUse use : kMemoryUses) claimed += memory_.claimed(use);
  return claimed;
}

}  // namespace pelton::simulation
