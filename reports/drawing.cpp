#include "reports/drawing.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "reports/page_files.h"

namespace seqbench::reports {
namespace {

namespace fs = std::filesystem;

constexpr int kNoPackage = 3;  // of vl_convert.py
constexpr auto kLongest = std::chrono::seconds(300);

/// Exit code of the program with these arguments, its stderr in `log`; -1 when it cannot be started, was killed or hung.
int call(const std::vector<std::string>& words, const fs::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return -1;
  const auto end = std::chrono::steady_clock::now() + kLongest;
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > end) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool same_text(const fs::path& path, const std::string& text) {
  std::error_code error;
  return fs::file_size(path, error) == text.size() && !error && read_file(path) == text;
}

bool is_drawn(const fs::path& folder, const std::string& name) {
  return std::ranges::all_of(std::array{".svg", ".pdf", ".png"}, [&](const char* ending) { return fs::exists(folder / (name + ending)); });
}

/// Names of the figures that are still to be drawn; a picture of another specification is removed first.
std::vector<std::string> write_specifications(const fs::path& folder, const std::vector<Figure>& figures) {
  std::vector<std::string> names;
  for (const Figure& figure : figures) {
    const fs::path path = folder / (figure.name + ".vl.json");
    const std::string text = figure.spec.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (same_text(path, text) && is_drawn(folder, figure.name)) continue;
    for (const char* ending : {".svg", ".pdf", ".png"}) fs::remove(folder / (figure.name + ending));
    write_file_atomically(path, text);
    write_file_atomically(folder / (figure.name + ".csv"), data_csv(figure));
    names.push_back(figure.name);
  }
  return names;
}

/// Files of figures that an earlier report of this experiment had and this one has not.
void remove_stale(const fs::path& folder, const std::vector<Figure>& figures) {
  if (!fs::is_directory(folder)) return;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    for (const std::string_view ending : {".vl.json", ".csv", ".svg", ".pdf", ".png"}) {
      if (!file.ends_with(ending)) continue;
      const std::string name = file.substr(0, file.size() - ending.size());
      if (std::ranges::find(figures, name, &Figure::name) == figures.end()) stale.push_back(entry.path());
    }
  }
  for (const fs::path& path : stale) fs::remove(path);
}

}  // namespace

std::string draw(const fs::path& folder, const std::vector<Figure>& figures, const Drawing& drawing) {
  remove_stale(folder, figures);
  if (figures.empty()) return "";
  fs::create_directories(folder);
  const std::vector<std::string> names = write_specifications(folder, figures);
  if (names.empty()) return "";
  const fs::path log = folder / "drawing.log";
  std::string why = "the Python package vl-convert-python is needed; harness/setup installs it into .venv";
  for (const std::string& python : drawing.pythons) {
    std::vector<std::string> words = {python, "-c", std::string(page_file("vl_convert.py")), folder.string()};
    words.insert(words.end(), names.begin(), names.end());
    const int code = call(words, log);
    const std::string said = fs::exists(log) ? read_file(log) : "";
    fs::remove(log);
    if (code == 0) return "";
    if (code == -1 || code == kNoPackage) continue;
    return "vl-convert failed: " + std::string(split(said, '\n').front());
  }
  return why;
}

HtmlFigure placed(const Figure& figure, const fs::path& folder, const std::string& link, const std::string& why, std::size_t& room) {
  const auto file = [&](const char* ending) { return link + "/" + figure.name + ending; };
  HtmlFigure out{.id = "figure-" + figure.name, .title = figure.title, .caption = figure.caption, .alternative = figure.alternative,
                 .data_file = file(".csv"), .spec_file = file(".vl.json"), .svg_file = file(".svg"), .pdf_file = file(".pdf"), .png_file = file(".png")};
  if (!is_drawn(folder, figure.name)) {
    out.why_not_drawn = why.empty() ? "vl-convert wrote no picture" : why;
    return out;
  }
  std::string svg = with_own_ids(read_file(folder / (figure.name + ".svg")), figure.name);
  if (svg.size() > room || !is_harmless(svg)) return out;
  room -= svg.size();
  out.svg = std::move(svg);
  return out;
}

std::string with_own_ids(std::string svg, const std::string& name) {
  for (const std::string_view opening : {" id=\"", "url(#", "href=\"#"}) {
    for (std::size_t at = svg.find(opening); at != std::string::npos; at = svg.find(opening, at)) {
      at += opening.size();
      svg.insert(at, name + "-");
    }
  }
  return svg;
}

bool is_harmless(std::string_view svg) {
  const auto has = [&](std::string_view what) { return svg.find(what) != std::string_view::npos; };
  return svg.starts_with("<svg") && !has("<script") && !has("<foreignObject") && !has("<image") && !has("<style") && !has("href=\"http");
}

}  // namespace seqbench::reports
