#include "harness/base/environment.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "harness/base/error.h"

namespace seqbench {
namespace {

Environment example() {
  return {.program = "0.1.0",
          .git_commit = "0123456789abcdef0123456789abcdef01234567",
          .git_dirty = true,
          .preset = "bench",
          .compiler = "GNU 12.2.0",
          .torch = "2.13.0",
          .cpu = "Some CPU",
          .cpu_capability = "AVX2",
          .threads = 2,
          .device = "cpu",
          .driver = "",
          .deterministic = true,
          .details = {{"cores", 8}, {"memory_gib", 31}, {"kernel", "Linux"}}};
}

using Change = std::function<void(Environment&)>;

Environment changed(const Change& change) {
  Environment environment = example();
  change(environment);
  return environment;
}

// Computed with Python's json and hashlib: stored classes must not move between versions of the program.
TEST(Environment, ClassesOfAnExample) {
  EXPECT_EQ(example().numerics_class(), "f8962924a8b5a1eb");
  EXPECT_EQ(example().machine_class(), "ce72602dbb5756d9");
}

const std::vector<std::pair<const char*, Change>> kNumerics = {
    {"torch", [](Environment& e) { e.torch = "2.14.0"; }},
    {"cpu_capability", [](Environment& e) { e.cpu_capability = "AVX512"; }},
    {"threads", [](Environment& e) { e.threads = 1; }},
    {"deterministic", [](Environment& e) { e.deterministic = false; }}};
const std::vector<std::pair<const char*, Change>> kMachine = {
    {"cpu", [](Environment& e) { e.cpu = "Other CPU"; }},
    {"cores", [](Environment& e) { e.details["cores"] = 4; }},
    {"memory_gib", [](Environment& e) { e.details["memory_gib"] = 63; }}};
const std::vector<std::pair<const char*, Change>> kNeither = {
    {"program", [](Environment& e) { e.program = "0.2.0"; }},
    {"git_commit", [](Environment& e) { e.git_commit = "unknown"; }},
    {"git_dirty", [](Environment& e) { e.git_dirty = false; }},
    {"preset", [](Environment& e) { e.preset = "dev"; }},
    {"compiler", [](Environment& e) { e.compiler = "Clang 19"; }},
    {"driver", [](Environment& e) { e.driver = "550"; }},
    {"kernel", [](Environment& e) { e.details["kernel"] = "Linux 6"; }}};
const Change kDevice = [](Environment& e) { e.device = "cuda:0 Some GPU"; };

TEST(Environment, NumericsClassIsOfWhatBitsDependOn) {
  const std::string before = example().numerics_class();
  for (const auto& [name, change] : kNumerics) EXPECT_NE(changed(change).numerics_class(), before) << name;
  for (const auto& [name, change] : kMachine) EXPECT_EQ(changed(change).numerics_class(), before) << name;
  for (const auto& [name, change] : kNeither) EXPECT_EQ(changed(change).numerics_class(), before) << name;
  EXPECT_NE(changed(kDevice).numerics_class(), before);
}

TEST(Environment, MachineClassIsOfWhatTimesDependOn) {
  const std::string before = example().machine_class();
  for (const auto& [name, change] : kMachine) EXPECT_NE(changed(change).machine_class(), before) << name;
  for (const auto& [name, change] : kNumerics) EXPECT_EQ(changed(change).machine_class(), before) << name;
  for (const auto& [name, change] : kNeither) EXPECT_EQ(changed(change).machine_class(), before) << name;
  EXPECT_NE(changed(kDevice).machine_class(), before);
  EXPECT_EQ(Environment{}.machine_class().size(), 16u);  // without details
}

TEST(Environment, HashIsOverEveryField) {
  std::set<std::string> hashes = {example().sha256(), changed(kDevice).sha256()};
  std::size_t expected = 2;
  for (const auto& changes : {kNumerics, kMachine, kNeither}) {
    for (const auto& [name, change] : changes) hashes.insert(changed(change).sha256());
    expected += changes.size();
  }
  EXPECT_EQ(hashes.size(), expected);
  EXPECT_EQ(example().sha256(), example().sha256());
}

TEST(Environment, RoundTripsThroughJsonText) {
  const Environment environment = changed(kDevice);
  const Environment again = Environment::from_json(parse_json(environment.to_json().dump(), "environment"));
  EXPECT_EQ(again.to_json(), environment.to_json());
  EXPECT_EQ(again.sha256(), environment.sha256());
}

TEST(Environment, FromJsonRefusesMissingAndMistypedFields) {
  const Json whole = example().to_json();
  EXPECT_EQ(whole.size(), 13u);
  for (const auto& [name, value] : whole.items()) {
    Json missing = whole, mistyped = whole;
    missing.erase(name);
    mistyped[name] = value.is_string() ? Json(1) : Json("x");
    EXPECT_THROW(static_cast<void>(Environment::from_json(missing)), InputError) << name;
    EXPECT_THROW(static_cast<void>(Environment::from_json(mistyped)), InputError) << name;
  }
  EXPECT_THROW(static_cast<void>(Environment::from_json(Json::array())), InputError);
}

}  // namespace
}  // namespace seqbench
