// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/host_status.h"

namespace pelton::connector {

HostState state_after(const Error& error) {
  return error.kind == ErrorKind::invalid ? HostState::failed : HostState::backing_off;
}

const char* to_string(HostState state) {
  switch (state) {
    case HostState::connecting:
      return "connecting";
    case HostState::running:
      return "running";
    case HostState::backing_off:
      return "backing_off";
    case HostState::stopped:
      return "stopped";
    case HostState::failed:
      return "failed";
  }
  return "unknown";
}

void HostStatus::set_state(HostState state) {
  std::lock_guard lock(mutex_);
  now_.state = state;
}

void HostStatus::add_done(std::uint64_t events, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  now_.events += events;
  now_.bytes += bytes;
}

void HostStatus::add_error(const std::string& text) {
  std::lock_guard lock(mutex_);
  ++now_.errors;
  now_.last_error = text;
}

void HostStatus::set_facts(SourceFacts facts) {
  std::lock_guard lock(mutex_);
  now_.facts = std::move(facts);
}

HostSnapshot HostStatus::snapshot() const {
  std::lock_guard lock(mutex_);
  return now_;
}

}  // namespace pelton::connector
