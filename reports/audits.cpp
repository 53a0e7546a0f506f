#include "reports/audits.h"

#include <fmt/format.h>

#include <set>

#include "harness/base/text.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

std::string text_of(const Json& object, const char* name) {
  const Json value = object.is_object() ? object.value(name, Json()) : Json();
  return value.is_string() ? value.get<std::string>() : "";
}

const Json& list_of(const Json& object, const char* name) {
  static const Json kEmpty = Json::array();
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_array() ? *found : kEmpty;
}

bool is_alarm(const std::string& status) { return status == "leak" || status == "giveaway"; }

std::vector<std::string> alarms_of(const Json& audit) {
  std::vector<std::string> alarms;
  for (const Json& finding : list_of(audit, "findings")) {
    if (is_alarm(text_of(finding, "status"))) alarms.push_back(text_of(finding, "text"));
  }
  return alarms;
}

/// A sign beside the word: colour or position alone say nothing.
std::string status_text(const std::string& status) { return (is_alarm(status) ? "✗ " : status == "note" ? "· " : "✓ ") + status; }

/// "test row; training row" of the first pairs.
std::string pairs_text(const Json& finding) {
  std::vector<std::string> parts;
  for (const Json& pair : list_of(finding, "examples")) {
    if (parts.size() == 2 || !pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) break;
    parts.push_back(pair[0].get<std::string>() + " and " + pair[1].get<std::string>());
  }
  return join(parts, "; ");
}

}  // namespace

std::vector<Json> audits_of(const store::Reader& store, const std::vector<store::TrialResult>& trials) {
  std::vector<Json> audits;
  std::set<std::string> seen;
  for (const store::TrialResult& trial : trials) {
    if (!trial.config.is_object() || !trial.config.contains("split") || !trial.config.contains("data")) continue;
    const std::string subject = store::audit_subject(trial.config);
    if (!seen.insert(subject).second) continue;
    if (auto audit = store.audit(subject)) audits.push_back(std::move(audit->audit));
  }
  return audits;
}

std::string audit_lines(const Json& audit) {
  const std::vector<std::string> alarms = alarms_of(audit);
  std::string out = fmt::format("audit of {}: {} of {} checks raise an alarm\n", shown(text_of(audit, "heading"), 55),
                                alarms.size(), list_of(audit, "findings").size());
  for (const std::string& alarm : alarms) out += "  ✗ " + shown(alarm, 95) + "\n";
  return out;
}

std::string audit_summary(const Json& audit) {
  const std::vector<std::string> alarms = alarms_of(audit);
  if (alarms.empty()) return fmt::format("No leak and no giveaway in {} checks.", list_of(audit, "findings").size());
  return fmt::format("{} of {} checks raise an alarm: {}.", alarms.size(), list_of(audit, "findings").size(), join(alarms, "; "));
}

void append_audits(std::string& out, const std::vector<Json>& audits) {
  for (const Json& audit : audits) {
    out += "\n### Audit of the data: " + escaped(text_of(audit, "heading")) + "\n\n" + escaped(audit_summary(audit), 2000) + "\n\n";
    TextTable text({"check", "status", "found", "examples"}, 4);
    for (const Json& finding : list_of(audit, "findings")) {
      text.add({escaped(text_of(finding, "check")), status_text(text_of(finding, "status")), escaped(text_of(finding, "text"), 400),
                escaped(pairs_text(finding), 200)});
    }
    out += text.markdown();
    for (const Json& caution : list_of(audit, "cautions")) {
      if (caution.is_string()) out += "\n- " + escaped(caution.get<std::string>(), 1000);
    }
    if (!list_of(audit, "cautions").empty()) out += "\n";
  }
}

std::vector<HtmlBlock> audit_blocks(const std::vector<Json>& audits, std::size_t number) {
  std::vector<HtmlBlock> blocks;
  for (const Json& audit : audits) {
    HtmlTable table{.id = fmt::format("t{}-audit-{}", number, blocks.size()), .caption = "Leaks and giveaways: " + shown(text_of(audit, "heading")),
                    .columns = {{"check"}, {"status"}, {"found"}, {"examples"}}, .summary = "Every check"};
    for (const Json& finding : list_of(audit, "findings")) {
      const std::string status = text_of(finding, "status");
      HtmlCell cell = text_cell(status_text(status));
      cell.mark = is_alarm(status) ? "bad" : "";
      table.rows.push_back({.cells = {text_cell(shown(text_of(finding, "check"))), cell, text_cell(shown(text_of(finding, "text"), 400)),
                                      text_cell(shown(pairs_text(finding), 200))}});
    }
    HtmlBlock block{.heading = "Audit of the data: " + shown(text_of(audit, "heading")), .paragraphs = {shown(audit_summary(audit), 2000)},
                    .table = table};
    for (const Json& caution : list_of(audit, "cautions")) {
      if (caution.is_string()) block.list.push_back(shown(caution.get<std::string>(), 1000));
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

}  // namespace seqbench::reports
