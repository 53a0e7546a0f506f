#pragma once
// Private to the room: figures as files, drawn by the Python package vl-convert where it can be had.

#include <filesystem>
#include <string>
#include <vector>

#include "reports/figures/figure.h"
#include "reports/html.h"
#include "reports/render.h"

namespace seqbench::reports {

/// Writes FOLDER/NAME.vl.json and NAME.csv of each figure, and draws NAME.svg, .pdf and .png of those whose
/// specification is new or not drawn yet. Returns "" or why there are no pictures, with what to do about it.
[[nodiscard]] std::string draw(const std::filesystem::path& folder, const std::vector<Figure>& figures, const Drawing& drawing);
/// The figure with what lies in `folder`; `link` is the folder as the page sees it. The picture stands in the page if it
/// fits into `room` bytes, which it then takes.
[[nodiscard]] HtmlFigure placed(const Figure& figure, const std::filesystem::path& folder, const std::string& link,
                                const std::string& why, std::size_t& room);
/// Identifiers of one picture made its own, so that several stand in one page.
[[nodiscard]] std::string with_own_ids(std::string svg, const std::string& name);
/// A picture that can run nothing and load nothing.
[[nodiscard]] bool is_harmless(std::string_view svg);

}  // namespace seqbench::reports
