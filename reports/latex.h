#pragma once
// Private to the room: tables for papers.

#include <string>
#include <string_view>

#include "reports/html.h"

namespace seqbench::reports {

/// The ten special characters escaped, signs of ours as commands, letters of Latin scripts as they are, others as '?'.
[[nodiscard]] std::string latex_text(std::string_view text);
/// A booktabs table that compiles alone (pdflatex) and by \input in a document that loads booktabs.
[[nodiscard]] std::string to_latex(const HtmlTable& table);

}  // namespace seqbench::reports
