// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/process_end.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace pelton::worker::http {

class ProcessEnd::Impl {
 public:
  explicit Impl(boost::asio::io_context& io) : descriptor_(io) {}

  Status watch(pid_t process, std::function<void()> ended) {
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    if (fd < 0) return fail_errno("E3001", "watching a worker", errno);
    descriptor_.assign(fd);
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [ended = std::move(ended)](boost::system::error_code error) {
                             if (!error) ended();
                           });
    return {};
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

ProcessEnd::ProcessEnd(boost::asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
ProcessEnd::~ProcessEnd() = default;

Status ProcessEnd::watch(pid_t process, std::function<void()> ended) {
  return impl_->watch(process, std::move(ended));
}

}  // namespace pelton::worker::http
