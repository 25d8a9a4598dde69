// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/known_bindings.h"

#include "engine/base/ensure.h"

#include <algorithm>

namespace pelton::dead_letters {

void KnownBindings::set(const std::vector<KnownBinding>& bindings) {
  std::lock_guard lock(mutex_);
  present_.clear();
  for (const KnownBinding& binding : bindings) {
    const auto known = std::ranges::find(ever_, binding);
    present_.push_back(known == ever_.end() ? &ever_.emplace_back(binding) : &*known);
  }
}

std::vector<const KnownBinding*> KnownBindings::all() const {
  std::lock_guard lock(mutex_);
  return present_;
}

const KnownBinding* KnownBindings::find(std::string_view name) const {
  std::lock_guard lock(mutex_);
  const auto at = std::ranges::find(present_, name, &KnownBinding::name);
  return at == present_.end() ? nullptr : *at;
}

const KnownBinding& KnownBindings::of(BindingId id) const {
  std::lock_guard lock(mutex_);
  const auto last = std::find_if(ever_.rbegin(), ever_.rend(),
                                 [id](const KnownBinding& binding) { return binding.id == id; });
  ENSURE(last != ever_.rend(), "no binding was ever known by the number {}", id.value);
  return *last;
}

Result<const KnownBinding*> find_binding(const KnownBindings& bindings, std::string_view name) {
  const KnownBinding* const binding = bindings.find(name);
  if (binding == nullptr) return fail(ErrorKind::invalid, "E5001", "no binding named \"{}\"", name);
  return binding;
}

}  // namespace pelton::dead_letters
