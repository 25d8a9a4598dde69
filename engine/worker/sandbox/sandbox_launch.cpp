// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/sandbox_launch.h"

#include "engine/worker/process/descendants.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace pelton::worker::sandbox {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFirstDescriptor = 3;
// It makes system calls only. A network file system that hangs could hold it.
constexpr std::chrono::seconds kPatience{10};

// What it told until nobody could tell more.
struct Told {
  Report report;     // of the worker, or of the launcher where that becomes it
  pid_t worker = 0;  // beside the launcher; 0: the launcher is it
  bool complete = false;
};

Told read_reports(int from) {
  Told told;
  std::string bytes;
  const auto deadline = Clock::now() + kPatience;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd wait{from, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return told;
    char piece[4096];
    const ssize_t count = ::read(from, piece, sizeof piece);
    if (count <= 0) break;
    bytes.append(piece, static_cast<std::size_t>(count));
  }
  for (std::size_t at = 0; at + sizeof(Report) <= bytes.size(); at += sizeof(Report)) {
    Report report;
    std::memcpy(&report, bytes.data() + at, sizeof report);
    if (report.magic != kMagic) return told;
    if (report.worker > 0) {
      told.worker = report.worker;
      continue;
    }
    told.report = report;
    told.complete = true;
  }
  return told;
}

void discard(pid_t process) {
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

std::unexpected<Error> why_not(const Told& told, const std::string& launcher) {
  if (!told.complete)
    return fail(ErrorKind::unavailable, "E7314", "{} does not answer as it should", launcher);
  const std::string step(told.report.step, ::strnlen(told.report.step, sizeof told.report.step));
  if (step == kTooLittle)
    return fail(ErrorKind::unavailable, "E7310",
                "isolation is `required`, and the kernel refuses {}",
                text_of_missing(outcome_of(told.report)));
  return fail(ErrorKind::unavailable, "E3001", "{} cannot be started: {}", step,
              std::strerror(told.report.error));
}

// The launcher in front of what is to be launched.
Result<UniqueFd> wrap(LaunchPlan& plan, const std::string& program) {
  auto encoded = encode(*plan.sandbox);
  if (!encoded) return std::unexpected(encoded.error());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("E7314", "making a pipe", errno);
  UniqueFd reports(ends[0]);
  const std::string number = std::to_string(kFirstDescriptor + plan.descriptors.size());
  plan.descriptors.push_back(std::move(*encoded));
  plan.descriptors.emplace_back(ends[1]);
  std::vector<std::string> command{plan.sandbox->launcher.string(), number};
  if (!program.empty()) command.push_back(program);
  std::ranges::move(plan.command, std::back_inserter(command));
  plan.command = std::move(command);
  return reports;
}

Status follow(Child& child, const Told& told) {
  if (told.worker == 0) return {};
  ::waitpid(child.pid, nullptr, 0);  // the launcher, which has ended
  child.pid = told.worker;
  child.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)));
  if (child.pidfd) return {};
  const int error = errno;
  discard(child.pid);
  return fail_errno("E3001", "watching a worker", error);
}

Result<Child> start(LaunchPlan plan, const std::string& program) {
  const std::string launcher = plan.sandbox->launcher.string();
  const auto reports = wrap(plan, program);
  if (!reports) return std::unexpected(reports.error());
  auto child = worker::launch(std::move(plan));
  if (!child)
    return fail(ErrorKind::unavailable, "E7314", "the launcher of sandboxes: {}",
                child.error().message);
  const Told told = read_reports(reports->get());
  if (!told.complete || told.report.error != 0) {
    discard(child->pid);
    if (told.worker > 0) discard(told.worker);
    return why_not(told, launcher);
  }
  child->sandbox = outcome_of(told.report);
  if (auto ok = follow(*child, told); !ok) return std::unexpected(ok.error());
  return child;
}

}  // namespace

Result<Child> launch_confined(LaunchPlan plan) {
  const auto program = find_program(plan.command.front());
  if (!program)
    return fail(ErrorKind::unavailable, "E3001", "the program {} is not there or not executable",
                plan.command.front());
  return start(std::move(plan), *program);
}

Result<Outcome> probe(const config::Function& function, const Places& places) {
  static std::mutex mutex;
  static std::map<std::pair<config::Isolation::Network, bool>, Outcome> known;
  const std::lock_guard lock(mutex);
  const std::pair kind{function.isolation.network, function.processes.has_value()};
  if (const auto at = known.find(kind); at != known.end() && at->second.missing.empty())
    return at->second;
  LaunchPlan launch;
  launch.sandbox = bare_plan(function, places);
  auto child = start(std::move(launch), "");
  if (!child) return std::unexpected(child.error());
  ::waitpid(child->pid, nullptr, 0);
  return known.insert_or_assign(kind, *child->sandbox).first->second;
}

}  // namespace pelton::worker::sandbox
