// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/switchover.h"

#include <future>
#include <utility>

namespace pelton::runtime {
namespace {

constexpr std::chrono::milliseconds kLook{10};

// Shared by whoever waits and whoever answers, who may come when nobody waits any more.
template <typename T>
std::shared_ptr<std::promise<T>> promised() {
  return std::make_shared<std::promise<T>>();
}

std::unexpected<Error> engine_ends() {
  return fail(ErrorKind::cancelled, "E5013", "the engine is stopping");
}

// Waits for the answer; nothing when `given_up` becomes true before.
template <typename T, typename GivenUp>
std::optional<T> wait_for(std::promise<T>& promise, const GivenUp& given_up) {
  auto answer = promise.get_future();
  while (answer.wait_for(kLook) != std::future_status::ready)
    if (given_up()) return std::nullopt;
  return answer.get();
}

std::string joined_names(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

// Partitions that have been added stay.
config::Config with_partitions_of(const config::Config& before, const config::Config& after) {
  config::Config grown = before;
  for (config::Stream& stream : grown.streams)
    if (const config::Stream* other = after.find_stream(stream.name))
      stream.partitions = std::max(stream.partitions, other->partitions);
  return grown;
}

}  // namespace

bool Switchover::on_shard(std::function<void()> call) {
  const auto done = promised<bool>();
  setup_.assembly.shard.post([call = std::move(call), done] {
    call();
    done->set_value(true);
  });
  return wait_for(*done, [this] { return setup_.stopping.load(); }).has_value();
}

std::shared_ptr<NewParts> Switchover::new_parts(const config::Config& config) {
  Shard& shard = setup_.assembly.shard;
  return {new NewParts(setup_.assembly, config),
          [&shard](NewParts* parts) { shard.post([gone = std::unique_ptr<NewParts>(parts)] {}); }};
}

Status Switchover::begin(const config::Config& config) {
  const Lineup all = everything(config);
  first_ = new_parts(config);
  if (auto ok = first_->make(all); !ok) return ok;
  if (auto ok = first_->open(all); !ok) return ok;
  if (auto ok = setup_.listeners.prepare(config); !ok) return ok;
  publish(config, *first_);
  Shard& shard = setup_.assembly.shard;
  shard.post([parts = first_, &shard] { parts->start_on(shard); });
  return {};
}

void Switchover::begin_sources(const config::Config& config) {
  const auto parts = std::exchange(first_, nullptr);
  parts->start_sources(setup_.sources);
  setup_.listeners.commit(config, parts->route_targets());
}

Status Switchover::change(const config::Config& before, const config::Config& after,
                          const Changeover& changeover,
                          std::chrono::steady_clock::time_point deadline, bool& broken) {
  auto parts = new_parts(after);
  auto made = parts->make(changeover.start);
  if (made) made = setup_.listeners.prepare(after);
  if (made) made = prove(parts);
  if (made) made = retire(changeover.stop, deadline);
  if (!made) {
    setup_.listeners.discard();
    return made;
  }
  setup_.sources.stop(changeover.stop.sources, deadline);
  if (setup_.ending) return engine_ends();
  auto served = put_in_service(after, changeover.start, parts);
  if (served || setup_.ending) return served;
  setup_.listeners.discard();
  parts.reset();
  if (auto ok = restore(before, after, changeover.stop); !ok) {
    broken = true;
    return ok;
  }
  return served;
}

// All at once: each may take as long as its runtime takes to start.
Status Switchover::prove(const std::shared_ptr<NewParts>& parts) {
  const std::size_t count = parts->functions().size();
  if (count == 0) return {};
  struct Proof {
    std::promise<Status> all;
    std::size_t left = 0;
    Status first_error;
  };
  const auto proof = std::make_shared<Proof>();
  proof->left = count;
  const bool asked = on_shard([parts, proof] {
    for (const auto& function : parts->functions())
      function->prove([proof](const Status& ready) {
        if (!ready && proof->first_error) proof->first_error = ready;
        if (--proof->left == 0) proof->all.set_value(proof->first_error);
      });
  });
  if (!asked) return engine_ends();
  const auto all =
      wait_for(proof->all, [this] { return setup_.ending.load() || setup_.stopping.load(); });
  return all ? *all : engine_ends();
}

Status Switchover::retire(const Lineup& parts, std::chrono::steady_clock::time_point deadline) {
  const auto stuck = promised<std::vector<std::string>>();
  Shard& shard = setup_.assembly.shard;
  shard.post([&shard, parts, deadline, stuck] {
    shard.retire(parts, deadline,
                 [stuck](const std::vector<std::string>& names) { stuck->set_value(names); });
  });
  const auto names = wait_for(*stuck, [this] { return setup_.stopping.load(); });
  if (!names) return engine_ends();
  if (names->empty()) return {};
  return fail(ErrorKind::unavailable, "E5013", "{} did not stop in time", joined_names(*names));
}

Status Switchover::put_in_service(const config::Config& config, const Lineup& lineup,
                                  const std::shared_ptr<NewParts>& parts) {
  if (auto ok = parts->open(lineup); !ok) return ok;
  publish(config, *parts);
  Shard& shard = setup_.assembly.shard;
  const bool started = on_shard([parts, &shard] { parts->start_on(shard); });
  if (!started) return engine_ends();
  parts->start_sources(setup_.sources);
  setup_.listeners.commit(config, parts->route_targets());
  return {};
}

Status Switchover::restore(const config::Config& before, const config::Config& after,
                           const Lineup& parts) {
  const config::Config grown = with_partitions_of(before, after);
  const auto old = new_parts(grown);
  if (auto ok = old->make(parts); !ok) return ok;
  return put_in_service(grown, parts, old);
}

// What requests may name, and what sources wait for, from now on.
void Switchover::publish(const config::Config& config, const NewParts& parts) {
  for (const auto& [name, known] : parts.bindings()) known_bindings_[name] = known;
  for (const auto& [name, known] : parts.sinks()) known_sinks_[name] = known;
  std::vector<dead_letters::KnownBinding> present;
  for (const config::Binding& binding : config.bindings)
    present.push_back(known_bindings_.at(binding.name));
  for (const config::Connector& connector : config.connectors)
    if (connector.direction == config::Direction::sink)
      present.push_back(known_sinks_.at(connector.name));
  setup_.bindings.set(present);
  setup_.assembly.streams.publish(config.streams);
  setup_.sources.set_readers([&](const std::string& stream) { return parts.readers().at(stream); });
}

}  // namespace pelton::runtime
