// What an outside program gets, what of its answers is refused, and that nothing of it is left behind.

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/base/files.h"
#include "models/external/exchange.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;
using models::external::PrivateFolder;
using models::external::write_part;
using testing::Rows;
using testing::unweighted;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Six rows of text: two of training, two of validation, two of test.
struct Door {
  std::vector<std::string> ids = {"a", "b", "c", "d", "e", "f"};
  View view{"dna", TextView{{"ACGT", "CC", "GG", "TT", "AA", "CG"}}};
  Rows train = unweighted({1, 0}, {0.25, 1});
  Rows validation = unweighted({2, 3}, {0, 1});
  std::vector<std::int64_t> test = {4, 5};
  FitControl control{.test_rows = test};

  [[nodiscard]] std::unique_ptr<Estimator> make(const std::string& script, TaskKind kind = TaskKind::kRegression,
                                                std::uint64_t seed = 0) const {
    const ModelEntry entry = testing::named_model("external").make();
    Params params(entry.params);
    params.set("command", std::vector<std::string>{"sh", "-c", script});
    return entry.estimator({params, view, kind, 1, Streams(seed), at::ScalarType::Float, ids});
  }
  std::unique_ptr<Estimator> fit(const std::string& script, TaskKind kind = TaskKind::kRegression, std::uint64_t seed = 0) const {
    auto model = make(script, kind, seed);
    model->fit(train.of(view), validation.of(view), control);
    return model;
  }
};

/// What the fit of `script` throws.
template <typename Error>
std::string why(const std::string& script, TaskKind kind = TaskKind::kRegression) {
  try {
    static_cast<void>(Door().fit(script, kind));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

const std::string kHeader = "printf 'id\\tprediction\\n' > predictions.tsv; ";
/// Every id with a number of its own, in no order of ours.
const std::string kAnswer = kHeader + "printf 'f\\t6\\nb\\t2\\na\\t1\\ne\\t5\\nd\\t4\\nc\\t-3e-1\\n' >> predictions.tsv; ";

TEST(External, AnswersAreFoundById) {
  const Door door;
  const auto model = door.fit(kAnswer + "printf '{\"made\": \"by hand\", \"rounds\": 3}' > about.json");
  const std::vector<std::int64_t> rows = {0, 5, 2};
  EXPECT_EQ(model->predict(door.view, rows), (std::vector<double>{1, 6, -0.3}));
  ASSERT_EQ(model->chosen().size(), 2u);
  EXPECT_EQ(model->chosen()[0].key, "made");
  EXPECT_EQ(std::get<std::int64_t>(model->chosen()[1].value), 3);
}

TEST(External, TheFolderHoldsLabelsOfTrainingAndValidationAlone) {
  const PrivateFolder copy;
  static_cast<void>(Door().fit(kAnswer + "cp * " + copy.path().string()));
  EXPECT_EQ(text_of(copy.path() / "train.tsv"), "id\tsequence\tlabel\tweight\na\tACGT\t1\t1\nb\tCC\t0.25\t1\n");
  EXPECT_EQ(text_of(copy.path() / "validation.tsv"), "id\tsequence\tlabel\tweight\nc\tGG\t0\t1\nd\tTT\t1\t1\n");
  EXPECT_EQ(text_of(copy.path() / "test.tsv"), "id\tsequence\ne\tAA\nf\tCG\n");
  const Json task = Json::parse(text_of(copy.path() / "task.json"));
  EXPECT_EQ(task["kind"], "regression");
  EXPECT_EQ(task["view"], (Json{{"name", "dna"}, {"form", "text"}, {"columns", {"sequence"}}}));
  EXPECT_EQ(task["rows"], (Json{{"train", 2}, {"validation", 2}, {"test", 2}}));
  EXPECT_GE(task["seed"].get<std::int64_t>(), 0);
}

TEST(External, TheSeedIsThatOfTheTrial) {
  const PrivateFolder copy;
  const auto seed_of = [&](std::uint64_t seed) {
    static_cast<void>(Door().fit(kAnswer + "echo $SEQBENCH_SEED $PYTHONHASHSEED > " + (copy.path() / "seed").string(), TaskKind::kRegression, seed));
    return text_of(copy.path() / "seed");
  };
  const std::string first = seed_of(1);
  EXPECT_EQ(first, seed_of(1));
  EXPECT_NE(first, seed_of(2));
  EXPECT_TRUE(first.ends_with(" 0\n")) << first;
}

std::string written(const View& view, std::int64_t rows) {
  const PrivateFolder folder;
  std::vector<std::string> ids;
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < rows; ++i) ids.push_back("r" + std::to_string(i)), all.push_back(i);
  write_part({folder.path() / "x.tsv", all}, view, ids, 1, [] {});
  return text_of(folder.path() / "x.tsv");
}

TEST(External, EveryViewHasAForm) {
  EXPECT_EQ(written(testing::code_view({"ACB", "B--"}, 3), 2), "id\tcodes\nr0\t0,2,1\nr1\t1\n");
  EXPECT_EQ(written(testing::dense_view({0.1f, 2, -3e-9f, 0}, 2), 2), "id\tf0\tf1\nr0\t0.1\t2\nr1\t-3e-09\t0\n");
  EXPECT_EQ(written(testing::set_view({{4, 9}, {}}, 10), 2), "id\tmembers\nr0\t4,9\nr1\t\n");
  const View bits{"bins", BitView{testing::tensor_of<std::uint8_t>({0b101001}, {1, 1}, at::kByte), 2, 3}};
  EXPECT_EQ(written(bits, 1), "id\tmembers\nr0\t0,3,5\n");
  EXPECT_THROW(written({"dna", TextView{{"A\tC"}}}, 1), InputError);
}

TEST(External, WrongAnswersSayWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"true", "predictions.tsv: the program left no such file; it printed nothing"},
      {"mkdir predictions.tsv", "is no regular file"},
      {"ln -s test.tsv predictions.tsv", "is no regular file"},
      {"printf 'id\\tscore\\n' > predictions.tsv", "expected the columns id, prediction, got 'id?score'"},
      {": > predictions.tsv", "6 of 6 ids are missing: a, b, c, d, e, ..."},
      {kHeader + "printf 'a\\t1\\nb\\t1\\nd\\t1\\ne\\t1\\nf\\t1\\n' >> predictions.tsv; echo hello", "1 of 6 ids are missing: c; its last words: hello"},
      {kAnswer + "printf 'a\\t1\\n' >> predictions.tsv", "predictions.tsv:8: id 'a' comes twice"},
      {kAnswer + "printf 'z\\t1\\n' >> predictions.tsv", "id 'z' is none of those to be predicted"},
      {kHeader + "printf 'a\\tnan\\n' >> predictions.tsv", "predictions.tsv:2: id 'a': expected a finite number, got 'nan'"},
      {kHeader + "printf 'a\\tinf\\n' >> predictions.tsv", "got 'inf'"},
      {kHeader + "printf 'a\\t1\\t2\\n' >> predictions.tsv", "expected 1 values, got 2"},
      {kHeader + "printf 'a\\n' >> predictions.tsv", "expected 1 values, got 0"},
      {"head -c 100000 /dev/zero > predictions.tsv", "100000 bytes; at most"},
      {kAnswer + "echo '[1]' > about.json", "about.json: must be an object"},
      {kAnswer + "echo '{\"a\": [1]}' > about.json", "'a' must be a text or a number"},
      {kAnswer + "echo '{' > about.json", "about.json"},
      {kAnswer + "head -c 100000 /dev/zero > about.json", "100000 bytes"}};
  for (const auto& [script, expected] : cases) {
    EXPECT_NE(why<WrongAnswer>(script).find(expected), std::string::npos) << script << "\n" << why<WrongAnswer>(script);
  }
  EXPECT_NE(why<WrongAnswer>(kAnswer, TaskKind::kBinary).find("expected a probability from 0 to 1, got 6"), std::string::npos);
}

TEST(External, AFailingProgramSaysHow) {
  EXPECT_EQ(why<std::runtime_error>("echo one; echo two >&2; exit 3"), "the program ended with exit code 3; its last words: one | two");
  EXPECT_NE(why<std::runtime_error>("kill -SEGV $$").find("ended by signal 11"), std::string::npos);
  const std::string long_words = why<std::runtime_error>("yes words | head -n 100000; echo end; exit 1");
  EXPECT_LT(long_words.size(), 1000u);
  EXPECT_TRUE(long_words.ends_with("| end")) << long_words;
  const ModelEntry entry = testing::named_model("external").make();
  const Door door;
  for (const char* word : {"no-such-program-anywhere", "./no-such-file"}) {
    Params params(entry.params);
    params.set("command", std::vector<std::string>{word});
    const auto model = entry.estimator({params, door.view, TaskKind::kRegression, 1, Streams(0), at::ScalarType::Float, door.ids});
    EXPECT_THROW(model->fit(door.train.of(door.view), door.validation.of(door.view), door.control), std::runtime_error) << word;
  }
}

/// Whether the process ends within some seconds; it may be killed but not yet reaped by its new parent.
bool ends(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    const std::string stat = text_of("/proc/" + std::to_string(pid) + "/stat");
    if (stat.empty() || stat.find(") Z ") != std::string::npos) return true;
    ::usleep(10000);
  }
  return false;
}

std::vector<pid_t> pids_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istream_iterator<pid_t>(file), {}};
}

TEST(External, AStopEndsAllThatWasStarted) {
  const PrivateFolder notes;
  const fs::path pids = notes.path() / "pids";
  const std::string start = "sleep 1000 & echo $! >> PIDS; setsid sh -c 'echo $$ >> PIDS; exec sleep 1000' & echo $$ >> PIDS; pwd > FOLDER; wait";
  std::string script = start;
  for (const auto& [word, path] : {std::pair{"PIDS", pids}, std::pair{"FOLDER", notes.path() / "folder"}}) {
    for (std::size_t at = 0; (at = script.find(word)) != std::string::npos;) script.replace(at, std::string(word).size(), path.string());
  }
  Door door;
  door.control.check_stop = [&] {
    if (pids_of(pids).size() == 3 && !text_of(notes.path() / "folder").empty()) throw Interrupted();
  };
  EXPECT_THROW(door.fit(script), Interrupted);
  ASSERT_EQ(pids_of(pids).size(), 3u);
  for (const pid_t pid : pids_of(pids)) EXPECT_TRUE(ends(pid)) << pid;
  std::string folder = text_of(notes.path() / "folder");
  folder.pop_back();
  EXPECT_FALSE(fs::exists(folder)) << folder;
}

TEST(External, WhatAProgramLeavesRunningEndsWithIt) {
  const PrivateFolder notes;
  const fs::path pids = notes.path() / "pids";
  static_cast<void>(Door().fit(kAnswer + "setsid sleep 1000 & echo $! > " + pids.string()));
  ASSERT_EQ(pids_of(pids).size(), 1u);
  EXPECT_TRUE(ends(pids_of(pids)[0]));
}

}  // namespace
}  // namespace seqbench
