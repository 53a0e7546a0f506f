// Writes texts by number with their ids and offsets, for compare.py. usage: dump_tokens FOLDER|nt1|nt2|esm2|dream FROM COUNT
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/support/tokenizer_texts.h"

namespace {

std::unique_ptr<seqbench::models::Tokenizer> named(const std::string& name) {
  using namespace seqbench::models;
  if (name == "nt1" || name == "nt2") return nucleotide_tokenizer(name == "nt1" ? 1 : 2);
  if (name == "esm2") return esm_tokenizer();
  if (name == "dream") return dna_character_tokenizer(false);
  return open_tokenizer(name);
}

void put(const void* data, std::size_t size) { std::fwrite(data, 1, size, stdout); }
void put_count(std::size_t count) {
  const auto narrow = static_cast<std::uint32_t>(count);
  put(&narrow, sizeof narrow);
}

}  // namespace

int main(int count, char** values) try {
  if (count == 3) {
    std::filesystem::create_directories(values[2]);
    for (const auto& [name, text] : tokenizer_files(*named(values[1]))) {
      seqbench::write_file_atomically(std::filesystem::path(values[2]) / name, text);
    }
    return 0;
  }
  const auto tokenizer = named(values[1]);
  const auto from = static_cast<std::uint64_t>(seqbench::parse_int(values[2]).value());
  const auto texts = static_cast<std::uint64_t>(seqbench::parse_int(values[3]).value());
  for (std::uint64_t i = from; i < from + texts; ++i) {
    const std::string text = seqbench::tokenizer_texts::text(i);
    seqbench::models::Encoding encoding;
    tokenizer->encode(text, encoding, true);
    put_count(text.size());
    put(text.data(), text.size());
    put_count(encoding.ids.size());
    put(encoding.ids.data(), encoding.ids.size() * 4);
    put(encoding.offsets.data(), encoding.offsets.size() * 8);
  }
} catch (const seqbench::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
