// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/libraries.h"

#include "engine/kafka/client/client_config.h"

namespace pelton::runtime {

std::string librdkafka_version() {
  return kafka::library_version();
}

}  // namespace pelton::runtime
