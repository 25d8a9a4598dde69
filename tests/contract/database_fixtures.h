// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/connector_fixtures.h"

#include <memory>

namespace pelton::test {

// The sources "postgres" and "mysql" with a server of their own, by tools/postgres and
// tools/mariadb; missing() says so where that is not installed, which continuous integration does
// not accept.
std::unique_ptr<SourceFixture> postgres_source_fixture();
std::unique_ptr<SourceFixture> mysql_source_fixture();
// The sinks of these names, which share one server each.
std::unique_ptr<SinkFixture> mysql_sink_fixture();
std::unique_ptr<SinkFixture> postgres_sink_fixture();

}  // namespace pelton::test
