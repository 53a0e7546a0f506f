#pragma once
// Private to the room: figures as Vega-Lite 5 specifications with their data inside, one file a kind. At most
// kMostPoints rows of data each; beyond, they are binned or thinned, and the caption says so.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/label_counts.h"
#include "reports/tables.h"

namespace seqbench::reports {

inline constexpr std::size_t kMostPoints = 5000;

struct Figure {
  std::string name = "";             // a file's stem: "t0h0-predicted"
  std::string title = "", caption = "";
  std::string alternative = "";      // one sentence with the numbers
  std::vector<std::string> columns = {};  // of the data, in this order
  Json rows = Json::array();         // objects with these columns
  Json spec = {};                    // complete, `rows` included
};

/// What is read of one trial for figures.
struct SeenTrial {
  std::int64_t seed = 0, rep = 0, fold = -1;
  std::optional<store::Predictions> test = std::nullopt;  // of one target
  std::vector<double> deviations = {};  // standard deviations of `test`, in its order, or none
  std::vector<store::CurvePoint> curves = {};
};

/// One row of the table, in the order that figures list them.
struct SeenRow {
  std::size_t index = 0;             // into TaskTable::rows
  std::string name = "";             // shown, no other row of the scene has it
  std::vector<SeenTrial> trials = {};
};

/// One heading of one task: the rows drawn, best first, the ceiling last.
struct Scene {
  const TaskTable* table = nullptr;
  const Section* section = nullptr;
  std::string stem = "";                  // "t0h0"
  bool binary = false;               // truth is 0 or 1, predictions are probabilities
  std::vector<SeenRow> rows = {};
  std::vector<SeenRow> others = {};  // the section's other done models and controls, best first: their cells may be drawn;
                                     // trials are read of the best that tell deviations or chose on test rows
  StoredParts parts = {};            // of the trial that has most of them stored
  std::size_t left_out = 0;          // rows of the section that are not drawn
};

// Each gives nothing where the store does not hold what it takes.
[[nodiscard]] std::optional<Figure> labels_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> predicted_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> residuals_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> curves_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> slices_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> deviations_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> roc_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> precision_recall_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> calibration_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> cost_figure(const Scene& scene);
[[nodiscard]] std::optional<Figure> spread_figure(const Scene& scene);

/// All of them, in this order, that the scene has data for.
[[nodiscard]] std::vector<Figure> figures_of(const Scene& scene);
/// Reads what `section`'s figures take; at most 20 trials each of 4 rows and 3 others.
[[nodiscard]] Scene scene_of(const store::Reader& store, const TaskTable& table, const Section& section, std::string stem);
/// The data as CSV.
[[nodiscard]] std::string data_csv(const Figure& figure);

// theme.cpp
/// Schema, one look (Okabe and Ito's colours, with a shape or dash beside each), and the figure's rows as its data.
void finish(Figure& figure, Json view);
/// An axis or legend channel: {"field": field, "type": type, "title": title}.
[[nodiscard]] Json channel(const char* field, const char* type, const std::string& title);
/// Colour by row, in the scene's order; the same row has the same colour in every figure of a scene.
[[nodiscard]] Json row_color(const Scene& scene);
/// The same where others of the section are drawn too: names of `drawn` that the scene's rows have not follow them, and the
/// legend lists `drawn` alone.
[[nodiscard]] Json row_color(const Scene& scene, const std::vector<std::string>& drawn);
/// The same channel, its legend showing lines.
[[nodiscard]] Json with_strokes(Json color);
/// A transform: rows whose `field` has this value alone.
[[nodiscard]] Json only(const char* field, const std::string& value);
/// Layers of a figure's lines: y, which is of "mean", with a band from "low" to "high"; colour and dash by row.
[[nodiscard]] Json banded_lines(const Json& x, const Json& y, const Json& color);
/// "The first 4 of 9 rows are drawn." or ""
[[nodiscard]] std::string left_out_text(const Scene& scene);

}  // namespace seqbench::reports
