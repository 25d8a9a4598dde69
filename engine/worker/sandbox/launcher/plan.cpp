// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/sandbox/launcher/steps.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace pelton::worker::sandbox {

PartReport& part_of(Report& report, Part part) {
  return report.parts[static_cast<std::size_t>(part)];
}

void active(Report& report, Part part) {
  part_of(report, part).state = State::active;
}

void refused(Report& report, Part part, const char* step) {
  PartReport& said = part_of(report, part);
  said.state = State::refused;
  said.error = errno;
  strncpy(said.step, step, sizeof said.step - 1);
}

bool read_plan(int descriptor, Plan& plan) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || status.st_size < static_cast<off_t>(sizeof(PlanHeader)))
    return false;
  const std::size_t size = static_cast<std::size_t>(status.st_size);
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapped == MAP_FAILED) return false;
  plan.descriptor = descriptor;
  const char* at = static_cast<const char*>(mapped);
  const char* const end = at + size;
  memcpy(&plan.header, at, sizeof plan.header);
  at += sizeof plan.header;
  const std::size_t filter = plan.header.filter_instructions * sizeof(sock_filter);
  if (plan.header.magic != kMagic || static_cast<std::size_t>(end - at) < filter) return false;
  plan.filter = reinterpret_cast<const sock_filter*>(at);
  at += filter;
  for (plan.count = 0; plan.count < plan.header.rules; ++plan.count) {
    const std::size_t length = strnlen(at, static_cast<std::size_t>(end - at));
    if (plan.count == kMostRules || length < 2 || at + length == end) return false;
    plan.entries[plan.count] = {static_cast<Rule>(*at), at + 1, -1};
    at += length + 1;
  }
  return at == end;
}

}  // namespace pelton::worker::sandbox
