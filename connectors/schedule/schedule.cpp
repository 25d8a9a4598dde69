// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/schedule.h"

#include "connectors/schedule/options.h"
#include "connectors/schedule/schedule_source.h"
#include "engine/base/ensure.h"

namespace pelton::schedule {

connector::ConnectorSpec connector_spec() {
  static const SystemClock clock;
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    ENSURE(context.consumption != nullptr, "a source knows the consumption of its stream");
    return std::make_unique<ScheduleSource>(context.settings<SourceOptions>(), context.ledger,
                                            *context.consumption, clock);
  };
  return spec;
}

}  // namespace pelton::schedule
