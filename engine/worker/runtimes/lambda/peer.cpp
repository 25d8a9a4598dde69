// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/peer.h"

#include "engine/worker/process/descendants.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace pelton::worker::lambda {
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

}  // namespace

bool is_peer(int connection, pid_t process) {
  sockaddr_in ours = {};
  sockaddr_in theirs = {};
  socklen_t size = sizeof ours;
  if (::getsockname(connection, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return false;
  size = sizeof theirs;
  if (::getpeername(connection, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return false;
  const std::string local = kernel_text(theirs);
  const std::string remote = kernel_text(ours);
  auto inode = inode_of("/proc/net/tcp", local, remote);
  // A socket of IPv6 that speaks IPv4, as Java opens them.
  if (!inode) inode = inode_of("/proc/net/tcp6", local, remote);
  if (!inode) return false;
  const std::string link = fmt::format("socket:[{}]", *inode);
  if (has_socket(process, link)) return true;
  for (const pid_t below : descendants(process))
    if (has_socket(below, link)) return true;
  return false;
}

}  // namespace pelton::worker::lambda
