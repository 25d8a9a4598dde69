// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pelton::config {

template <typename Struct>
class Fields;

// Value. What the workers of a function are kept from. The members' initialisers are the defaults.
struct Isolation {
  enum class Level {
    none,
    standard,  // all that the kernel allows this engine
    required   // all, or no worker
  };
  enum class Network { all, loopback, none };

  Level level = Level::none;
  Network network = Network::all;
  std::vector<std::string> read, write;  // paths, absolute, beside those that every worker has
  std::uint64_t temporary_bytes = 512U << 20;  // of /tmp and of /dev/shm, each

  bool on() const { return level != Level::none; }
  bool own_network() const { return on() && network != Network::all; }
};

Fields<Isolation> isolation_fields();

// As the config file has it.
std::string word_of(Isolation::Level level);

}  // namespace pelton::config
