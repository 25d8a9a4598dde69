// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_ledger.h"
#include "connectors/directory/options.h"

#include <string>

namespace pelton::directory {

// What happens to files whose event every binding has settled: nothing, deleted, or moved to
// another folder. One thread.
class AfterAction {
 public:
  AfterAction(After after, std::filesystem::path move_to)
      : after_(after), move_to_(std::move(move_to)) {}

  // Opens the folder to move to. Error E2004, invalid: it lies on another file system than `root`.
  Status open(const Folder& root);
  void close() { target_ = Folder(); }

  bool keeps() const { return after_ == After::keep; }
  // To the version that was marked; a newer one is left alone. True when the name is free now.
  // Error E2008: the file stays where it is.
  Result<bool> apply(const Folder& root, const Taken& taken) const;

 private:
  Status move(int parent, const Taken& taken) const;

  const After after_;
  const std::filesystem::path move_to_;
  Folder target_;
};

}  // namespace pelton::directory
