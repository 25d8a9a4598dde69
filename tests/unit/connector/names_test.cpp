// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/names.h"

#include "connectors/directory/file_version.h"

#include <gtest/gtest.h>

namespace pelton::directory {
namespace {

TEST(NameFilter, APatternWithoutASlashIsHeldAgainstTheLastPart) {
  const NameFilter names({"*.jpg"}, {"draft*"});
  EXPECT_TRUE(names.wants_file("a.jpg"));
  EXPECT_TRUE(names.wants_file("deep/er/a.jpg"));
  EXPECT_FALSE(names.wants_file("a.JPG"));
  EXPECT_FALSE(names.wants_file("deep/draft1.jpg"));
  EXPECT_FALSE(names.wants_folder("deep/drafts"));
}

TEST(NameFilter, APatternWithASlashIsHeldAgainstTheWholeName) {
  const NameFilter names({"in/*.jpg"}, {});
  EXPECT_TRUE(names.wants_file("in/a.jpg"));
  EXPECT_FALSE(names.wants_file("in/deep/a.jpg"));
  EXPECT_FALSE(names.wants_file("a.jpg"));
}

TEST(NameFilter, TemporaryFilesOfASinkAreNeverWanted) {
  const NameFilter names({"*"}, {});
  EXPECT_FALSE(names.wants_file(".pelton-0123.part"));
  EXPECT_FALSE(names.wants_file("sub/.pelton-0123.part"));
}

TEST(NameFilter, AnExcludedFolderIsMeantByItsExactName) {
  NameFilter names({"*"}, {});
  names.exclude("done");
  EXPECT_FALSE(names.wants_folder("done"));
  EXPECT_TRUE(names.wants_folder("sub/done"));
}

TEST(SubjectOf, KeepsUtf8AndEncodesEverythingElse) {
  EXPECT_EQ(subject_of("plain 100%.txt"), "plain 100%.txt");
  EXPECT_EQ(subject_of("\xe2\x82\xac.txt"), "\xe2\x82\xac.txt");
  EXPECT_EQ(subject_of("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(subject_of("a\nb"), "a%0Ab");
  EXPECT_EQ(subject_of("50%\xff"), "50%%FF");
  EXPECT_EQ(subject_of("a\xff"), "a%FF");
  EXPECT_EQ(subject_of("a%FF"), "a%25FF");  // no two names share a subject
  EXPECT_EQ(subject_of("50%%FF"), "50%%25FF");
  EXPECT_EQ(subject_of("\xc0\xaf"), "%C0%AF");                // overlong
  EXPECT_EQ(subject_of("\xe0\x80\xaf"), "%E0%80%AF");         // overlong
  EXPECT_EQ(subject_of("\xed\xa0\x80"), "%ED%A0%80");         // surrogate
  EXPECT_EQ(subject_of("\xf4\x90\x80\x80"), "%F4%90%80%80");  // above U+10FFFF
  EXPECT_EQ(subject_of("cut\xe2\x82"), "cut%E2%82");
}

TEST(ContentTypeOf, GoesByTheExtension) {
  EXPECT_EQ(content_type_of("a.png"), "image/png");
  EXPECT_EQ(content_type_of("A.JPEG"), "image/jpeg");
  EXPECT_EQ(content_type_of("a.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type_of("zip"), "application/octet-stream");
  EXPECT_EQ(content_type_of("a.unheard"), "application/octet-stream");
}

TEST(CheckName, TakesRelativeNames) {
  for (const std::string& name : {std::string("a"), std::string("a/b.txt"), std::string(".hidden"),
                                  std::string("..."), std::string(255, 'n'), std::string("a\nb")})
    EXPECT_TRUE(check_name(name)) << name;
}

TEST(CheckName, RefusesWhatLeadsOutOrCannotBe) {
  for (const std::string& name :
       {std::string(), std::string("/etc/passwd"), std::string("../a"), std::string("a/../../b"),
        std::string("a/.."), std::string("."), std::string("a//b"), std::string("a/"),
        std::string("a\0b", 3), std::string(256, 'n'), std::string(".pelton-x"),
        std::string("sub/.pelton-x")}) {
    const Status checked = check_name(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
    EXPECT_EQ(checked.error().code, "E2020");
  }
  std::string deep = "a";
  while (deep.size() <= 4'000) deep += "/a";
  EXPECT_FALSE(check_name(deep));
}

TEST(FileVersion, ItsIdNeverChangesItsForm) {
  // Kept in ledgers: another form would repeat every file of every folder.
  EXPECT_EQ((FileVersion{1, 2, 3}.id("a/b")), "80ece9e3beb113a17811a28cfa0e98f0");
  EXPECT_NE((FileVersion{1, 2, 3}.id("a")), (FileVersion{1, 2, 4}.id("a")));
  EXPECT_NE((FileVersion{1, 2, 3}.id("a")), (FileVersion{1, 2, 3}.id("b")));
}

}  // namespace
}  // namespace pelton::directory
