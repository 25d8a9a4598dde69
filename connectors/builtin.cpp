// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"

#include "connectors/directory/directory.h"
#include "connectors/kafka/kafka.h"
#include "connectors/mysql/mysql.h"
#include "connectors/postgres/postgres.h"
#include "connectors/s3/s3.h"
#include "connectors/schedule/schedule.h"

namespace pelton {

// An explicit list: the linker drops what registers itself from a static library.
std::vector<connector::ConnectorSpec> builtin_connectors() {
  return {
      directory::connector_spec(), kafka_connector::connector_spec(),
      mysql::connector_spec(),     postgres::connector_spec(),
      s3::connector_spec(),        schedule::connector_spec(),
  };
}

}  // namespace pelton
