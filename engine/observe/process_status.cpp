// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/process_status.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace pelton::observe {
namespace {

std::uint64_t entries(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator begin(folder, error);
  return error ? 0 : static_cast<std::uint64_t>(std::distance(begin, {}));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The second number of statm, in pages (proc(5)).
std::uint64_t resident_bytes() {
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessStatus read_process_status() {
  ProcessStatus status;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0)
    status.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) status.most_descriptors = limit.rlim_cur;
  status.resident_bytes = resident_bytes();
  status.open_descriptors = entries("/proc/self/fd");
  status.threads = entries("/proc/self/task");
  return status;
}

}  // namespace pelton::observe
