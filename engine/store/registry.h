// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/binding_state.h"
#include "engine/store/logs.h"
#include "engine/store/notices.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace pelton::store {

// Which streams and bindings there are, configured or not, and what ends with them. Any thread once
// open() has returned.
class Registry {
 public:
  // How what is not configured is deleted: on the thread that may be moving a stream's batches.
  struct Forget {
    std::function<Status(const std::string& name, StreamId stream)> stream;
    std::function<Status(const std::string& name, BindingId binding)> binding;
  };

  Registry(Database& database, Logs& logs, BindingState& bindings, Notices& notices,
           WriteChanges write, Forget forget)
      : database_(database),
        logs_(logs),
        bindings_(bindings),
        notices_(notices),
        write_(std::move(write)),
        forget_(std::move(forget)) {}

  // Reads the state of all bindings that ever were.
  Status open();

  // What Store promises under these names.
  Result<BindingId> binding(std::string_view name);
  Result<Incarnation> identify(StreamId topic, std::string_view identity);
  Status forget_binding(std::string_view name);
  Status forget_stream(std::string_view name);

 private:
  // Says so when retention waits for a binding that does not read the stream.
  void say_held(const std::string& name, BindingId id);
  bool reads(std::string_view binding, StreamId stream) const;

  Database& database_;
  Logs& logs_;
  BindingState& bindings_;
  Notices& notices_;
  const WriteChanges write_;
  const Forget forget_;
};

}  // namespace pelton::store
