// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/worker/pool/pool_fixture.h"

#include "engine/worker/runtimes/builtin.h"
#include "engine/worker/runtimes/native/options.h"

#include <cstdlib>
#include <fstream>

namespace pelton::worker {

PoolFixture::PoolFixture() {
  function.name = "f";
  // The same tests with workers that are copies: see CMakeLists.txt.
  if (std::getenv("PELTON_TEST_ZYGOTE") != nullptr) options.state = folder.path() / "state";
  function.timeout = std::chrono::seconds(20);
  function.scale = {0, 1, std::chrono::seconds(60)};
}

void PoolFixture::strange(const std::string& mode) {
  function.runtime = "cpp";
  function.settings = native::CppOptions{std::string(PELTON_TEST_WORKERS) + "/strange.py"};
  function.environment["MODE"] = mode;
}

void PoolFixture::python(const std::string& text, const std::string& handler) {
  function.runtime = "python";
  function.settings = native::PythonOptions{folder.path(), handler, "/usr/bin/python3"};
  std::ofstream(folder.path() / "function.py") << text;
}

void PoolFixture::make() {
  second.next = 1'000'000;
  pool = std::make_unique<WorkerPool>(
      io, function, builtin_runtime(function.runtime), std::vector<FrameSource*>{&source, &second},
      options, [this](const WorkerLine& line) {
        lines.push_back(std::string(line.text) +
                        (line.event.empty() ? "" : " @" + std::string(line.event)));
      });
}

void PoolFixture::start() {
  make();
  pool->start();
}

void PoolFixture::give(const std::vector<std::string>& data) {
  for (const std::string& text : data) source.waiting.push_back(text);
  pool->wake();
}

void PoolFixture::give_second(const std::vector<std::string>& data) {
  for (const std::string& text : data) second.waiting.push_back(text);
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

Result<std::size_t> PoolFixture::renewed() {
  std::optional<Result<std::size_t>> ended;
  pool->renew([&](Result<std::size_t> how) { ended = std::move(how); });
  EXPECT_TRUE(run_until([&] { return ended.has_value(); })) << lines_text();
  return ended.value_or(fail(ErrorKind::unavailable, "E0", "the renewal has no end"));
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
