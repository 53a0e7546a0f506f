#include "harness/base/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "harness/base/error.h"
#include "harness/base/sha256.h"

namespace seqbench {
namespace {

std::string refusal(std::string_view text) {
  try {
    static_cast<void>(parse_json(text, "config"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(CanonicalJson, CheckString) {
  const std::string text = canonical_json({{"b", {1e-4, 0.1, true}}, {"a", 1}});
  EXPECT_EQ(text, R"({"a":1,"b":[1e-04,1e-01,true]})");
  EXPECT_EQ(sha256_hex(text).substr(0, 32), "df27eef9416cce2a3ed2d70b849da2ad");
}

TEST(CanonicalJson, Numbers) {
  EXPECT_EQ(canonical_json(1), "1");
  EXPECT_EQ(canonical_json(1.0), "1e+00");
  EXPECT_EQ(canonical_json(-0.0), "0e+00");
  EXPECT_EQ(canonical_json(0.0), "0e+00");
  EXPECT_EQ(canonical_json(0.1 + 0.2), "3.0000000000000004e-01");
  EXPECT_EQ(canonical_json(-1.5e300), "-1.5e+300");
  EXPECT_EQ(canonical_json(5e-324), "5e-324");
  EXPECT_EQ(canonical_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(canonical_json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(CanonicalJson, TextAndStructure) {
  EXPECT_EQ(canonical_json(nullptr), "null");
  EXPECT_EQ(canonical_json(Json::object()), "{}");
  EXPECT_EQ(canonical_json(Json::array()), "[]");
  EXPECT_EQ(canonical_json("a\"\\\n\x01é"), "\"a\\\"\\\\\\n\\u0001é\"");
  EXPECT_EQ(canonical_json({{"\n", Json::array({Json::object(), Json::array()})}}), R"({"\n":[{},[]]})");
}

TEST(CanonicalJson, KeysAreSortedByBytesWhateverTheirOrder) {
  std::vector<std::string> keys = {"B", "a", "a.b", "a_b", "aa", "é", "z"};  // ascending bytes but for the last two
  std::swap(keys[5], keys[6]);
  Json forward = Json::object(), backward = Json::object();
  for (std::size_t i = 0; i < keys.size(); ++i) forward[keys[i]] = i;
  for (std::size_t i = keys.size(); i-- > 0;) backward[keys[i]] = i;
  EXPECT_EQ(canonical_json(forward), canonical_json(backward));
  EXPECT_EQ(canonical_json(forward), R"({"B":0,"a":1,"a.b":2,"a_b":3,"aa":4,"z":5,"é":6})");
}

TEST(CanonicalJson, ReadsBackAsTheSameText) {
  const std::string text = R"({"a":[1,-2,3e+00,1e-300,null,false,"\u0000 x"],"b":{"c":{}}})";
  EXPECT_EQ(canonical_json(parse_json(text, "text")), text);
}

TEST(CanonicalJsonDeathTest, RefusesWhatHasNoCanonicalText) {
  EXPECT_DEATH(static_cast<void>(canonical_json(std::numeric_limits<double>::quiet_NaN())), "finite numbers only");
  EXPECT_DEATH(static_cast<void>(canonical_json({{"a", std::numeric_limits<double>::infinity()}})), "finite numbers");
  EXPECT_DEATH(static_cast<void>(canonical_json("\xff")), "UTF-8 only");
}

TEST(ParseJson, KeepsIntegersAndFloatsApart) {
  const Json json = parse_json(R"({"i": 1, "f": 1.0, "t": [true, null]})", "config");
  EXPECT_TRUE(json["i"].is_number_integer());
  EXPECT_TRUE(json["f"].is_number_float());
  EXPECT_EQ(json["t"], Json({true, nullptr}));
}

TEST(ParseJson, NamesTheSourceAndTheByte) {
  EXPECT_TRUE(refusal(R"({"a": 1,})").starts_with("config: byte 9: ")) << refusal(R"({"a": 1,})");
  EXPECT_TRUE(refusal("").starts_with("config: byte 1: "));
  EXPECT_TRUE(refusal("[1] 2").starts_with("config: byte 5: ")) << refusal("[1] 2");
}

TEST(ParseJson, IsStrict) {
  for (const char* text : {"{'a': 1}", "[1,]", "// c\n1", "NaN", "Infinity", "01", "+1", "1e999", "\"\xff\"", "\"\n\"",
                           "\"\\ud800\"", "[1", "nul", "{\"a\" 1}"}) {
    EXPECT_TRUE(refusal(text).starts_with("config: ")) << text << " -> " << refusal(text);
  }
}

TEST(ParseJson, MessagesHoldNoControlBytes) {
  const std::string text = refusal("\"\xff\x1b[2J");
  for (const char byte : text) EXPECT_GE(static_cast<unsigned char>(byte), 0x20) << text;
}

TEST(ParseJson, RefusesAKeyGivenTwiceInOneObjectOnly) {
  EXPECT_EQ(refusal(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]})"), "(accepted)");
  EXPECT_EQ(refusal(R"({"x": {"a": 1, "b": 2, "a": 3}})"), "config: key 'a' is given twice");
}

TEST(ParseJson, DepthIsBounded) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(refusal(nested(64)), "(accepted)");
  EXPECT_EQ(refusal(nested(65)), "config: nested more than 64 deep");
  EXPECT_EQ(refusal(std::string(10'000'000, '[')), "config: nested more than 64 deep");
  EXPECT_EQ(refusal("[" + nested(63) + "," + nested(63) + "]"), "(accepted)");
}

TEST(JsonNumber, SpellsOutWhatJsonLacks) {
  EXPECT_EQ(json_number(0.5), Json(0.5));
  EXPECT_TRUE(json_number(2).is_number_float());
  EXPECT_EQ(json_number(std::numeric_limits<double>::quiet_NaN()), Json("nan"));
  EXPECT_EQ(json_number(std::numeric_limits<double>::infinity()), Json("inf"));
  EXPECT_EQ(json_number(-std::numeric_limits<double>::infinity()), Json("-inf"));
}

TEST(ParseJson, BoundsTheNumberOfValues) {
  const char* text = R"({"a":[1,{}],"b":null})";  // object, 2 keys, array, 1, object, null
  EXPECT_EQ(parse_json(text, "f", 7).size(), 2u);
  try {
    static_cast<void>(parse_json(text, "f", 6));
    FAIL() << "read";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "f: more than 6 values");
  }
}

}  // namespace
}  // namespace seqbench
