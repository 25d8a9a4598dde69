// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/after_action.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

namespace pelton::directory {
namespace {

std::unexpected<Error> not_applied(const char* what, const Taken& taken) {
  return fail_errno("E2008",
                    fmt::format("{} {} after its event was settled", what, subject_of(taken.name)),
                    errno);
}

}  // namespace

Status AfterAction::open(const Folder& root) {
  if (after_ != After::move) return {};
  auto target = Folder::open(move_to_, CreateFolder::yes);
  if (!target) return std::unexpected(std::move(target).error());
  if (target->device() != root.device())
    return fail(ErrorKind::invalid, "E2004", "move_to ({}) is not on the same file system as {}",
                move_to_.string(), root.path().string());
  target_ = std::move(*target);
  return {};
}

Result<bool> AfterAction::apply(const Folder& root, const Taken& taken) const {
  if (after_ == After::keep) return false;
  const UniqueFd parent = root.open_subfolder(parent_of(taken.name));
  if (!parent) return true;
  const std::string leaf = leaf_of(taken.name);
  struct stat stat {};
  if (::fstatat(parent.get(), leaf.c_str(), &stat, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT;
  if (!(FileVersion::of(stat) == taken.version)) return false;
  if (after_ == After::move) {
    if (auto moved = move(parent.get(), taken); !moved) return std::unexpected(moved.error());
  } else if (::unlinkat(parent.get(), leaf.c_str(), 0) != 0 && errno != ENOENT) {
    return not_applied("deleting", taken);
  }
  return true;
}

Status AfterAction::move(int parent, const Taken& taken) const {
  const std::string leaf = leaf_of(taken.name);
  const UniqueFd target = target_.make_subfolder(parent_of(taken.name));
  if (!target) return not_applied("making the folder to move to for", taken);
  if (::renameat2(parent, leaf.c_str(), target.get(), leaf.c_str(), RENAME_NOREPLACE) == 0)
    return {};
  if (errno != EEXIST) return not_applied("moving", taken);
  // An earlier upload of that name is there: both are kept.
  const std::string other = leaf.substr(0, 200) + '.' + taken.id.substr(0, 16);
  if (::renameat2(parent, leaf.c_str(), target.get(), other.c_str(), 0) == 0) return {};
  return not_applied("moving", taken);
}

}  // namespace pelton::directory
