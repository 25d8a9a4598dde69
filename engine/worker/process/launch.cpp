// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

// Everything that the child needs, made before it begins: until exec it may not allocate. It runs
// in our memory meanwhile (vfork), so `error` and `step` are what it leaves for us.
struct Prepared {
  std::string program;
  std::string folder;
  std::vector<char*> argv;
  std::vector<std::string> variables;
  std::vector<char*> envp;
  std::array<int, 5> fds{};  // become descriptors 0 to 4
  pid_t parent = 0;
  rlim_t memory = RLIM_INFINITY;
  volatile int error = 0;
  const char* volatile step = "";
};

[[noreturn]] void give_up(Prepared& child, const char* step) {
  child.error = errno;
  child.step = step;
  ::_exit(127);
}

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void set_limit(__rlimit_resource_t what, rlim_t value) {
  const rlimit limit{value, value};
  ::setrlimit(what, &limit);
}

[[noreturn]] void run_child(Prepared& child) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(125);
  reset_signals();
  // Out of the way first, so that no dup2 hits one that is still needed.
  std::array<int, 5> fds = child.fds;
  for (int& fd : fds)
    if ((fd = ::fcntl(fd, F_DUPFD, 64)) < 0) give_up(child, "its descriptors");
  for (int i = 0; i < 5; ++i)
    if (::dup2(fds[static_cast<std::size_t>(i)], i) < 0) give_up(child, "its descriptors");
  if (::syscall(SYS_close_range, 5U, ~0U, 0U) != 0) give_up(child, "its descriptors");
  if (!child.folder.empty() && ::chdir(child.folder.c_str()) != 0)
    give_up(child, child.folder.c_str());
  set_limit(RLIMIT_CORE, 0);
  if (child.memory != RLIM_INFINITY) set_limit(RLIMIT_DATA, child.memory);
  ::execve(child.program.c_str(), child.argv.data(), child.envp.data());
  give_up(child, child.program.c_str());
}

// vfork instead of fork: an engine with gigabytes of caches would copy their page tables, and pay
// page faults after, for a child that execs at once. Signals are held back so that none of our
// handlers runs in the child.
pid_t spawn(Prepared& child) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(child);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
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

// The child's ends, closed on our side once it runs.
struct ChildEnds {
  UniqueFd null, out, err, socket;
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
  child.folder = launch.folder;
  for (const std::string& word : launch.command)
    child.argv.push_back(const_cast<char*>(word.c_str()));
  child.argv.push_back(nullptr);
  for (const auto& [name, value] : launch.environment)
    child.variables.push_back(name + "=" + value);
  for (std::string& variable : child.variables) child.envp.push_back(variable.data());
  child.envp.push_back(nullptr);
  child.fds = {ends.null.get(), ends.out.get(), ends.err.get(), ends.socket.get(),
               process.progress.get()};
  child.parent = ::getpid();
  if (launch.memory_bytes) child.memory = *launch.memory_bytes;
  return child;
}

bool is_program(const std::string& path) {
  struct stat file = {};
  return ::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

void discard(const Process& process) {
  ::kill(process.pid, SIGKILL);
  ::waitpid(process.pid, nullptr, 0);
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return is_program(name) ? std::optional(name) : std::nullopt;
  const char* path = std::getenv("PATH");
  std::string_view left = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!left.empty()) {
    const auto colon = left.find(':');
    const std::string candidate = std::string(left.substr(0, colon)) + "/" + name;
    if (is_program(candidate)) return candidate;
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
  process.pid = spawn(child);
  if (process.pid < 0) return fail_errno("E3001", "starting a worker", errno);
  if (child.error != 0) {
    const int error = child.error;
    discard(process);
    return fail(ErrorKind::unavailable, "E3001", "{} cannot be started: {}: {}", *program,
                std::string(child.step), std::strerror(error));
  }
  process.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!process.pidfd) {
    const int error = errno;
    discard(process);
    return fail_errno("E3001", "watching a worker", error);
  }
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
  for (const auto& [name, value] : configured) variables[name] = value;
  variables["PELTON_FD"] = std::to_string(kSocketFd);
  variables["PELTON_PROGRESS_FD"] = std::to_string(kProgressFd);
  return variables;
}

std::string ending_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("signal {}", WTERMSIG(wait_status));
  return fmt::format("exit {}", WEXITSTATUS(wait_status));
}

}  // namespace pelton::worker
