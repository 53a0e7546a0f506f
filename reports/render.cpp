#include "reports/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "reports/drawing.h"
#include "reports/latex.h"
#include "reports/leaderboard.h"
#include "reports/site.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

namespace fs = std::filesystem;

bool wants(const std::vector<std::string>& formats, std::string_view format) {
  return std::ranges::find(formats, format) != formats.end();
}

void check_formats(const std::vector<std::string>& formats) {
  for (const std::string& format : formats) {
    if (std::ranges::find(kFormats, format) != std::end(kFormats)) continue;
    throw InputError("unknown format '" + printable(format) + "'; expected any of " + join(kFormats, ","));
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw MachineError("cannot create " + folder.string() + ": " + error.message());
}

std::vector<store::Card> cards_of(const store::Reader& store, const Page& page) {
  std::vector<store::Card> cards;
  std::set<std::pair<std::string, std::string>> seen;
  const auto add = [&](const std::string& kind, const std::string& name) {
    if (!seen.emplace(kind, name).second) return;
    if (auto card = store.card(kind, name)) cards.push_back(std::move(*card));
  };
  for (const TaskTable& table : page.tables) {
    add("task", table.task);
    for (const Row& row : table.rows) add("model", row.model);
  }
  return cards;
}

/// Files of a run that hold the same numbers as its page.
std::vector<std::string> files_beside(const std::string& name, const std::vector<std::string>& formats) {
  std::vector<std::string> files;
  for (const std::string& format : formats) {
    if (format == "csv") files.insert(files.end(), {name + ".csv", name + ".trials.csv"});
    if (format == "md" || format == "json") files.push_back(name + "." + format);
  }
  return files;
}

constexpr std::size_t kAllRuns = 1'000'000;

std::vector<IndexedRun> indexed_runs(const store::Reader& store, const fs::path& folder) {
  std::vector<IndexedRun> out;
  std::map<std::string, std::int64_t> runs;
  const std::vector<std::string> names = store.experiments();
  for (const store::RunSummary& run : store.runs(kAllRuns)) ++runs[run.experiment];
  for (store::RunSummary& run : newest_runs(store)) {
    IndexedRun entry{.run = std::move(run)};
    entry.runs = runs[entry.run.experiment];
    const std::string file = file_name(entry.run.experiment, names) + ".html";
    if (fs::exists(folder / file)) entry.file = file;
    for (const store::TrialResult& trial : store.trials_of_run(entry.run.id)) {
      ++(trial.status == "done" ? entry.done : trial.status == "failed" ? entry.failed : entry.missing);
      if (std::ranges::find(entry.tasks, trial.task) == entry.tasks.end()) entry.tasks.push_back(trial.task);
    }
    std::set<std::string> anchors;
    for (const std::string& task : entry.tasks) {
      for (const store::PublishedRow& p : store.published(task)) {
        const std::string id = published_anchor(p);
        if (!entry.file.empty() && anchors.insert(id).second) entry.published.emplace_back(p.paper + ", " + p.table_ref, entry.file + "#" + id);
      }
    }
    const std::string html = entry.file.empty() || entry.run.reruns.empty() ? "" : read_file(folder / entry.file);
    for (const Rerun& rerun : reruns_of(entry.run)) {
      if (entry.file.empty() || anchors.contains(rerun.id)) continue;
      const bool there = html.find("id=\"" + rerun.id + "\"") != std::string::npos;
      entry.published.emplace_back(entry.run.paper + ", " + rerun.name, entry.file + (there ? "#" + rerun.id : ""));
    }
    out.push_back(std::move(entry));
  }
  return out;
}

/// Bytes of pictures that stand in one page; the others are linked.
constexpr std::size_t kRoom = 1'800'000;
constexpr std::size_t kMostFigures = 24;

/// Figures of the page's tasks in order, drawn below `folder`.
std::vector<PlacedFigure> figures_of_page(const store::Reader& store, const Page& page, const fs::path& folder,
                                          const Drawing& drawing) {
  std::vector<Figure> figures;
  std::vector<std::string> tasks;  // of each figure
  for (std::size_t t = 0; t < page.tables.size(); ++t) {
    const std::vector<Section> sections = sections_of(page.tables[t]);
    for (std::size_t s = 0; s < sections.size() && figures.size() < kMostFigures; ++s) {
      const Scene scene = scene_of(store, page.tables[t], sections[s], fmt::format("t{}h{}", t, s));
      for (Figure& figure : figures_of(scene)) {
        if (figures.size() == kMostFigures) break;
        figure.spec["usermeta"] = {{"run", page.run.uid}, {"task", page.tables[t].task}, {"heading", sections[s].heading}};
        figures.push_back(std::move(figure));
        tasks.push_back(page.tables[t].task);
      }
    }
  }
  const std::string link = "figures/" + page.file;
  const std::string why = draw(folder / link, figures, drawing);
  std::vector<PlacedFigure> out;
  std::size_t room = kRoom;
  for (std::size_t i = 0; i < figures.size(); ++i) out.push_back({tasks[i], placed(figures[i], folder / link, link, why, room)});
  return out;
}

/// The page's tables, each a file of its own; those of an earlier report that it has no more go.
fs::path write_latex(const HtmlPage& page, const fs::path& folder) {
  make_folder(folder);
  std::set<std::string> written;
  for (const HtmlPart& part : page.parts) {
    for (const HtmlBlock& block : part.blocks) {
      if (!block.table) continue;
      const std::string name = slug(block.table->id) + ".tex";
      write_file_atomically(folder / name, to_latex(*block.table));
      written.insert(name);
    }
  }
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tex" && !written.contains(entry.path().filename().string())) stale.push_back(entry.path());
  }
  for (const fs::path& path : stale) fs::remove(path);
  return folder;
}

std::string leaderboard_file(const std::string& task) { return "leaderboard-" + slug(task) + ".html"; }

std::string paper_file(const std::string& paper, const std::vector<std::string>& papers) {
  return "paper-" + file_name(paper, papers) + ".html";
}

/// Tables and figures of the papers whose pages are in the folder.
Links printed_links(const store::Reader& store, const fs::path& folder) {
  Links links;
  const std::vector<std::string> papers = store.papers();
  for (const std::string& paper : papers) {
    const std::string file = paper_file(paper, papers);
    if (!fs::exists(folder / file)) continue;
    std::set<std::string> anchors;
    for (const store::PublishedRow& p : store.published_by(paper)) {
      if (const std::string id = published_anchor(p); anchors.insert(id).second) links.emplace_back(p.paper + ", " + p.table_ref, file + "#" + id);
    }
  }
  return links;
}

/// Leaderboards and papers whose pages are in the folder.
Links other_pages(const store::Reader& store, const fs::path& folder) {
  Links links;
  const auto add = [&](std::string name, const std::string& file) {
    if (fs::exists(folder / file)) links.emplace_back(std::move(name), file);
  };
  for (const std::string& task : store.tasks()) add("Leaderboard: " + task, leaderboard_file(task));
  const std::vector<std::string> papers = store.papers();
  for (const std::string& paper : papers) add("Paper: " + paper, paper_file(paper, papers));
  return links;
}

std::vector<fs::path> write_other_pages(const store::Reader& store, const fs::path& folder) {
  std::vector<fs::path> written;
  for (const std::string& task : store.tasks()) written.push_back(write_leaderboard_page(leaderboard(store, task), folder));
  const std::vector<std::string> papers = store.papers();
  const auto verdicts = store.verdicts();
  for (const std::string& paper : papers) {
    written.push_back(folder / paper_file(paper, papers));
    write_file_atomically(written.back(), to_html(html_paper(paper, store.published_by(paper), verdicts)));
  }
  return written;
}

}  // namespace

std::vector<fs::path> render(const store::Reader& store, const store::RunSummary& run, const fs::path& folder,
                             const std::vector<std::string>& formats, const Drawing& drawing) {
  check_formats(formats);
  SitePage site{.page = page_of(store, run)};
  make_folder(folder);
  std::vector<fs::path> written;
  const std::string name = site.page.file = file_name(run.experiment, store.experiments());
  const auto write = [&](const std::string& ending, const std::string& text) {
    written.push_back(folder / (name + ending));
    write_file_atomically(written.back(), text);
  };
  for (const std::string& format : formats) {
    if (format == "md") write(".md", to_markdown(site.page));
    if (format == "csv") write(".csv", summary_csv(site.page));
    if (format == "csv") {
      AtomicFile file(written.emplace_back(folder / (name + ".trials.csv")));
      trials_csv(site.page, [&](std::string_view piece) { file.write(piece); });
      file.commit();
    }
    if (format == "json") write(".json", to_json(site.page).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    if (format == "tex") written.push_back(write_latex(html_page(site), folder / "tables" / name));
  }
  if (wants(formats, "html")) {
    site.cards = cards_of(store, site.page);
    site.files = files_beside(name, formats);
    site.figures = figures_of_page(store, site.page, folder, drawing);
    write(".html", to_html(html_page(site)));
  }
  return written;
}

std::vector<fs::path> write_site(const store::Reader& store, const std::vector<store::RunSummary>& runs, const fs::path& folder,
                                 const std::vector<std::string>& formats, const Drawing& drawing) {
  std::vector<fs::path> written;
  for (const store::RunSummary& run : runs) {
    std::ranges::move(render(store, run, folder, formats, drawing), std::back_inserter(written));
  }
  if (!wants(formats, "html")) return written;
  std::ranges::move(write_other_pages(store, folder), std::back_inserter(written));
  written.push_back(write_index(store, folder));
  return written;
}

std::vector<store::RunSummary> newest_runs(const store::Reader& store) {
  std::vector<store::RunSummary> out;
  std::set<std::string> seen;
  for (store::RunSummary& run : store.runs(kAllRuns)) {  // newest first
    if (seen.insert(run.experiment).second) out.push_back(std::move(run));
  }
  return out;
}

fs::path write_index(const store::Reader& store, const fs::path& folder) {
  make_folder(folder);
  const fs::path path = folder / "index.html";
  write_file_atomically(path, to_html(html_index(indexed_runs(store, folder), printed_links(store, folder), other_pages(store, folder))));
  return path;
}

}  // namespace seqbench::reports
