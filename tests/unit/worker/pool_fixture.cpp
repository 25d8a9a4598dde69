// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/worker/pool_fixture.h"

#include "engine/model/batch_builder.h"

#include <algorithm>
#include <fstream>

namespace pelton::worker {

std::optional<model::Frame> FakeSource::pull(WorkerId worker, const model::FrameLimits& limits) {
  if (waiting.empty()) return std::nullopt;
  model::BatchBuilder builder;
  while (!waiting.empty() && builder.size() < limits.events) {
    model::EventView event;
    event.data = waiting.front();
    event.has_key = true;
    event.key = waiting.front();
    builder.add(event);
    waiting.pop_front();
  }
  model::Frame frame;
  frame.id = FrameId{next_++};
  frame.binding = "binding";
  frame.stream = "stream";
  frame.base = static_cast<Offset>(100 * frame.id.value);
  frame.batch = builder.finish();
  frame_sizes.push_back(static_cast<std::uint32_t>(frame.batch->size()));
  out[frame.id] = frame_sizes.back();
  owner_[frame.id] = worker;
  ++used_[worker];
  return frame;
}

Status FakeSource::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  const auto at = out.find(frame);
  if (at == out.end() || owner_[frame] != worker) {
    ++late;
    return {};
  }
  if (result.count == 0 || result.count > at->second)
    return fail(ErrorKind::invalid, "E3004", "contradiction");
  done += result.count;
  at->second -= result.count;
  if (at->second == 0) out.erase(at);
  results.push_back(std::move(result));
  return {};
}

void FakeSource::lost(WorkerId worker, const model::WorkerLoss& loss) {
  losses.push_back(loss);
  std::erase_if(out, [&](const auto& frame) { return owner_[frame.first] == worker; });
}

PoolFixture::PoolFixture() {
  function.name = "f";
  function.timeout = std::chrono::seconds(20);
  function.scale = {0, 1, std::chrono::seconds(60)};
  function.interpreter = "/usr/bin/python3";
}

void PoolFixture::strange(const std::string& mode) {
  function.runtime = config::Runtime::cpp;
  function.code = std::string(PELTON_TEST_WORKERS) + "/strange.py";
  function.environment["MODE"] = mode;
}

void PoolFixture::python(const std::string& text, const std::string& handler) {
  function.runtime = config::Runtime::python;
  function.code = folder.path();
  function.handler = handler;
  std::ofstream(folder.path() / "function.py") << text;
}

void PoolFixture::start() {
  pool =
      std::make_unique<WorkerPool>(io, function, source, options, [this](const WorkerLine& line) {
        lines.push_back(std::string(line.text) +
                        (line.event.empty() ? "" : " @" + std::string(line.event)));
      });
  pool->start();
}

void PoolFixture::give(const std::vector<std::string>& data) {
  for (const std::string& text : data) source.waiting.push_back(text);
  pool->wake();
}

bool PoolFixture::run_until(const std::function<bool()>& condition,
                            std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  io.restart();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    io.run_one_for(std::min(patience, std::chrono::milliseconds(50)));
  }
  return true;
}

bool PoolFixture::stop(std::chrono::milliseconds deadline) {
  bool stopped = false;
  pool->stop(std::chrono::steady_clock::now() + deadline, [&] { stopped = true; });
  return run_until([&] { return stopped; });
}

std::string PoolFixture::lines_text() const {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

}  // namespace pelton::worker
