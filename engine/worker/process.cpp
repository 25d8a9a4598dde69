// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

extern char** environ;

namespace pelton::worker {
namespace {

constexpr std::array<std::string_view, 6> kAllowed{"PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER"};
constexpr int kSocketFd = 3;
constexpr int kProgressFd = 4;

// Everything that the child needs after fork, made before it: between fork and exec nothing may
// allocate.
struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> variables;
  std::vector<char*> envp;
  std::array<int, 5> fds{};  // become descriptors 0 to 4
  int report = -1;           // exec's errno goes here
  pid_t parent = 0;
  rlim_t memory = RLIM_INFINITY;
};

[[noreturn]] void report_and_exit(int fd) {
  const int error = errno;
  if (::write(fd, &error, sizeof error) < 0) ::_exit(126);
  ::_exit(127);
}

void reset_signals() {
  for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(Prepared& child) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(125);
  reset_signals();
  // Out of the way first, so that no dup2 hits one that is still needed.
  for (int& fd : child.fds)
    if ((fd = ::fcntl(fd, F_DUPFD, 64)) < 0) report_and_exit(child.report);
  const int report = ::fcntl(child.report, F_DUPFD_CLOEXEC, 128);
  for (int i = 0; i < 5; ++i)
    if (::dup2(child.fds[static_cast<std::size_t>(i)], i) < 0) report_and_exit(report);
  if (::dup2(report, 5) < 0) report_and_exit(report);
  ::fcntl(5, F_SETFD, FD_CLOEXEC);
  ::syscall(SYS_close_range, 6U, ~0U, 0U);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (child.memory != RLIM_INFINITY) {
    const rlimit data{child.memory, child.memory};
    ::setrlimit(RLIMIT_DATA, &data);
  }
  ::execve(child.program.c_str(), child.argv.data(), child.envp.data());
  report_and_exit(5);
}

Status make_pipe(UniqueFd& read_end, UniqueFd& write_end) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return fail_errno("E3001", "making a pipe", errno);
  read_end.reset(fds[0]);
  write_end.reset(fds[1]);
  return {};
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// The child's ends, closed on our side after the fork.
struct ChildEnds {
  UniqueFd null, out, err, socket, report_read, report_write;
};

Status open_ends(Process& process, ChildEnds& ends) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return fail_errno("E3001", "making a socket", errno);
  process.socket.reset(pair[0]);
  ends.socket.reset(pair[1]);
  // Frames of megabytes pass at once instead of in 200 KiB pieces.
  const int size = 4 << 20;
  for (const int fd : pair) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  if (auto ok = make_pipe(process.out, ends.out); !ok) return ok;
  if (auto ok = make_pipe(process.err, ends.err); !ok) return ok;
  if (auto ok = make_pipe(ends.report_read, ends.report_write); !ok) return ok;
  ends.null.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  process.progress.reset(::memfd_create("pelton-progress", MFD_CLOEXEC));
  if (!ends.null || !process.progress || ::ftruncate(process.progress.get(), kProgressBytes) != 0)
    return fail_errno("E3001", "preparing a worker", errno);
  return {};
}

Prepared prepare(const Launch& launch, std::string program, const Process& process,
                 const ChildEnds& ends) {
  Prepared child;
  child.program = std::move(program);
  for (const std::string& word : launch.command)
    child.argv.push_back(const_cast<char*>(word.c_str()));
  child.argv.push_back(nullptr);
  for (const auto& [name, value] : launch.environment)
    child.variables.push_back(name + "=" + value);
  for (std::string& variable : child.variables) child.envp.push_back(variable.data());
  child.envp.push_back(nullptr);
  child.fds = {ends.null.get(), ends.out.get(), ends.err.get(), ends.socket.get(),
               process.progress.get()};
  child.report = ends.report_write.get();
  child.parent = ::getpid();
  if (launch.memory_bytes) child.memory = *launch.memory_bytes;
  return child;
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return ::access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  const char* path = std::getenv("PATH");
  std::string_view left = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!left.empty()) {
    const auto colon = left.find(':');
    const std::string candidate = std::string(left.substr(0, colon)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    left.remove_prefix(colon == std::string_view::npos ? left.size() : colon + 1);
  }
  return std::nullopt;
}

Result<Process> launch(const Launch& launch) {
  const auto program = find_program(launch.command.front());
  if (!program)
    return fail(ErrorKind::unavailable, "E3001", "the program {} is not there or not executable",
                launch.command.front());
  Process process;
  ChildEnds ends;
  if (auto ok = open_ends(process, ends); !ok) return std::unexpected(ok.error());
  Prepared child = prepare(launch, *program, process, ends);
  process.pid = ::fork();
  if (process.pid < 0) return fail_errno("E3001", "starting a worker", errno);
  if (process.pid == 0) run_child(child);
  ends.report_write.reset();
  int error = 0;
  if (::read(ends.report_read.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(process.pid, nullptr, 0);
    return fail(ErrorKind::unavailable, "E3001", "{} cannot be started: {}", *program,
                std::strerror(error));
  }
  process.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  for (const int fd : {process.socket.get(), process.out.get(), process.err.get()})
    set_nonblocking(fd);
  return process;
}

std::map<std::string, std::string> worker_environment(
    const std::map<std::string, std::string>& configured) {
  std::map<std::string, std::string> variables;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const auto equal = entry.find('=');
    if (equal == std::string_view::npos) continue;
    const std::string_view name = entry.substr(0, equal);
    bool allowed = name.starts_with("LC_");
    for (const std::string_view known : kAllowed) allowed = allowed || name == known;
    if (allowed) variables.emplace(name, entry.substr(equal + 1));
  }
  variables["PELTON_FD"] = std::to_string(kSocketFd);
  variables["PELTON_PROGRESS_FD"] = std::to_string(kProgressFd);
  for (const auto& [name, value] : configured) variables[name] = value;
  return variables;
}

std::string ending_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("signal {}", WTERMSIG(wait_status));
  return fmt::format("exit {}", WEXITSTATUS(wait_status));
}

}  // namespace pelton::worker
