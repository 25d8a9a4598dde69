// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/sandbox/wire.h"

#include <linux/filter.h>

// The steps of the launcher. It is linked statically and uses nothing of the C++ library, since
// every start of a worker waits for it.
namespace pelton::worker::sandbox {

struct Entry {
  Rule rule;
  const char* path;
  int tree;  // what is kept below a folder that is hidden; -1: nothing
};

struct Plan {
  PlanHeader header;
  const sock_filter* filter;
  Entry entries[kMostRules];
  unsigned count;
  int descriptor;       // that it came in
  bool user_namespace;  // it is in one of its own

  bool wants(Wish wish) const { return (header.wishes & wish) != 0; }
};

PartReport& part_of(Report& report, Part part);
void active(Report& report, Part part);
// With the error of the moment.
void refused(Report& report, Part part, const char* step);

// False: what the descriptor has is no plan.
bool read_plan(int descriptor, Plan& plan);

// Namespaces, one by one, so that what is refused costs no other; what is mounted.
void separate(Plan& plan, Report& report);
// A /proc that shows the processes of this PID namespace.
void mount_proc();
void limit_processes(const Plan& plan, const Report& report);
// Irrevocable: what may be opened, privileges, system calls. In this order, each being refused
// after the next.
void confine(const Plan& plan, Report& report);

// The part of it that is Landlock's.
void restrict_files(const Plan& plan, Report& report);
void drop_capabilities(Report& report);

}  // namespace pelton::worker::sandbox
