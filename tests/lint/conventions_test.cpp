// Rules that a compiler does not know: determinism, locale, size of files, links of documents.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tests/lint/source_files.h"

namespace seqbench::lint {
namespace {

const std::vector<std::string> kNone;

struct Ban {
  std::regex pattern;
  std::string why;
};

const std::vector<Ban>& code_bans() {
  static const std::vector<Ban> kBans = {
      {std::regex(R"(std::(shuffle|sample|random_device|mt19937|minstd_rand|\w+_distribution)\b)"),
       "draws come from Streams"},
      {std::regex(R"((^|[^\w.>])s?rand\()"), "draws come from Streams"},
      {std::regex(R"((torch|at)::(rand\w*|bernoulli|multinomial|manual_seed)\b)"), "draws come from Streams"},
      {std::regex(R"(\bsetlocale\b|std::locale\b)"), "no locale"},
      {std::regex(R"(\b(std::)?(stod|stof|stold|strtod|strtof|atof)\()"), "parse_double does not ask the locale"},
  };
  return kBans;
}

const std::vector<Ban>& test_bans() {
  static const std::vector<Ban> kBans = {
      {std::regex(R"(\b(TempDir|temp_directory_path|mkdtemp)\()"), "tests run side by side: a folder is a TempFolder"},
  };
  return kBans;
}

const std::vector<Ban>& text_bans() {
  static const std::vector<Ban> kBans = {
      {std::regex(R"((^|[\s"'`=(:])/((opt|mnt|srv|work|scratch)/|(home|Users)/(?!somebody))\w)"), "a path of one machine"},
  };
  return kBans;
}

std::vector<std::string> banned_words(const SourceFile& file, const std::vector<Ban>& bans) {
  std::vector<std::string> faults;
  int number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    for (const Ban& ban : bans) {
      if (std::regex_search(line, ban.pattern)) faults.push_back(file.path + ":" + std::to_string(number) + ": " + ban.why);
    }
  }
  return faults;
}

/// Targets of [text](target) that lead to a file of the project.
std::vector<std::string> links_of(const std::string& text) {
  static const std::regex kLink(R"(\]\(([^)\s#]+)[^)]*\))");
  std::vector<std::string> links;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), kLink); match != std::sregex_iterator(); ++match) {
    const std::string target = (*match)[1];
    if (target.find("://") == std::string::npos && !target.starts_with("mailto:")) links.push_back(target);
  }
  return links;
}

constexpr std::size_t kMostLines = 450;

// This file spells out what it bans.
bool is_exempt(const std::string& path) { return path == "tests/lint/conventions_test.cpp"; }
bool is_test(const std::string& path) { return path.starts_with("tests/") && path != "tests/support/temp_folder.h"; }

TEST(Conventions, NoBannedWords) {
  for (const SourceFile& file : source_files()) {
    if (is_exempt(file.path)) continue;
    if (is_cpp(file.path)) {
      EXPECT_EQ(banned_words(file, code_bans()), kNone);
      if (is_test(file.path)) {
        EXPECT_EQ(banned_words(file, test_bans()), kNone);
      }
    }
    EXPECT_EQ(banned_words(file, text_bans()), kNone);
  }
}

TEST(Conventions, FilesStaySmall) {
  for (const SourceFile& file : source_files()) {
    if (!is_cpp(file.path) && !file.path.ends_with(".py") && !file.path.ends_with(".cmake")) continue;
    EXPECT_LE(lines_of(file.text).size(), kMostLines) << file.path;
  }
}

TEST(Conventions, LinksOfDocumentsLeadSomewhere) {
  const std::filesystem::path root = SEQBENCH_SOURCE_DIR;
  for (const SourceFile& file : source_files(root)) {
    if (!file.path.ends_with(".md")) continue;
    for (const std::string& link : links_of(file.text)) {
      EXPECT_TRUE(std::filesystem::exists((root / file.path).parent_path() / link)) << file.path << ": " << link;
    }
  }
}

TEST(Conventions, PlantedWordsAreFound) {
  const auto faults = [](const std::string& line) {
    const SourceFile file{"harness/base/a.cpp", line + "\n"};
    return banned_words(file, code_bans()).size() + banned_words(file, test_bans()).size() + banned_words(file, text_bans()).size();
  };
  for (const char* bad : {"std::shuffle(a, b, c);", "std::random_device seed;", "int x = rand();", "x = torch::randn({2});",
                          "std::normal_distribution<double> n;", "setlocale(LC_ALL, \"\");", "auto d = std::stod(text);",
                          "auto d = strtod(text, nullptr);", "path = \"/home/jane/data\";", "# see /opt/lib",
                          "path = fs::path(testing::TempDir());"}) {
    EXPECT_EQ(faults(bad), 1u) << bad;
  }
  for (const char* good : {"draws.shuffle(span);", "operand(x)", "brand()", "x = operand.rand();", "stodgy", "std::to_chars",
                           "from a/home/b or \"/optional\"", "<https://example.org/home/x>", "path = \"/home/somebody/x\";"}) {
    EXPECT_EQ(faults(good), 0u) << good;
  }
}

TEST(Conventions, LinksAreRead) {
  EXPECT_EQ(links_of("see [a](docs/a.md#part), [b](https://x.org/y), [c](#here) and [d](../d.md \"title\")"),
            (std::vector<std::string>{"docs/a.md", "../d.md"}));
}

}  // namespace
}  // namespace seqbench::lint
