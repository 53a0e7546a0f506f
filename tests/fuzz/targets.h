#pragma once
// One function a reader: bytes in, and nothing may come out but a result or an InputError.

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/data/csv.h"
#include "harness/data/home.h"
#include "harness/data/hub.h"
#include "harness/data/reader.h"
#include "harness/data/weights_lock.h"
#include "harness/spec/experiment.h"
#include "harness/spec/manifest.h"
#include "harness/spec/margins.h"
#include "harness/spec/table_task.h"
#include "harness/store/published_files.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/temp_folder.h"

namespace seqbench::fuzz {

/// A file that holds these bytes, in a folder of this process.
inline std::filesystem::path file_of(std::string_view bytes, const char* name) {
  static const TempFolder kFolder;
  std::ofstream(kFolder.path() / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return kFolder.path() / name;
}

inline void toml(std::string_view bytes) {
  const auto loaded = spec::load(file_of(bytes, "x.toml"), Catalog{}, {});
  if (!loaded) static_cast<void>(spec::format_diagnostics(loaded.error()));
}

inline void json(std::string_view bytes) {
  const Json value = parse_json(bytes, "fuzz");
  static_cast<void>(parse_json(canonical_json(value), "canonical"));
}

inline void fasta(std::string_view bytes) {
  data::read_fasta(file_of(bytes, "x.fasta"), [](data::FastaRecord&&) {}, {1u << 16, 1u << 20});
}

inline void table(std::string_view bytes) {
  const std::filesystem::path path = file_of(bytes, "x.tsv");
  static_cast<void>(data::header_of(path));
  data::TableReader reader(path, {"id", "value"});
  while (reader.next()) static_cast<void>(reader.number(1));
}

inline void csv(std::string_view bytes) {
  data::CsvReader reader(file_of(bytes, "x.csv"), ',', {1u << 16, 1u << 20});
  while (reader.next()) SEQBENCH_ASSERT(reader.cells().size() == reader.header().size(), "a row is as wide as the header");
}

inline void declaration(std::string_view bytes) {
  const auto task = spec::load_table_task(file_of(bytes, "mine.toml"), Catalog{});
  if (!task) static_cast<void>(spec::format_diagnostics(task.error()));
}

inline void lock(std::string_view bytes) {
  const std::filesystem::path path = file_of(bytes, "lock.json");
  static_cast<void>(data::lock_sha256(data::read_lock(path.parent_path())));
}

inline void bed(std::string_view bytes) {
  data::read_bed(file_of(bytes, "x.bed"), [](data::BedRecord&& record) {
    SEQBENCH_ASSERT(0 <= record.start && record.start < record.end, "an interval has a place and a length");
  }, {1u << 16, 1u << 20});
}

inline void manifest(std::string_view bytes) {
  for (const spec::ManifestFile& file : spec::load_manifest(file_of(bytes, "dataset.toml")).files) {
    SEQBENCH_ASSERT(file.name.find('/') == file.name.npos && file.role.find('/') == file.role.npos, "a name stays in its folder");
    SEQBENCH_ASSERT(file.url.empty() || (file.url.starts_with("https://") && file.bytes > 0 && file.sha256.size() == 64),
                    "what is fetched can be checked");
  }
}

inline void margins(std::string_view bytes) { static_cast<void>(spec::load_margins(file_of(bytes, "margins.toml"))); }
inline void published(std::string_view bytes) { static_cast<void>(store::read_published(file_of(bytes, "mimo.tsv"))); }
inline void claims(std::string_view bytes) { static_cast<void>(store::read_claims(file_of(bytes, "claims.tsv"))); }
inline void moments(std::string_view bytes) { static_cast<void>(store::read_moments(file_of(bytes, "moments.tsv"))); }

inline void tokenize(models::TokenizerFiles files, models::TokenizerKind kind) {
  const auto tokenizer = models::read_tokenizer(std::move(files), kind);
  models::Encoding encoding;
  tokenizer->encode("the ab. [MASK] ACGTNNNNNNNNNNNNACG\xC3\xA9 <mask>", encoding, true);
  for (const std::int32_t id : encoding.ids) SEQBENCH_ASSERT(0 <= id && id < tokenizer->size(), "an id lies in the vocabulary");
  SEQBENCH_ASSERT(encoding.ids.size() == encoding.offsets.size(), "an id has its offset");
}
inline void tokenizer_json(std::string_view bytes) {
  tokenize({"fuzz", {{"tokenizer.json", std::string(bytes)}}}, models::TokenizerKind::kAny);
}
inline void vocab(std::string_view bytes) {
  for (const auto kind : {models::TokenizerKind::kWordPiece, models::TokenizerKind::kEsm}) {
    try {
      tokenize({"fuzz", {{"vocab.txt", std::string(bytes)}}}, kind);
    } catch (const InputError& error) {
      SEQBENCH_ASSERT(*error.what() != '\0', "a refusal says why");
    }
  }
}

inline void hub_list(std::string_view bytes) {
  for (const data::HubFile& file : data::parse_hub_list(bytes, "list")) {
    SEQBENCH_ASSERT(!file.path.starts_with('/') && file.path.find("/../") == file.path.npos, "a path stays in its folder");
    SEQBENCH_ASSERT(file.sha256.empty() != file.blob_sha1.empty(), "what is fetched can be checked");
  }
}

inline void shards(std::string_view bytes) {
  for (const std::string& name : data::parse_shards(bytes, "index")) {
    SEQBENCH_ASSERT(name.find('/') == name.npos && !name.starts_with('.'), "a shard stays in its folder");
  }
}

inline void weights_lock(std::string_view bytes) {
  const auto lock = data::read_weights_lock(file_of(bytes, "lock.json").parent_path());
  SEQBENCH_ASSERT(lock && !lock->files.empty(), "a lock has files");
}

struct Target {
  std::string_view name;
  void (*run)(std::string_view bytes);
};

inline constexpr std::array<Target, 18> kTargets = {{{"toml", &toml},
                                                      {"json", &json},
                                                      {"fasta", &fasta},
                                                      {"table", &table},
                                                      {"csv", &csv},
                                                      {"bed", &bed},
                                                      {"declaration", &declaration},
                                                      {"lock", &lock},
                                                      {"manifest", &manifest},
                                                      {"margins", &margins},
                                                      {"published", &published},
                                                      {"claims", &claims},
                                                      {"moments", &moments},
                                                      {"tokenizer_json", &tokenizer_json},
                                                      {"vocab", &vocab},
                                                      {"hub_list", &hub_list},
                                                      {"shards", &shards},
                                                      {"weights_lock", &weights_lock}}};

/// Nothing but a result or an InputError: any other exception leaves, and ends the test.
inline void survive(const Target& target, std::string_view bytes) {
  try {
    target.run(bytes);
  } catch (const InputError& error) {
    SEQBENCH_ASSERT(*error.what() != '\0', "a refusal says why");
  }
}

}  // namespace seqbench::fuzz
