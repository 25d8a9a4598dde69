// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/socket_owner.h"

#include "engine/base/unique_fd.h"
#include "engine/worker/process/descendants.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::worker {
namespace {

// As /proc/net/tcp writes it, and at the end of what /proc/net/tcp6 does: the address as the number
// that its bytes are in memory, the port as a number.
std::string kernel_text(const sockaddr_in& address) {
  return fmt::format("{:08X}:{:04X}", address.sin_addr.s_addr, ntohs(address.sin_port));
}

// The inode of the socket with these ends, "0" for one that no process has any more.
std::optional<std::string> inode_of(const char* table, const std::string& local,
                                    const std::string& remote) {
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    if (line.find(local) == std::string::npos) continue;
    std::istringstream fields(line);
    std::string number, from, to, skipped, inode;
    fields >> number >> from >> to;
    for (int i = 0; i < 6; ++i) fields >> skipped;
    if (fields >> inode && from.ends_with(local) && to.ends_with(remote) && inode != "0")
      return inode;
  }
  return std::nullopt;
}

// What the kernel says of one connection; 0 for one that no process has any more, or that there is
// not. Nothing: this kernel does not answer such questions. The table has all connections of the
// machine, thousands that have ended included, and whoever may connect can make such.
std::optional<std::uint32_t> ask_for_inode(const sockaddr_in& local, const sockaddr_in& remote) {
  // Of a kernel that has no answers the word is the same as of one that has no such connection.
  static std::atomic<bool> answers{false};
  const UniqueFd kernel(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header;
    inet_diag_req_v2 question;
  } request = {};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  // Has the sockets of IPv6 that speak IPv4 as well.
  request.question.sdiag_family = AF_INET;
  request.question.sdiag_protocol = IPPROTO_TCP;
  request.question.idiag_states = ~0U;
  inet_diag_sockid& id = request.question.id;
  id.idiag_sport = local.sin_port;
  id.idiag_dport = remote.sin_port;
  id.idiag_src[0] = local.sin_addr.s_addr;
  id.idiag_dst[0] = remote.sin_addr.s_addr;
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  struct {
    nlmsghdr header;
    inet_diag_msg said;
    char more[1024];
  } answer = {};
  if (!kernel || ::send(kernel.get(), &request, sizeof request, 0) < 0) return std::nullopt;
  const ssize_t size = ::recv(kernel.get(), &answer, sizeof answer, MSG_DONTWAIT);
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof answer.said)) ||
      answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return answers ? std::optional(0U) : std::nullopt;
  answers = true;
  // Else it is a socket that listens at the port.
  return answer.said.id.idiag_dport == remote.sin_port ? answer.said.idiag_inode : 0;
}

bool has_socket(pid_t process, const std::string& link) {
  const std::string folder = fmt::format("/proc/{}/fd/", process);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (!open) return false;
  while (const dirent* entry = ::readdir(open.get())) {
    char target[64];
    const ssize_t size = ::readlink((folder + entry->d_name).c_str(), target, sizeof target);
    if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == link) return true;
  }
  return false;
}

// Nothing: this kernel does not list children.
std::optional<std::vector<pid_t>> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code error;
  // It may end meanwhile.
  for (std::filesystem::directory_iterator thread(fmt::format("/proc/{}/task", process), error),
       end;
       !error && thread != end; thread.increment(error)) {
    std::ifstream list(thread->path() / "children");
    if (!list) return std::nullopt;
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

// Going down from the process costs little; looking at all processes of the machine takes
// milliseconds.
bool tree_has_socket(pid_t process, const std::string& link) {
  if (has_socket(process, link)) return true;
  const auto children = children_of(process);
  return std::ranges::any_of(children ? *children : descendants(process), [&](pid_t child) {
    return children ? tree_has_socket(child, link) : has_socket(child, link);
  });
}

// Of sockets that listen at one of these addresses, each as the table writes it.
std::vector<std::string> inodes_of_listeners(const char* table,
                                             const std::vector<std::string>& addresses) {
  constexpr std::string_view kListens = "0A";
  std::vector<std::string> inodes;
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state, skipped, inode;
    fields >> number >> local >> remote >> state;
    if (state != kListens || std::ranges::find(addresses, local) == addresses.end()) continue;
    for (int i = 0; i < 5; ++i) fields >> skipped;
    if (fields >> inode) inodes.push_back(inode);
  }
  return inodes;
}

}  // namespace

bool is_listener(std::uint16_t port, bool v6, pid_t process) {
  const std::string any(32, '0');
  const std::string at = fmt::format(":{:04X}", port);
  const std::string loopback = fmt::format("{:08X}", htonl(INADDR_LOOPBACK));
  // Of ::1, and of 127.0.0.1 written as an address of IPv6.
  const std::string six = v6 ? fmt::format("{}{:08X}", any.substr(8), htonl(1))
                             : fmt::format("{}{:08X}{}", any.substr(16), htonl(0xffff), loopback);
  auto inodes = inodes_of_listeners("/proc/net/tcp6", {any + at, six + at});
  if (!v6)
    for (std::string& inode :
         inodes_of_listeners("/proc/net/tcp", {any.substr(24) + at, loopback + at}))
      inodes.push_back(std::move(inode));
  return std::ranges::any_of(inodes, [&](const std::string& inode) {
    return tree_has_socket(process, fmt::format("socket:[{}]", inode));
  });
}

bool is_peer(int connection, pid_t process) {
  sockaddr_in ours = {};
  sockaddr_in theirs = {};
  socklen_t size = sizeof ours;
  if (::getsockname(connection, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return false;
  size = sizeof theirs;
  if (::getpeername(connection, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return false;
  if (const auto inode = ask_for_inode(theirs, ours))
    return *inode != 0 && tree_has_socket(process, fmt::format("socket:[{}]", *inode));
  const std::string local = kernel_text(theirs);
  const std::string remote = kernel_text(ours);
  auto inode = inode_of("/proc/net/tcp", local, remote);
  // A socket of IPv6 that speaks IPv4, as Java opens them.
  if (!inode) inode = inode_of("/proc/net/tcp6", local, remote);
  if (!inode) return false;
  return tree_has_socket(process, fmt::format("socket:[{}]", *inode));
}

}  // namespace pelton::worker
