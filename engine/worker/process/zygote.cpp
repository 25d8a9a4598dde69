// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/zygote.h"

#include "engine/base/units.h"
#include "engine/worker/process/child_process.h"
#include "engine/worker/process/descendants.h"

#include <boost/asio/post.hpp>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <utility>

namespace pelton::worker {
namespace {

constexpr std::size_t kLargestAnswer = 4096;
constexpr std::size_t kMostDescriptors = 16;
constexpr std::string_view kForked = "forked ";
constexpr std::string_view kFailed = "failed ";

Result<UniqueFd> make_control(UniqueFd& theirs) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return fail_errno("E3001", "making a socket", errno);
  theirs.reset(pair[1]);
  return UniqueFd(pair[0]);
}

// 0 or an error number.
int send_with(int socket, std::string& text, const std::vector<int>& descriptors) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
  iovec part{text.data(), text.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

// The child's pidfd, if it is a child of ours that nobody has yet.
UniqueFd claim(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  siginfo_t info = {};
  const bool ours = fd && ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(fd.get()),
                                   &info, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (!ours || !expect_end_of(pid)) fd.reset();
  return fd;
}

}  // namespace

void end_unwanted(const Child& child, const std::string& identity) {
  kill_descendants(child.pid);
  ::kill(-child.pid, SIGKILL);
  ::kill(child.pid, SIGKILL);
  ::waitpid(child.pid, nullptr, 0);
  end_seen_of(child.pid);
  kill_orphans(identity);
}

// The process and what is heard of it.
class Zygote::Process final : private ProcessEvents {
 public:
  explicit Process(Zygote& zygote) : zygote_(zygote), child_(zygote.io_, *this) {}
  ChildProcess& child() { return child_; }

 private:
  void wrote(bool standard_error, std::string_view line) override {
    zygote_.line_(standard_error, line);
  }
  void exited() override { zygote_.ended(); }

  Zygote& zygote_;
  ChildProcess child_;
};

Zygote::Zygote(boost::asio::io_context& io, Line line, std::chrono::milliseconds patience)
    : io_(io), line_(std::move(line)), time_of_one_(patience), control_(io), patience_(io) {}

Zygote::~Zygote() {
  serves_ = false;
  process_.reset();
  for (Asked& asked : asked_) {
    kill_orphans(asked.identity);
    if (asked.made) asked.made(fail(ErrorKind::cancelled, "E7300", "its zygote was ended"));
  }
}

Status Zygote::start(LaunchPlan plan) {
  UniqueFd theirs;
  auto ours = make_control(theirs);
  if (!ours) return std::unexpected(ours.error());
  plan.descriptors.insert(plan.descriptors.begin(), std::move(theirs));
  environment_ = plan.environment;
  process_ = std::make_unique<Process>(*this);
  if (auto ok = process_->child().start(std::move(plan)); !ok) return ok;
  boost::system::error_code error;
  control_.assign(ours->get(), error);
  if (error) return fail_errno("E3001", "watching a zygote", error.value());
  ours->release();
  serves_ = true;
  listen();
  return {};
}

std::string Zygote::request(const LaunchPlan& plan, const std::string& identity) const {
  std::string text = "fork";
  text.append(1, '\0').append(identity);
  for (const auto& [name, value] : plan.environment)
    if (const auto at = environment_.find(name); at == environment_.end() || at->second != value)
      text.append(1, '\0').append(name).append("=").append(value);
  for (const auto& [name, value] : environment_)
    if (!plan.environment.contains(name)) text.append(1, '\0').append(name);
  return text;
}

void Zygote::copy(LaunchPlan plan, std::string identity, Made made) {
  if (!serves_) return refuse(std::move(made), ending_.empty() ? "it has ended" : ending_);
  Asked asked{std::move(identity), {}, std::move(made)};
  const auto ends = open_outputs(asked.child);
  if (!ends) return refuse(std::move(asked.made), ends.error().message);
  std::vector<int> descriptors{ends->out.get(), ends->err.get()};
  for (const UniqueFd& fd : plan.descriptors) descriptors.push_back(fd.get());
  std::string text = request(plan, asked.identity);
  const int error = descriptors.size() > kMostDescriptors
                        ? E2BIG
                        : send_with(control_.native_handle(), text, descriptors);
  if (error != 0)
    return refuse(std::move(asked.made), fmt::format("asking it: {}", std::strerror(error)));
  asked_.push_back(std::move(asked));
  if (asked_.size() == 1) arm();
}

void Zygote::refuse(Made made, const std::string& why) {
  boost::asio::post(io_, [made = std::move(made), why] {
    made(fail(ErrorKind::unavailable, "E7300", "{}", why));
  });
}

void Zygote::arm() {
  silences_ = 0;
  if (asked_.empty()) return patience_.cancel();
  patience_.after(time_of_one_, [this] { unanswered(); });
}

// It may be importing something large, and be the faster way again when that is done.
void Zygote::unanswered() {
  ++silences_;
  if (silences_ == kSilences)
    return give_up("it did not answer for " + format_duration(kSilences * time_of_one_));
  patience_.after(time_of_one_, [this] { unanswered(); });
  std::vector<Made> waited;
  for (Asked& asked : asked_)
    if (asked.made) waited.push_back(std::exchange(asked.made, nullptr));
  const std::weak_ptr alive(alive_);
  for (const Made& made : waited)
    if (!alive.expired())
      made(fail(ErrorKind::overloaded, "E7300", "it did not answer for {}",
                format_duration(time_of_one_)));
}

void Zygote::listen() {
  control_.async_wait(Descriptor::wait_read, [this, alive = std::weak_ptr(alive_)](
                                                 const boost::system::error_code& error) {
    if (!error && !alive.expired()) read_answers();
  });
}

void Zygote::read_answers() {
  char text[kLargestAnswer];
  const std::weak_ptr alive(alive_);
  while (!alive.expired() && serves_) {
    const ssize_t count = ::recv(control_.native_handle(), text, sizeof text, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return listen();
    // Its end follows.
    if (count <= 0) return;
    answered({text, static_cast<std::size_t>(count)});
  }
}

void Zygote::answered(std::string_view text) {
  if (asked_.empty()) return give_up("it answered what nobody asked");
  if (!text.starts_with(kForked) && !text.starts_with(kFailed))
    return give_up("it answered something else");
  Asked asked = std::move(asked_.front());
  asked_.pop_front();
  arm();
  answer(std::move(asked), text);
}

void Zygote::answer(Asked&& asked, std::string_view text) {
  pid_t pid = 0;
  if (text.starts_with(kForked))
    std::from_chars(text.data() + kForked.size(), text.data() + text.size(), pid);
  if (!asked.made) return kill_orphans(asked.identity);
  if (pid <= 0)
    return asked.made(fail(ErrorKind::unavailable, "E7300", "{}", text.substr(kFailed.size())));
  asked.child.pidfd = claim(pid);
  if (!asked.child.pidfd) {
    kill_orphans(asked.identity);
    return asked.made(
        fail(ErrorKind::unavailable, "E7300", "process {} ended before it was of any use", pid));
  }
  asked.child.pid = pid;
  asked.child.sandbox = process_->child().sandbox();
  // What the kernel holds is the number of all copies together.
  if (asked.child.sandbox) asked.child.sandbox->holds_processes = false;
  asked.made(std::move(asked.child));
}

void Zygote::give_up(const std::string& why) {
  serves_ = false;
  ending_ = why;
  process_->child().kill();
}

// Nothing comes from it any more. What it has made and not told of has the name of what was asked.
void Zygote::ended() {
  serves_ = false;
  patience_.cancel();
  if (ending_.empty()) {
    const std::string lines = process_->child().last_lines();
    ending_ = fmt::format("it ended ({})", process_->child().ending());
    if (!lines.empty()) ending_ += "\n" + lines;
  }
  auto asked = std::exchange(asked_, {});
  const std::string why = ending_;
  const std::weak_ptr alive(alive_);
  for (Asked& one : asked) {
    kill_orphans(one.identity);
    if (one.made) one.made(fail(ErrorKind::unavailable, "E7300", "{}", why));
  }
}

}  // namespace pelton::worker
