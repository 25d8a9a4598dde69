// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/expression.h"
#include "connectors/schedule/recurrence.h"
#include "connectors/schedule/zone.h"

#include <gmock/gmock.h>
#include <time.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace pelton::schedule {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

Slot at(const std::string& text) {
  std::tm tm{};
  EXPECT_NE(::strptime(text.c_str(), "%Y-%m-%d %H:%M", &tm), nullptr) << text;
  return Slot{seconds{::timegm(&tm)}};
}

std::string shown(Slot slot) {
  return Zone().text(slot).substr(0, 16);
}

Recurrence crontab(const std::string& text, const std::string& zone = "UTC") {
  const auto parsed = parse_crontab(text);
  EXPECT_TRUE(parsed) << text;
  return Recurrence(Recurrence::OfCalendar{
      parsed->calendar, parsed->wildcard ? ClockChanges::wildcard : ClockChanges::fixed,
      *Zone::find(zone)});
}

Recurrence aws(const std::string& text, const std::string& zone = "UTC") {
  const auto parsed = parse_aws(text);
  EXPECT_TRUE(parsed) << text;
  return Recurrence(Recurrence::OfCalendar{std::get<Calendar>(*parsed), ClockChanges::eventbridge,
                                           *Zone::find(zone)});
}

std::vector<std::string> slots(const Recurrence& recurrence, const std::string& after,
                               std::size_t count) {
  std::vector<std::string> out;
  for (auto next = recurrence.next(at(after)); next && out.size() < count;
       next = recurrence.next(*next))
    out.push_back(shown(*next));
  return out;
}

using Slots = std::vector<std::string>;

TEST(Crontab, ListsRangesStepsAndNames) {
  EXPECT_EQ(
      slots(crontab("*/20 8-9 * * *"), "2026-11-28 08:30", 4),
      Slots({"2026-11-28T08:40", "2026-11-28T09:00", "2026-11-28T09:20", "2026-11-28T09:40"}));
  EXPECT_EQ(slots(crontab("0 12 * jan,Mar Mon-FRI/2"), "2026-12-30 00:00", 3),
            Slots({"2027-01-01T12:00", "2027-01-04T12:00", "2027-01-06T12:00"}));
  EXPECT_EQ(slots(crontab("@weekly"), "2026-11-28 00:00", 1), Slots({"2026-11-29T00:00"}));
  EXPECT_EQ(slots(crontab("0 0 * * 7"), "2026-11-28 00:00", 1), Slots({"2026-11-29T00:00"}));
  EXPECT_EQ(slots(crontab("59 23 31 12 *"), "2026-12-31 23:59", 1), Slots({"2027-12-31T23:59"}));
}

TEST(Crontab, ADayOfTheMonthOrOfTheWeekIsEnough) {
  EXPECT_EQ(slots(crontab("0 0 13 * fri"), "2026-11-12 00:00", 3),
            Slots({"2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00"}));
  // Unless one of them begins with a star.
  EXPECT_EQ(slots(crontab("0 0 */2 * fri"), "2026-11-12 00:00", 2),
            Slots({"2026-11-13T00:00", "2026-11-27T00:00"}));
}

TEST(Crontab, LeapDaysAcross2100) {
  EXPECT_EQ(slots(crontab("0 0 29 2 *"), "2095-01-01 00:00", 2),
            Slots({"2096-02-29T00:00", "2104-02-29T00:00"}));
  EXPECT_EQ(crontab("30 2 31 2 *").next(Slot{}), std::nullopt);
  EXPECT_EQ(crontab("0 0 31 4,6,9,11 *").next(Slot{}), std::nullopt);
}

TEST(Crontab, WhatIsWrongIsNamed) {
  const std::map<std::string, std::string> wrong{
      {"0 25 * * *", "hour \"25\": 0 to 23"},
      {"60 * * * *", "minute \"60\": 0 to 59"},
      {"* * 0 * *", "day of month \"0\": 1 to 31"},
      {"* * * 13 *", "month \"13\": 1 to 12 or jan to dec"},
      {"* * * * 8", "day of week \"8\": 0 to 7 or sun to sat"},
      {"* * * * fry", "day of week \"fry\""},
      {"1,,2 * * * *", "minute \"\""},
      {"5/15 * * * *", "a step needs a range, such as 5-59/15"},
      {"*/0 * * * *", "a step is a number from 1"},
      {"*/ * * * *", "a step is a number from 1"},
      {"0 22-2 * * *", "runs backwards"},
      {"-1 * * * *", "minute \"-1\""},
      {"* * * *", "has 4 fields"},
      {"", "has 0 fields"},
      {"0 0 3 * * *", "six fields"},
      {"@reboot", "is no time"},
      {"@dayly", "@daily"},
      {"cron(0 12 * * ? *)", "write it as `aws:"},
      {"0 12 L * *", "day of month \"L\""},
      {"99999999999 * * * *", "minute"},
  };
  for (const auto& [text, message] : wrong) {
    const auto parsed = parse_crontab(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << text;
    EXPECT_EQ(parsed.error().code, "E7040");
  }
}

TEST(Aws, DaysOfMonthAndWeek) {
  EXPECT_EQ(slots(aws("cron(15 10 L * ? *)"), "2027-02-01 00:00", 2),
            Slots({"2027-02-28T10:15", "2027-03-31T10:15"}));
  // 2026-08-15 is a Saturday, 2026-11-15 a Sunday, 2026-08-01 a Saturday whose Friday is in July.
  EXPECT_EQ(slots(aws("cron(0 0 15W * ? *)"), "2026-08-01 00:00", 1), Slots({"2026-08-14T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 15W * ? *)"), "2026-11-01 00:00", 1), Slots({"2026-11-16T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 1W * ? *)"), "2026-08-01 00:00", 1), Slots({"2026-08-03T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 31W 5 ? *)"), "2026-05-01 00:00", 1), Slots({"2026-05-29T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 ? * 6L *)"), "2026-11-01 00:00", 1), Slots({"2026-11-27T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 ? * TUE#2 *)"), "2026-11-01 00:00", 1),
            Slots({"2026-11-10T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 ? * L *)"), "2026-11-01 00:00", 1), Slots({"2026-11-07T00:00"}));
  EXPECT_EQ(slots(aws("cron(0 0 ? * 1 *)"), "2026-11-02 00:00", 1), Slots({"2026-11-08T00:00"}));
}

TEST(Aws, StepsBeginAtANumberAndYearsEnd) {
  EXPECT_EQ(slots(aws("cron(5/25 8 ? * MON-FRI 2026-2027)"), "2027-12-31 08:00", 5),
            Slots({"2027-12-31T08:05", "2027-12-31T08:30", "2027-12-31T08:55"}));
  EXPECT_EQ(slots(aws("cron(0 0 1 1 ? 2150)"), "2026-01-01 00:00", 3), Slots({"2150-01-01T00:00"}));
}

TEST(Aws, Rates) {
  EXPECT_EQ(std::get<Rate>(*parse_aws("rate(5 minutes)")), minutes(5));
  EXPECT_EQ(std::get<Rate>(*parse_aws("rate(1 day)")), std::chrono::days(1));
  for (const char* wrong : {"rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5)",
                            "rate(5 seconds)", "rate(-1 days)", "rate()", "rate(5 minutes"})
    EXPECT_FALSE(parse_aws(wrong)) << wrong;
}

TEST(Aws, WhatIsWrongIsNamed) {
  const std::map<std::string, std::string> wrong{
      {"cron(0 12 * * *)", "has 5 fields"},
      {"cron(0 12 * * * *)", "one of both must be ?"},
      {"cron(0 12 ? * ? *)", "one of both must be ?"},
      {"cron(0 12 1 * MON *)", "one of both must be ?"},
      {"cron(0 24 * * ? *)", "hour \"24\""},
      {"cron(0 0 ? * 0 *)", "day of week \"0\": 1 to 7"},
      {"cron(0 0 ? * MON#6 *)", "1 to 5 is allowed after #"},
      {"cron(0 0 32W * ? *)", "day of month \"32W\""},
      {"cron(0 0 ? * XL *)", "day of week \"XL\""},
      {"cron(0 0 1 1 ? 1969)", "year \"1969\": 1970 to 2199"},
      {"0 12 * * *", "neither cron(...)"},
      {"at(2026-01-01T00:00:00)", "neither cron(...)"},
  };
  for (const auto& [text, message] : wrong) {
    const auto parsed = parse_aws(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << text;
  }
}

TEST(Interval, SlotsAreMultiplesWheneverOneAsks) {
  const Recurrence five(Recurrence::OfInterval{minutes(5), {}});
  EXPECT_EQ(slots(five, "2026-11-28 10:01", 2), Slots({"2026-11-28T10:05", "2026-11-28T10:10"}));
  EXPECT_EQ(slots(five, "2026-11-28 10:05", 1), Slots({"2026-11-28T10:10"}));
  const Slot monday = at("2026-01-05 06:00");
  const Recurrence weekly(Recurrence::OfInterval{std::chrono::weeks(1), monday}, monday);
  EXPECT_EQ(slots(weekly, "2020-01-01 00:00", 2), Slots({"2026-01-05T06:00", "2026-01-12T06:00"}));
}

TEST(Zones, AreThoseOfTheDatabase) {
  EXPECT_EQ(Zone::find("Europe/Berlin")->text(at("2026-11-29 02:00")), "2026-11-29T03:00:00+01:00");
  EXPECT_EQ(Zone::find("America/St_Johns")->text(at("2026-11-29 02:00")),
            "2026-11-28T22:30:00-03:30");
  EXPECT_THAT(Zone::find("berlin").error().message, HasSubstr("did you mean \"Europe/Berlin\"?"));
  EXPECT_EQ(Zone::find("../../etc/passwd").error().code, "E7042");
  EXPECT_FALSE(Zone::find(""));
}

// What crontab(5) and the documentation of EventBridge Scheduler say of a whole year, minute by
// minute, with the C library's idea of local time.
class ByTheMinute {
 public:
  ByTheMinute(const std::string& zone, int year) {
    ::setenv("TZ", zone.c_str(), 1);
    ::tzset();
    const std::time_t end = second(year + 1);
    for (std::time_t t = second(year); t < end; t += 60) {
      std::tm local{};
      ::localtime_r(&t, &local);
      minutes_.push_back({t, ::timegm(&local) / 60, local});
    }
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }

  std::vector<std::time_t> slots(const Calendar& calendar, ClockChanges changes) const {
    std::vector<std::time_t> out;
    std::time_t newest = minutes_.front().local - 1;
    for (const Minute& minute : minutes_) {
      bool fires = matches(calendar, minute.shown);
      if (changes != ClockChanges::wildcard && minute.local <= newest) fires = false;
      if (changes == ClockChanges::fixed)
        for (std::time_t left_out = newest + 1; left_out < minute.local; ++left_out)
          fires |= matches(calendar, shown(left_out));
      newest = std::max(newest, minute.local);
      if (fires) out.push_back(minute.time);
    }
    return out;
  }

 private:
  struct Minute {
    std::time_t time, local;
    std::tm shown;
  };
  static std::time_t second(int year) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mday = 1;
    return ::timegm(&tm);
  }
  static std::tm shown(std::time_t local_minute) {
    const std::time_t t = local_minute * 60;
    std::tm tm{};
    ::gmtime_r(&t, &tm);
    return tm;
  }
  static bool matches(const Calendar& calendar, const std::tm& tm) {
    const auto bit = [](int n) { return static_cast<std::size_t>(n); };
    const bool day = calendar.month_days[bit(tm.tm_mday - 1)];
    const bool weekday = calendar.weekdays[bit(tm.tm_wday)];
    return calendar.minutes[bit(tm.tm_min)] && calendar.hours[bit(tm.tm_hour)] &&
           calendar.months[bit(tm.tm_mon)] &&
           (calendar.either_day ? day || weekday : day && weekday);
  }

  std::vector<Minute> minutes_;
};

TEST(ClockChanges, AWholeYearIsAsMinuteByMinute) {
  const std::vector<std::string> expressions{"* * * * *",          "*/7 * * * *",    "30 2 * * *",
                                             "0,30 1-3 * * *",     "0 0 * * *",      "59 23 31 * 5",
                                             "15 */2 1-7 * mon",   "30 1 * 10,11 *", "5 2 * 3 sun",
                                             "45 0,1,2,3 * 4,10 *"};
  // Lord Howe's clocks change by half an hour, Nuuk's at 23:00, St. John's by the half hour.
  for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                           "America/St_Johns", "America/Nuuk"}) {
    const ByTheMinute year(zone, 2026);
    for (const std::string& text : expressions) {
      const Crontab parsed = *parse_crontab(text);
      const auto vixie = parsed.wildcard ? ClockChanges::wildcard : ClockChanges::fixed;
      for (const auto changes : {vixie, ClockChanges::eventbridge}) {
        const Recurrence recurrence(
            Recurrence::OfCalendar{parsed.calendar, changes, *Zone::find(zone)});
        std::vector<std::time_t> found;
        const Slot end = at("2027-01-01 00:00");
        for (auto next = recurrence.next(at("2026-01-01 00:00") - seconds{1}); next && *next < end;
             next = recurrence.next(*next))
          found.push_back(next->time_since_epoch().count());
        EXPECT_EQ(found, year.slots(parsed.calendar, changes)) << zone << " " << text;
      }
    }
  }
}

TEST(ClockChanges, AsDocumented) {
  // Berlin 2026: 02:00 to 03:00 is left out on 29 March, comes twice on 25 October.
  EXPECT_EQ(slots(crontab("30 2 * * *", "Europe/Berlin"), "2026-03-28 12:00", 2),
            Slots({"2026-03-29T01:00", "2026-03-30T00:30"}));
  EXPECT_EQ(slots(crontab("30 2 * * *", "Europe/Berlin"), "2026-10-24 12:00", 2),
            Slots({"2026-10-25T00:30", "2026-10-26T01:30"}));
  EXPECT_EQ(slots(crontab("30 * * * *", "Europe/Berlin"), "2026-10-25 00:00", 2),
            Slots({"2026-10-25T00:30", "2026-10-25T01:30"}));
  EXPECT_EQ(slots(aws("cron(30 2 * * ? *)", "Europe/Berlin"), "2026-03-28 12:00", 1),
            Slots({"2026-03-30T00:30"}));
  // Samoa left out 30 December 2011: a day is no clock change.
  EXPECT_EQ(slots(crontab("0 12 * * *", "Pacific/Apia"), "2011-12-29 12:00", 2),
            Slots({"2011-12-29T22:00", "2011-12-30T22:00"}));
}

}  // namespace
}  // namespace pelton::schedule
