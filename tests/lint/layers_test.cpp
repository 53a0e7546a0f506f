// Who may include whom: the only place where the graph of rooms is written down for a machine.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/lint/source_files.h"

namespace seqbench::lint {
namespace {

const std::vector<std::string> kNone;

using Rooms = std::set<std::string>;

const std::map<std::string, Rooms> kMayInclude = {
    {"harness/base", {}},
    {"harness/spec", {"harness/base"}},
    {"harness/data", {"harness/base"}},
    {"harness/store", {"harness/base"}},
    {"harness/measure", {"harness/base"}},
    {"harness/analyze", {"harness/base"}},
    {"harness/contract", {"harness/base"}},
    {"harness/tensors", {"harness/base", "harness/contract"}},
    {"harness/table", {"harness/base", "harness/contract", "harness/spec", "harness/data"}},
    {"harness/train", {"harness/base", "harness/contract", "harness/tensors", "harness/analyze"}},
    {"harness/audit", {"harness/base", "harness/contract", "harness/data", "harness/analyze"}},
    {"harness/run",
     {"harness/base", "harness/contract", "harness/spec", "harness/data", "harness/store", "harness/measure",
      "harness/analyze", "harness/tensors", "harness/train", "harness/audit"}},
    {"harness/cli",
     {"harness/base", "harness/contract", "harness/spec", "harness/data", "harness/store", "harness/measure",
      "harness/analyze", "harness/tensors", "harness/audit", "harness/run", "harness/table", "reports"}},
    {"tasks", {"harness/base", "harness/contract", "harness/data", "harness/analyze"}},
    {"models", {"harness/base", "harness/contract", "harness/tensors"}},
    {"reports", {"harness/base", "harness/store", "harness/analyze"}},
};
/// What several entries share; any other folder of tasks/ and models/ belongs to one entry.
const Rooms kShared = {"tasks/data", "models/blocks", "models/tokenizers", "models/weights", "models/pretrained"};
/// Rooms that may see LibTorch at all.
const Rooms kTorch = {"harness/contract", "harness/tensors", "harness/table", "harness/train", "harness/audit",
                      "harness/run",      "harness/cli",     "tasks",         "models"};
/// Libraries that stay inside one room.
const std::map<std::string, std::string> kPrivate = {{"toml++/", "harness/spec"},
                                                     {"SQLiteCpp/", "harness/store"},
                                                     {"htslib/", "harness/data"},
                                                     {"curl/", "harness/data"},
                                                     {"ctemplate/", "reports"}};

struct Include {
  bool quoted;
  std::string path;
};

/// Text that a program writes is no code of its own.
std::string without_raw_strings(std::string text) {
  for (std::size_t begin = text.find("R\""); begin != std::string::npos; begin = text.find("R\"", begin)) {
    const std::size_t open = text.find('(', begin);
    const std::string close = ")" + text.substr(begin + 2, open - begin - 2) + "\"";
    const std::size_t end = open == std::string::npos ? open : text.find(close, open);
    text.erase(begin, end == std::string::npos ? end : end + close.size() - begin);
  }
  return text;
}

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
  std::vector<Include> found;
  for (const std::string& line : lines_of(without_raw_strings(text))) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) found.push_back({match[1] == "\"", match[2]});
  }
  return found;
}

/// The first `parts` parts of a path's folders: "tasks/gfp/gfp.cpp" -> "tasks", "tasks/gfp".
std::string folder_of(const std::string& path, int parts) {
  std::size_t end = 0;
  for (int i = 0; i < parts; ++i) {
    const std::size_t slash = path.find('/', end == 0 ? 0 : end + 1);
    if (slash == std::string::npos) break;
    end = slash;
  }
  return path.substr(0, end);
}

std::string room_of(const std::string& path) { return folder_of(path, path.starts_with("harness/") ? 2 : 1); }

/// "tasks/gfp" for tasks/gfp/x.cpp and tasks/gfp.cpp alike.
std::string entry_of(const std::string& path) {
  const std::string folder = folder_of(path, 2);
  return folder == room_of(path) ? path.substr(0, path.find('.')) : folder;
}

std::string fault_of_ours(const std::string& file, const std::string& path) {
  const std::string from = room_of(file), to = room_of(path);
  if (to == "tests") return from == "tests" ? "" : "nothing includes tests";
  if (!kMayInclude.contains(to)) return "names no room";
  if (from == "tests") return "";
  if (from != to) return kMayInclude.at(from).contains(to) ? "" : from + " may not include " + to;
  const bool entries = from == "tasks" || from == "models";
  if (entries && entry_of(file) != entry_of(path) && !kShared.contains(entry_of(path))) {
    return "one entry may not include another";
  }
  return "";
}

std::string fault_of_other(const std::string& file, const std::string& path) {
  const std::string from = room_of(file);
  if (kMayInclude.contains(room_of(path))) return "ours go in quotes";
  if (path == "torch/torch.h") return "banned: name the single headers";
  if (from == "tests") return "";
  const bool c10 = path.starts_with("c10/");  // small headers
  const bool torch = path.starts_with("torch/") || path.starts_with("ATen/") || c10;
  if (torch && !kTorch.contains(from)) return from + " knows no LibTorch";
  const bool heavy_header = file.ends_with(".h") && from != "models" && path != "ATen/core/Tensor.h";
  if (torch && !c10 && heavy_header) return "a header may include <ATen/core/Tensor.h> alone of LibTorch";
  for (const auto& [prefix, owner] : kPrivate) {
    if (path.starts_with(prefix) && from != owner) return "only " + owner + " may include it";
  }
  return "";
}

std::vector<std::string> layer_faults(const SourceFile& file) {
  std::vector<std::string> faults;
  for (const Include& include : includes_of(file.text)) {
    const std::string fault =
        include.quoted ? fault_of_ours(file.path, include.path) : fault_of_other(file.path, include.path);
    if (!fault.empty()) faults.push_back(file.path + ": " + include.path + ": " + fault);
  }
  return faults;
}

TEST(Layers, EveryIncludeFollowsTheGraph) {
  int checked = 0;
  for (const SourceFile& file : source_files()) {
    if (!is_cpp(file.path) || file.path.starts_with("cmake/")) continue;
    ++checked;
    EXPECT_TRUE(file.path.starts_with("tests/") || kMayInclude.contains(room_of(file.path)))
        << file.path << ": the room is not in kMayInclude";
    EXPECT_EQ(layer_faults(file), kNone);
  }
  EXPECT_GT(checked, 50);
}

TEST(Layers, AHeaderIsIncludedFirstByItsOwnSource) {
  std::set<std::string> headers;
  const std::vector<SourceFile> files = source_files();
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".h")) continue;
    headers.insert(file.path);
    EXPECT_TRUE(file.text.starts_with("#pragma once\n")) << file.path;
  }
  for (const SourceFile& file : files) {
    if (!file.path.ends_with(".cpp")) continue;
    const std::string own = file.path.substr(0, file.path.size() - 4) + ".h";
    const std::vector<Include> includes = includes_of(file.text);
    if (headers.contains(own) && !includes.empty()) {
      EXPECT_EQ(includes.front().path, own) << file.path;
    }
  }
}

TEST(Layers, OnlyMainSeesTheTables) {
  for (const SourceFile& file : source_files()) {
    const bool allowed = file.path == "harness/cli/main.cpp" || file.path == "harness/contract/task.h" ||
                         file.path == "harness/contract/model.h" || file.path.starts_with("tests/");
    if (!is_cpp(file.path) || allowed) continue;
    const std::string code = without_raw_strings(file.text);
    EXPECT_FALSE(code.find("tasks_table(") != std::string::npos) << file.path;
    EXPECT_FALSE(code.find("models_table(") != std::string::npos) << file.path;
  }
}

struct Planted {
  const char* file;
  const char* text;
  const char* fault;  // "" = none
};

class PlantedInclude : public testing::TestWithParam<Planted> {};

TEST_P(PlantedInclude, IsJudged) {
  const auto faults = layer_faults({GetParam().file, std::string(GetParam().text) + "\n"});
  if (std::string(GetParam().fault).empty()) {
    EXPECT_EQ(faults, kNone);
  } else {
    ASSERT_EQ(faults.size(), 1u);
    EXPECT_NE(faults[0].find(GetParam().fault), std::string::npos) << faults[0];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layers, PlantedInclude,
    testing::Values(
        Planted{"harness/base/a.cpp", "#include \"harness/store/a.h\"", "harness/base may not include harness/store"},
        Planted{"harness/run/a.cpp", "#include \"tasks/gfp/twin.h\"", "harness/run may not include tasks"},
        Planted{"harness/run/a.cpp", "#include \"harness/cli/cli.h\"", "harness/run may not include harness/cli"},
        Planted{"harness/cli/a.cpp", "#include \"harness/train/fit.h\"", "may not include harness/train"},
        Planted{"harness/cli/a.cpp", "#include \"reports/render.h\"", ""},
        Planted{"models/gru.cpp", "#include \"tasks/gfp/twin.h\"", "models may not include tasks"},
        Planted{"models/gru.cpp", "#include \"models/gru/cells.h\"", ""},
        Planted{"models/gru/gru.cpp", "#include \"models/bert/bert.h\"", "one entry may not include another"},
        Planted{"models/gru/gru.cpp", "#include \"models/blocks/attention.h\"", ""},
        Planted{"tasks/gfp/gfp.cpp", "#include \"tasks/promoter/twin.h\"", "one entry may not include another"},
        Planted{"tasks/gfp/gfp.cpp", "  #  include \"twin.h\"", "names no room"},
        Planted{"tasks/gfp/gfp.cpp", "#include <harness/base/error.h>", "ours go in quotes"},
        Planted{"reports/a.cpp", "#include \"harness/run/plan.h\"", "reports may not include harness/run"},
        Planted{"reports/a.cpp", "#include <ATen/core/Tensor.h>", "reports knows no LibTorch"},
        Planted{"harness/train/fit.h", "#include <ATen/ATen.h>", "<ATen/core/Tensor.h> alone"},
        Planted{"harness/train/fit.cpp", "#include <torch/nn/module.h>", ""},
        Planted{"harness/train/fit.cpp", "#include <torch/torch.h>", "banned"},
        Planted{"harness/run/a.cpp", "#include <toml++/toml.h>", "only harness/spec"},
        Planted{"harness/cli/a.cpp", "#include <ctemplate/template.h>", "only reports"},
        Planted{"harness/base/a.cpp", "#include \"tests/support/fakes.h\"", "nothing includes tests"},
        Planted{"harness/cli/a.cpp", "f(R\"x(\n#include \"models/a.h\"\n)x\");\n#include \"models/b.h\"", "models/b.h"},
        Planted{"harness/base/a.cpp", "// see \"harness/store/a.h\"", ""}));

}  // namespace
}  // namespace seqbench::lint
