// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_output.h"

#include <gtest/gtest.h>

namespace pelton::worker {
namespace {

using std::chrono::microseconds;

TEST(ReportLine, IsThatOfAWSLambda) {
  InvocationReport report;
  report.invocation = "id-1";
  report.duration = microseconds(15'737);
  report.memory_limit = 128U << 20;
  report.peak_memory = (55U << 20) + 1;
  EXPECT_EQ(report_line(report),
            "REPORT RequestId: id-1\tDuration: 15.74 ms\tBilled Duration: 16 ms\t"
            "Memory Size: 128 MB\tMax Memory Used: 56 MB");
  report.init = microseconds(130'490);
  report.status = "timeout";
  report.memory_limit.reset();
  EXPECT_EQ(report_line(report),
            "REPORT RequestId: id-1\tDuration: 15.74 ms\tBilled Duration: 16 ms\t"
            "Max Memory Used: 56 MB\tInit Duration: 130.49 ms\tStatus: timeout");
}

TEST(ReportLine, AMillisecondThatHasBegunIsBilled) {
  EXPECT_EQ(billed_ms(microseconds(1)), 1U);
  EXPECT_EQ(billed_ms(microseconds(1000)), 1U);
  EXPECT_EQ(billed_ms(microseconds(1001)), 2U);
}

TEST(Priority, IsAPrefixAsSystemdHasIt) {
  EXPECT_EQ(split_priority("<3>bad").priority, 3);
  EXPECT_EQ(split_priority("<3>bad").text, "bad");
  for (const char* plain : {"<8>x", "<3x", "3>", "", "<a>x"}) {
    EXPECT_EQ(split_priority(plain).priority, 6) << plain;
    EXPECT_EQ(split_priority(plain).text, plain);
  }
}

}  // namespace
}  // namespace pelton::worker
