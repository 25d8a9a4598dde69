// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/sources.h"

#include "engine/runtime/sink_runner.h"

#include <utility>

namespace pelton::runtime {

void Sources::add(std::unique_ptr<SourceRunner> source, stream::AppendTarget target,
                  std::vector<BindingId> readers) {
  std::lock_guard lock(mutex_);
  // Without its readers everything would count as settled.
  source->consumption().set_readers(std::move(readers));
  source->start(std::move(target));
  const std::string name = source->settings().name;
  running_[name] = {std::move(source), {}};
}

void Sources::begin_stop(const std::set<std::string>& names, Deadline deadline) {
  std::lock_guard lock(mutex_);
  for (const std::string& name : names)
    if (const auto at = running_.find(name); at != running_.end())
      at->second.runner->begin_stop(deadline);
}

void Sources::stop(const std::set<std::string>& names, Deadline deadline) {
  begin_stop(names, deadline);
  std::vector<std::unique_ptr<SourceRunner>> stopping;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& name : names)
      if (auto at = running_.find(name); at != running_.end()) {
        stopping.push_back(std::move(at->second.runner));
        running_.erase(at);
      }
  }
  for (const auto& runner : stopping) runner->stop(deadline);
}

std::set<std::string> Sources::names() const {
  std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (const auto& [name, source] : running_) names.insert(name);
  return names;
}

void Sources::set_readers(
    const std::function<std::vector<BindingId>(const std::string& stream)>& readers) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, source] : running_)
    source.runner->consumption().set_readers(readers(source.runner->settings().stream));
}

void Sources::sample(WallTime now) {
  std::lock_guard lock(mutex_);
  for (auto& [name, source] : running_) source.rate.sample(source.runner->snapshot().events, now);
}

void Sources::report(observe::StatusReport& report) const {
  std::lock_guard lock(mutex_);
  for (const auto& [name, source] : running_) {
    report.connectors.push_back(
        connector_status(source.runner->settings(), source.runner->snapshot()));
    report.connectors.back().events_per_second = source.rate.per_second();
  }
}

}  // namespace pelton::runtime
