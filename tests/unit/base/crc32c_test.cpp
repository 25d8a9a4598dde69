// SPDX-License-Identifier: Apache-2.0
#include "engine/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace pelton {
namespace {

// RFC 3720, B.4, and the usual check value.
TEST(Crc32c, IsThatOfTheRfc) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Crc32c, ContinuesAnywhere) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text.push_back(static_cast<char>(i * 7));
  const std::uint32_t whole = crc32c(text);
  for (const std::size_t cut : {1U, 7U, 100U, 3071U, 3072U, 3073U, 9999U})
    EXPECT_EQ(crc32c(text.substr(cut), crc32c(text.substr(0, cut))), whole) << cut;
}

}  // namespace
}  // namespace pelton
