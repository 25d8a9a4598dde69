// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/connector_fixtures.h"

#include <memory>

namespace pelton::test {

// The source "postgres" with a server of its own, by tools/postgres; missing() says so where
// PostgreSQL is not installed, which continuous integration does not accept.
std::unique_ptr<SourceFixture> postgres_source_fixture();

}  // namespace pelton::test
