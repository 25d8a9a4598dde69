// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_start.h"

#include <utility>

namespace pelton::worker {

WorkerStart::WorkerStart(Parts parts, WorkerSetup setup, const RuntimeSpec& runtime,
                         ZygoteKeeper& zygotes)
    : parts_(parts), setup_(std::move(setup)), runtime_(runtime), zygotes_(zygotes) {}

Status WorkerStart::begin(Later later) {
  Zygote* const zygote = zygotes_.zygote();
  if (zygote == nullptr) return alone();
  auto prepared = runtime_.prepare(setup_);
  if (!prepared) return std::unexpected(prepared.error());
  parts_.session = std::move(prepared->session);
  sandbox::confine_copy(prepared->plan, setup_.function);
  later_ = std::move(later);
  parts_.process.start(std::move(prepared->plan), *zygote,
                       [this](const Status& status) { made(status); });
  return {};
}

Status WorkerStart::alone() {
  auto prepared = runtime_.prepare(setup_);
  if (!prepared) return std::unexpected(prepared.error());
  sandbox::confine(prepared->plan, setup_.function, setup_.places);
  if (auto ok = parts_.process.start(std::move(prepared->plan)); !ok) return ok;
  parts_.session = std::move(prepared->session);
  return speak();
}

Status WorkerStart::speak() {
  speaks_ = true;
  return parts_.session->start(parts_.events, parts_.process.pid());
}

void WorkerStart::made(const Status& status) {
  Status started = status;
  if (status) {
    copied_ = true;
    started = speak();
  } else if (later_.wanted()) {
    zygotes_.failed(status.error());
    started = alone();
  }
  // The worker may go, and this with it.
  const auto settled = std::move(later_.settled);
  settled(started);
}

}  // namespace pelton::worker
