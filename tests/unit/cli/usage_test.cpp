// SPDX-License-Identifier: Apache-2.0
// What the command line takes, and what it says to the rest.
#include "tests/unit/cli/command_fixture.h"

namespace pelton::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Wrong {
  std::vector<std::string> words;
  std::string said;
};

void PrintTo(const Wrong& wrong, std::ostream* out) {
  for (const std::string& word : wrong.words) *out << word << ' ';
}

class WrongUsage : public testing::TestWithParam<Wrong> {};

TEST_P(WrongUsage, IsExitCode2AndOneSentence) {
  const Ran ran = run_words(GetParam().words);
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, StartsWith("pelton: "));
  EXPECT_THAT(ran.err, HasSubstr(GetParam().said));
  EXPECT_LE(std::ranges::count(ran.err, '\n'), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Words, WrongUsage,
    testing::Values(Wrong{{}, "a command is missing"},
                    Wrong{{"statsu"}, "there is no command \"statsu\" (did you mean \"status\"?)"},
                    Wrong{{"frobnicate"}, "there is no command \"frobnicate\"\nTry pelton --help."},
                    Wrong{{"\x1b[2J"}, "there is no command \"\\x1b[2J\""},
                    Wrong{{"dead-letters"}, "a command is missing"},
                    Wrong{{"dead-letters", "lst"}, "\"lst\" (did you mean \"list\"?)"},
                    Wrong{{"dead-letters", "lst"}, "Try pelton dead-letters --help."},
                    Wrong{{"run"}, "CONFIG"}, Wrong{{"validate"}, "CONFIG"},
                    Wrong{{"produce"}, "STREAM"}, Wrong{{"consume"}, "STREAM"},
                    Wrong{{"functions", "restart"}, "FUNCTION"},
                    Wrong{{"status", "--wtach"}, "(did you mean \"--watch\"?)"},
                    Wrong{{"run", "--config", "a.yaml"},
                          "(the file is given without it: pelton run FILE)"},
                    Wrong{{"describe", "stream", "--markdown", "pages"}, "--markdown"},
                    Wrong{{"status", "--watch", "--check"}, "--watch excludes --check"},
                    Wrong{{"status", "one", "two"}, "unexpected: one two\n"},
                    Wrong{{"status", "-o"}, "--output needs a value"},
                    Wrong{{"status", "-o", "xml"}, "--output: \"xml\" is none of text, json"},
                    Wrong{{"schema", "-o", "text"}, "--output: \"text\" is none of json"}));

INSTANTIATE_TEST_SUITE_P(
    Values, WrongUsage,
    testing::Values(
        Wrong{{"consume", "s", "--from", "tomorrow"}, "\"tomorrow\" is not earliest, latest"},
        Wrong{{"consume", "s", "--from", "-1"}, "\"-1\" is not earliest, latest"},
        Wrong{{"consume", "s", "--limit", "-5"}, "\"-5\" is not a whole number from 0"},
        Wrong{{"consume", "s", "--limit", "0"}, "--limit: is less than 1"},
        Wrong{{"dead-letters", "list", "--limit", "0"}, "--limit: is less than 1"},
        Wrong{{"consume", "s", "--limit", "1e3"}, "\"1e3\" is not a whole number from 0"},
        Wrong{{"consume", "s", "--partition", "9999999999999999999"}, "is too large"},
        Wrong{{"consume", "s", "--partition", "4294967296"}, "is too large for a partition"},
        Wrong{{"offsets", "seek", "b", "--by", "x"}, "\"x\" is not a whole number"},
        Wrong{{"offsets", "seek", "b", "--by", "9223372036854775807"}, "at most 18 digits"},
        Wrong{{"offsets", "seek", "b", "--to-offset", "99999999999999999999"}, "is too large"},
        Wrong{{"offsets", "seek", "b", "--to-offset", "-1"}, "is not a whole number from 0"},
        Wrong{{"status", "--config", ""}, "--config: is empty"},
        Wrong{{"status", "--data="}, "--data needs a value"},
        Wrong{{"status", "--socket", ""}, "--socket: is empty"},
        Wrong{{"status", "--data", "d", "--config", "c"}, "excludes"},
        Wrong{{"status", "--data", "d", "--socket", "s"}, "excludes"},
        Wrong{{"status", "--socket", "s", "--config", "c"}, "excludes"},
        Wrong{{"produce", "s", "--partition", "x"}, "\"x\" is not a whole number from 0"},
        Wrong{{"produce", "s", "--ndjson", "--key", "k"}, "excludes"},
        Wrong{{"produce", "s", "--header", "no-value"}, "--header is NAME=VALUE"},
        Wrong{{"produce", "s", "--header", "=v"}, "--header is NAME=VALUE, not \"=v\""},
        Wrong{{"dead-letters", "show", "job"}, "\"job\" is not BINDING/PARTITION/OFFSET"},
        Wrong{{"dead-letters", "show", "a/b/c/d/e"}, "\"a/b/c/d/e\" is not BINDING"},
        Wrong{{"dead-letters", "list", "--reason", "bad"}, "worker_killer"},
        Wrong{{"dead-letters", "list", "--since", "monday"}, "\"monday\" is not a time"},
        Wrong{{"dead-letters", "replay", "--rate", "0"}, "\"0\" is not a number above 0"},
        Wrong{{"dead-letters", "replay", "--rate", "fast"}, "\"fast\" is not a number above 0"},
        Wrong{{"dead-letters", "replay", "a/0/1", "--reason", "failed"}, "excludes"},
        Wrong{{"offsets", "seek", "job", "--to-time", "noon"}, "\"noon\" is not a time"},
        Wrong{{"offsets", "seek", "job"}, "say where to, once"},
        Wrong{{"offsets", "seek", "job", "--to-earliest", "--by", "3"}, "say where to, once"},
        Wrong{{"wait"}, "either --ready or --settled"},
        Wrong{{"wait", "--ready", "--settled", "job"}, "either --ready or --settled"},
        Wrong{{"wait", "--ready", "--timeout", "soon"}, "--timeout soon: "},
        Wrong{{"plan", "-"}, "cannot read the standard input of this command"},
        Wrong{{"plan", "--from", "a.yaml"}, "--from needs a new config"},
        Wrong{{"status", "--config", "-"}, "--data or --socket find the engine"},
        Wrong{{"bindings", "forget", "old"}, "add --yes"},
        Wrong{{"streams", "forget", "old"}, "add --yes"}));

class Help : public testing::TestWithParam<std::string> {};

TEST_P(Help, IsOnStandardOutputAndHasAnExample) {
  std::vector<std::string> words;
  std::istringstream in(GetParam());
  for (std::string word; in >> word;) words.push_back(word);
  words.push_back("--help");
  const Ran ran = run_words(words);
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, testing::ContainsRegex("Example: .*pelton " + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Commands, Help,
                         testing::Values("run", "validate", "plan", "reload", "describe", "schema",
                                         "status", "produce", "consume", "dead-letters list",
                                         "dead-letters show", "dead-letters replay",
                                         "dead-letters export", "dead-letters purge",
                                         "offsets list", "offsets seek", "functions restart",
                                         "bindings pause", "bindings resume", "bindings forget",
                                         "streams forget", "wait", "version"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == ' ' || c == '-'; }, '_');
                           return name;
                         });

TEST(Usage, VersionIsALineOrAnObject) {
  EXPECT_THAT(run_words({"--version"}).out, StartsWith("pelton "));
  EXPECT_EQ(run_words({"version"}).out, run_words({"--version"}).out);
  EXPECT_THAT(run_words({"version", "-o", "json"}).out, HasSubstr("\"librdkafka\":"));
}

TEST(Usage, DescribeKnowsItsTopicsAndGuesses) {
  EXPECT_THAT(run_words({"describe"}).out, HasSubstr("\n  binding\n"));
  EXPECT_THAT(run_words({"describe", "binding"}).out, HasSubstr("max_unsettled"));
  EXPECT_THAT(run_words({"describe", "-o", "json"}).out, StartsWith("{\"topics\":["));
  EXPECT_THAT(run_words({"describe", "binding", "-o", "json"}).out,
              StartsWith("{\"topic\":\"binding\",\"text\":\""));
  const Ran ran = run_words({"describe", "bindign"});
  EXPECT_EQ(ran.code, kNotFound);
  EXPECT_THAT(ran.err, HasSubstr("(did you mean \"binding\"?)"));
  EXPECT_EQ(run_words({"describe", "nothing"}).code, kNotFound);
}

TEST(Usage, ReferencePagesThatCannotBeWrittenSayWhy) {
  const Ran ran = run_words({"describe", "--markdown", "/proc/none"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("E5020: cannot create /proc/none: "));
}

TEST(Usage, WithoutAnEngineItIsExitCode4InBothFormats) {
  const Ran text = run_words({"status", "--socket", "/no/such/admin.sock"});
  EXPECT_EQ(text.code, kNotReachable);
  EXPECT_THAT(text.err, StartsWith("pelton: E5006: "));
  const Ran json = run_words({"offsets", "list", "-o", "json", "--data", "/no/such"});
  EXPECT_EQ(json.code, kNotReachable);
  EXPECT_THAT(json.err, StartsWith("{\"error\":{\"code\":\"E5006\",\"kind\":\"unavailable\","));
  const std::string long_name = "/tmp/" + std::string(200, 'x');
  const Ran long_path = run_words({"status", "-o", "json", "--socket", long_name});
  EXPECT_EQ(long_path.code, kNotReachable);
  EXPECT_THAT(long_path.err, StartsWith("{\"error\":{\"code\":\"E5006\""));
}

}  // namespace
}  // namespace pelton::cli
