// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/launch.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>

extern char** environ;

namespace pelton::worker {
namespace {

constexpr std::array<std::string_view, 6> kAllowed{"PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER"};
// Above every descriptor that a plan has.
constexpr int kOutOfTheWay = 64;
// What the kernel takes first when memory is short: workers, which can be had again.
constexpr int kReadiness = 500;
constexpr int kMostReadiness = 1000;

// Everything that the child needs, made before it begins: until exec it may not allocate. It runs
// in our memory meanwhile (vfork), so `error` and `step` are what it leaves for us.
struct Prepared {
  std::string program;
  std::string folder;
  std::vector<char*> argv;
  std::vector<std::string> variables;
  std::vector<char*> envp;
  std::vector<int> fds;    // become descriptors 0, 1, 2, ...
  std::vector<int> moved;  // as many: where they are meanwhile
  pid_t parent = 0;
  rlim_t memory = RLIM_INFINITY;
  rlim_t open_files = RLIM_INFINITY;
  int nice = 0;
  std::string readiness;
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

// Out of the way first, so that no dup2 hits one that is still needed.
void place_descriptors(Prepared& child) {
  for (std::size_t i = 0; i < child.fds.size(); ++i)
    if ((child.moved[i] = ::fcntl(child.fds[i], F_DUPFD, kOutOfTheWay)) < 0)
      give_up(child, "its descriptors");
  for (std::size_t i = 0; i < child.moved.size(); ++i)
    if (::dup2(child.moved[i], static_cast<int>(i)) < 0) give_up(child, "its descriptors");
  if (::syscall(SYS_close_range, static_cast<unsigned>(child.fds.size()), ~0U, 0U) != 0)
    give_up(child, "its descriptors");
}

// What is refused leaves the process as it was.
void set_limits(const Prepared& child) {
  set_limit(RLIMIT_CORE, 0);
  if (child.memory != RLIM_INFINITY) set_limit(RLIMIT_DATA, child.memory);
  if (child.open_files != RLIM_INFINITY) set_limit(RLIMIT_NOFILE, child.open_files);
  if (child.nice > 0) ::setpriority(PRIO_PROCESS, 0, child.nice);
  if (const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0) {
    [[maybe_unused]] const auto written =
        ::write(file, child.readiness.data(), child.readiness.size());
    ::close(file);
  }
}

[[noreturn]] void run_child(Prepared& child) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What its descendants leave stays below it, so that it can be found; kept across exec.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (::getppid() != child.parent) ::_exit(125);
  reset_signals();
  place_descriptors(child);
  if (!child.folder.empty() && ::chdir(child.folder.c_str()) != 0)
    give_up(child, child.folder.c_str());
  set_limits(child);
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

// An engine that is to be spared, or to go first, may have been told so.
std::string readiness_to_end() {
  int own = 0;
  std::ifstream("/proc/self/oom_score_adj") >> own;
  return std::to_string(std::min(std::max(own, 0) + kReadiness, kMostReadiness));
}

Prepared prepare(const LaunchPlan& plan, std::string program, const UniqueFd& null,
                 const OutputEnds& ends) {
  Prepared child;
  child.program = std::move(program);
  child.folder = plan.folder;
  for (const std::string& word : plan.command)
    child.argv.push_back(const_cast<char*>(word.c_str()));
  child.argv.push_back(nullptr);
  for (const auto& [name, value] : plan.environment) child.variables.push_back(name + "=" + value);
  for (std::string& variable : child.variables) child.envp.push_back(variable.data());
  child.envp.push_back(nullptr);
  child.fds = {null.get(), ends.out.get(), ends.err.get()};
  for (const UniqueFd& fd : plan.descriptors) child.fds.push_back(fd.get());
  child.moved.resize(child.fds.size());
  child.parent = ::getpid();
  if (plan.memory_bytes) child.memory = *plan.memory_bytes;
  if (plan.open_files) child.open_files = *plan.open_files;
  if (plan.nice > 0) child.nice = ::getpriority(PRIO_PROCESS, 0) + plan.nice;
  child.readiness = readiness_to_end();
  return child;
}

bool is_program(const std::string& path) {
  struct stat file = {};
  return ::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

void discard(const Child& process) {
  ::kill(process.pid, SIGKILL);
  ::waitpid(process.pid, nullptr, 0);
}

}  // namespace

Result<OutputEnds> open_outputs(Child& child) {
  OutputEnds ends;
  if (auto ok = make_pipe(child.out, ends.out); !ok) return std::unexpected(ok.error());
  if (auto ok = make_pipe(child.err, ends.err); !ok) return std::unexpected(ok.error());
  for (const int fd : {child.out.get(), child.err.get()}) set_nonblocking(fd);
  return ends;
}

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

Result<Child> launch(LaunchPlan plan) {
  const auto program = find_program(plan.command.front());
  if (!program)
    return fail(ErrorKind::unavailable, "E3001", "the program {} is not there or not executable",
                plan.command.front());
  Child process;
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return fail_errno("E3001", "preparing a worker", errno);
  const auto ends = open_outputs(process);
  if (!ends) return std::unexpected(ends.error());
  Prepared child = prepare(plan, *program, null, *ends);
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
  return variables;
}

std::string ending_text(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("signal {}", WTERMSIG(wait_status));
  return fmt::format("exit {}", WEXITSTATUS(wait_status));
}

}  // namespace pelton::worker
