#include "harness/base/params.h"

#include <gtest/gtest.h>

#include <limits>

#include "harness/base/error.h"

namespace seqbench {
namespace {

using Strings = std::vector<std::string>;

const ParamSpec kBatch{.name = "batch", .fallback = std::int64_t{32}, .help = "rows a step", .low = 1, .high = 65536};
const ParamSpec kRate{.name = "rate", .fallback = 1e-3, .low = 0, .high = 1};
const ParamSpec kOptimizer{.name = "optimizer", .fallback = "adamw", .choices = {"adam", "adamw", "sgd"}};
const ParamSpec kSave{.name = "save", .fallback = Strings{"test"}, .choices = {"train", "test"}};

/// The refusal's text, or the canonical text of the accepted value.
std::string checked(const ParamSpec& spec, const Json& json) {
  const auto result = check_param(spec, json);
  if (const auto* why = std::get_if<std::string>(&result)) return *why;
  Params params;
  params.set("value", std::get<ParamValue>(result));
  return canonical_json(params.to_json().at("value"));
}

ParamSpec plain(ParamValue fallback) { return {.name = "x", .fallback = std::move(fallback)}; }

TEST(ParamSpec, TypeIsThatOfTheDefault) {
  EXPECT_EQ(type_of(plain(true)), ParamType::kBool);
  EXPECT_EQ(type_of(plain(std::int64_t{1})), ParamType::kInt);
  EXPECT_EQ(type_of(plain(1.0)), ParamType::kFloat);
  EXPECT_EQ(type_of(plain("a")), ParamType::kString);
  EXPECT_EQ(type_of(plain(std::vector<std::int64_t>{})), ParamType::kInts);
  EXPECT_EQ(type_of(plain(std::vector<double>{})), ParamType::kFloats);
  EXPECT_EQ(type_of(plain(Strings{})), ParamType::kStrings);
}

TEST(DescribeExpected, EveryTypeAndRange) {
  EXPECT_EQ(describe_expected(plain(true)), "true or false");
  EXPECT_EQ(describe_expected(plain(std::int64_t{1})), "an integer");
  EXPECT_EQ(describe_expected(kBatch), "an integer from 1 to 65536");
  EXPECT_EQ(describe_expected({.name = "n", .fallback = std::int64_t{0}, .low = 0}),
            "an integer of at least 0");
  EXPECT_EQ(describe_expected({.name = "n", .fallback = std::int64_t{0}, .high = -1}),
            "an integer of at most -1");
  EXPECT_EQ(describe_expected({.name = "seed", .fallback = std::int64_t{0}, .low = 0, .high = 0x1p63}),
            "an integer from 0 to 9223372036854775807");
  EXPECT_EQ(describe_expected(plain(1.0)), "a number");
  EXPECT_EQ(describe_expected(kRate), "a number from 0 to 1");
  EXPECT_EQ(describe_expected({.name = "x", .fallback = 0.0, .low = 0.5}), "a number of at least 0.5");
  EXPECT_EQ(describe_expected({.name = "x", .fallback = 0.0, .high = 0.9}), "a number of at most 0.9");
  EXPECT_EQ(describe_expected(plain("a")), "a string");
  EXPECT_EQ(describe_expected(kOptimizer), "one of adam, adamw, sgd");
  EXPECT_EQ(describe_expected(plain(std::vector<std::int64_t>{})), "a list of integers");
  EXPECT_EQ(describe_expected(plain(std::vector<double>{})), "a list of numbers");
  EXPECT_EQ(describe_expected(plain(Strings{})), "a list of strings");
  EXPECT_EQ(describe_expected(kSave), "a list out of train, test");
}

TEST(CheckParam, Integers) {
  EXPECT_EQ(checked(kBatch, 1), "1");
  EXPECT_EQ(checked(kBatch, 65536), "65536");
  EXPECT_EQ(checked(kBatch, 0), "must be an integer from 1 to 65536, got 0");
  EXPECT_EQ(checked(kBatch, 65537u), "must be an integer from 1 to 65536, got 65537");
  EXPECT_EQ(checked(kBatch, "32"), "must be an integer from 1 to 65536, got the string \"32\"");
  EXPECT_EQ(checked(kBatch, 32.0), "must be an integer from 1 to 65536, got 32.0");
  EXPECT_EQ(checked(kBatch, 1.5), "must be an integer from 1 to 65536, got 1.5");
  EXPECT_EQ(checked(kBatch, true), "must be an integer from 1 to 65536, got true");
  EXPECT_EQ(checked(kBatch, nullptr), "must be an integer from 1 to 65536, got nothing");
  EXPECT_EQ(checked(plain(std::int64_t{0}), std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(checked(plain(std::int64_t{0}), std::uint64_t{1} << 63), "must be an integer, got 9223372036854775808");
}

TEST(CheckParam, NumbersTakeIntegersButNothingInfinite) {
  EXPECT_EQ(checked(kRate, 0.5), "5e-01");
  EXPECT_EQ(checked(kRate, 1), "1e+00");
  EXPECT_EQ(checked(kRate, 2), "must be a number from 0 to 1, got 2");
  EXPECT_EQ(checked(kRate, -0.25), "must be a number from 0 to 1, got -0.25");
  EXPECT_EQ(checked(kRate, "0.5"), "must be a number from 0 to 1, got the string \"0.5\"");
  EXPECT_EQ(checked(plain(0.0), std::numeric_limits<double>::quiet_NaN()), "must be a number, got nan");
  EXPECT_EQ(checked(plain(0.0), -std::numeric_limits<double>::infinity()), "must be a number, got -inf");
  EXPECT_EQ(checked(plain(0.0), false), "must be a number, got false");
}

TEST(CheckParam, BooleansAndStrings) {
  EXPECT_EQ(checked(plain(false), true), "true");
  EXPECT_EQ(checked(plain(false), 1), "must be true or false, got 1");
  EXPECT_EQ(checked(plain("a"), "anything"), "\"anything\"");
  EXPECT_EQ(checked(plain("a"), 1), "must be a string, got 1");
  EXPECT_EQ(checked(kOptimizer, "sgd"), "\"sgd\"");
  EXPECT_EQ(checked(kOptimizer, "SGD"), "must be one of adam, adamw, sgd, got the string \"SGD\"");
  EXPECT_EQ(checked(kOptimizer, Json::object()), "must be one of adam, adamw, sgd, got a table");
}

TEST(CheckParam, Lists) {
  const ParamSpec ints = plain(std::vector<std::int64_t>{}), numbers = plain(std::vector<double>{});
  EXPECT_EQ(checked(ints, {1, 2}), "[1,2]");
  EXPECT_EQ(checked(ints, Json::array()), "[]");
  EXPECT_EQ(checked(ints, {1, 2.5}), "must be a list of integers, got 2.5 as item 2");
  EXPECT_EQ(checked(ints, 1), "must be a list of integers, got 1");
  EXPECT_EQ(checked(numbers, {1, 0.5}), "[1e+00,5e-01]");
  EXPECT_EQ(checked(numbers, {"a"}), "must be a list of numbers, got the string \"a\" as item 1");
  EXPECT_EQ(checked(kSave, {"train", "test"}), R"(["train","test"])");
  EXPECT_EQ(checked(kSave, {"test", "tset"}), "must be a list out of train, test, got the string \"tset\" as item 2");
  EXPECT_EQ(checked(plain("a"), Json::array({1})), "must be a string, got a list");
  EXPECT_EQ(checked(plain("a"), Json::array()), "must be a string, got an empty list");
}

TEST(CheckParam, RefusalsAreSafeToPrint) {
  EXPECT_EQ(checked(kBatch, "\x1b[31m\n"), "must be an integer from 1 to 65536, got the string \"?[31m?\"");
  EXPECT_LT(checked(kBatch, std::string(10000, 'x')).size(), 200u);
}

const std::vector<ParamSpec> kSpecs = {
    kBatch,
    kRate,
    kOptimizer,
    kSave,
    {.name = "early_stop.patience", .fallback = std::int64_t{0}},
    {.name = "verbose", .fallback = false, .in_key = false},
    {.name = "betas", .fallback = std::vector<double>{0.9, 0.999}},
    {.name = "layers", .fallback = std::vector<std::int64_t>{8, 4}}};

TEST(Params, HoldTheDefaultsUntilSet) {
  Params params(kSpecs);
  EXPECT_EQ(params.integer("batch"), 32);
  EXPECT_EQ(params.number("rate"), 1e-3);
  EXPECT_EQ(params.text("optimizer"), "adamw");
  EXPECT_EQ(params.texts("save"), Strings{"test"});
  EXPECT_FALSE(params.flag("verbose"));
  EXPECT_EQ(params.numbers("betas"), (std::vector<double>{0.9, 0.999}));
  EXPECT_EQ(params.integers("layers"), (std::vector<std::int64_t>{8, 4}));
  EXPECT_TRUE(params.has("early_stop.patience"));
  EXPECT_FALSE(params.has("early_stop"));
  params.set("batch", std::int64_t{64});
  EXPECT_EQ(params.integer("batch"), 64);
  EXPECT_NE(params, Params(kSpecs));
}

TEST(ParamsDeathTest, MisreadingIsAnAssertion) {
  const Params params(kSpecs);
  EXPECT_DEATH(static_cast<void>(params.integer("bach")), "'bach' is not declared");
  EXPECT_DEATH(static_cast<void>(params.number("batch")), "'batch' is declared as another type");
  EXPECT_DEATH(static_cast<void>(params.text("save")), "'save' is declared as another type");
  EXPECT_DEATH(Params({kBatch, kBatch}), "'batch' is declared twice");
  EXPECT_DEATH(static_cast<void>(Params({kBatch}).to_key_json({kRate})), "'rate' is not declared");
}

TEST(Params, JsonIsFlatAndKeepsFloatsFloats) {
  Params params({kBatch, kRate, {.name = "early_stop.patience", .fallback = std::int64_t{3}}});
  params.set("rate", 1.0);
  EXPECT_EQ(canonical_json(params.to_json()), R"({"batch":32,"early_stop.patience":3,"rate":1e+00})");
}

TEST(Params, KeyJsonLeavesOutWhatIsNotInTheKey) {
  const Json json = Params(kSpecs).to_key_json(kSpecs);
  EXPECT_FALSE(json.contains("verbose"));
  EXPECT_EQ(json.size(), kSpecs.size() - 1);
  EXPECT_EQ(Params(kSpecs).to_key_json({kBatch}), Json({{"batch", 32}}));
}

TEST(Params, EqualValuesGiveEqualKeysHoweverWritten) {
  const Params whole = Params::from_json(kSpecs, {{"rate", 1}});
  const Params decimal = Params::from_json(kSpecs, {{"rate", 1.0}});
  EXPECT_EQ(canonical_json(whole.to_key_json(kSpecs)), canonical_json(decimal.to_key_json(kSpecs)));
}

TEST(Params, RoundTripThroughJsonText) {
  Params params(kSpecs);
  params.set("rate", 0.1);
  params.set("layers", std::vector<std::int64_t>{});
  params.set("save", Strings{"train", "test"});
  EXPECT_EQ(Params::from_json(kSpecs, parse_json(params.to_json().dump(), "text")), params);
}

std::string from_json_error(const Json& json) {
  try {
    static_cast<void>(Params::from_json(kSpecs, json));
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(Params, FromJsonNamesTheKey) {
  EXPECT_EQ(from_json_error({{"batch", 0}}), "'batch' must be an integer from 1 to 65536, got 0");
  EXPECT_EQ(from_json_error({{"bacth", 1}}), "unknown key 'bacth'; nearest: 'batch'");
  EXPECT_EQ(from_json_error({{"something_else", 1}}), "unknown key 'something_else'");
  EXPECT_EQ(from_json_error(3), "parameters must be an object, got 3");
  EXPECT_EQ(Params::from_json(kSpecs, Json::object()), Params(kSpecs));
}

}  // namespace
}  // namespace seqbench
