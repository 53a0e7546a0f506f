// Finding declarations, and what a declared task is by content.
#include "harness/table/declared.h"

#include "tests/unit/table/support.h"

namespace seqbench {
namespace {

using test::Declared;

constexpr const char* kColumns = "[columns]\nid = \"id\"\nfeatures = [\"x\"]\nlabel = \"y\"\n";
constexpr const char* kRows = "id,x,y\na,1,2\nb,2,3\n";

TEST(DeclaredTasks, AreFoundByTheirFilesNames) {
  const Declared declared;
  declared.declare(kColumns);
  declared.write("notes.txt", "not a declaration");
  const Tables tables = declared.tables();
  ASSERT_EQ(tables.tasks().size(), 1u);
  EXPECT_EQ(tables.tasks()[0].name, "mine");
  EXPECT_TRUE(tables.tasks()[0].has_real);
  EXPECT_FALSE(tables.tasks()[0].has_twin);
  EXPECT_EQ(tables.catalog().task("mine")->views.at(0).name, "features");
  Tables none({}, {});
  table::add_declared(none, {declared.folder() / "absent"});
  EXPECT_TRUE(none.tasks().empty());
}

TEST(DeclaredTasks, ABrokenOneStopsOnlyThoseWhoAskForIt) {
  const Declared declared;
  declared.declare(kColumns);
  declared.write("other.toml", "schema = 1\nkidn = \"table\"\n");
  const Tables tables = declared.tables();
  EXPECT_EQ(tables.task("mine").name, "mine");
  EXPECT_EQ(tables.tasks().size(), 1u);
  try {
    static_cast<void>(tables.task("other"));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("other.toml:2:1: error: unknown key 'kidn'; nearest: 'kind'"), std::string::npos) << error.what();
  }
}

TEST(DeclaredTasks, OneNameIsDeclaredOnce) {
  const Declared here, there;
  here.declare(kColumns);
  there.declare(kColumns);
  Tables tables({}, {});
  table::add_declared(tables, {here.folder(), there.folder(), here.folder()});
  EXPECT_TRUE(tables.tasks().empty());
  EXPECT_NE(tables.broken().at("mine").find("both declare it"), std::string::npos);
  Tables clash = here.tables();
  table::add_declared(clash, {there.folder()});
  EXPECT_THROW(static_cast<void>(clash.task("mine")), InputError);
}

TEST(DeclaredTasks, TheFingerprintIsTheMeaningAndTheBytes) {
  const Declared one, other;
  one.declare(kColumns);
  one.write("mine.csv", kRows);
  const std::string print = one.task().fingerprint();
  other.declare(std::string("title = \"another\"\nlicence = \"CC0\"\n") + kColumns, "regression", "moved.csv");
  other.write("moved.csv", kRows);
  EXPECT_EQ(other.task().fingerprint(), print);
  other.write("moved.csv", "id,x,y\na,1,2\nb,2,4\n");
  EXPECT_NE(other.task().fingerprint(), print);
  one.declare("[columns]\nid = \"id\"\nfeatures = [\"y\"]\nlabel = \"x\"\n");
  EXPECT_NE(one.task().fingerprint(), print);
}

TEST(DeclaredTasks, AStatedHashIsHeld) {
  const Declared declared;
  declared.write("mine.csv", kRows);
  declared.declare("sha256 = \"" + std::string(64, '0') + "\"\n" + kColumns);
  EXPECT_THROW(static_cast<void>(declared.task().fingerprint()), InputError);
}

TEST(DeclaredTasks, AnAbsentFileIsNamed) {
  const Declared declared;
  declared.declare(kColumns);
  EXPECT_NE(declared.refusal().find("mine.csv"), std::string::npos);
  EXPECT_THROW(static_cast<void>(declared.task().fingerprint()), InputError);
}

}  // namespace
}  // namespace seqbench
