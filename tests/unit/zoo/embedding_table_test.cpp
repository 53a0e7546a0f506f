// Tables of embeddings: what decides them, what survives, who computes.
#include <ATen/Parallel.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "models/pretrained/embedding_table.h"
#include "models/pretrained/entry.h"
#include "models/pretrained/esm_layout.h"
#include "tests/support/temp_folder.h"

namespace seqbench::models {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = SEQBENCH_SOURCE_DIR "/tests/parity/zoo/cases/esm2_a";

EmbeddingRequest request(const fs::path& cache, Pooling pooling = Pooling::kMean) {
  EmbeddingRequest request{.family = esm2_family(), .folder = {}, .sizes = Params(esm2_family().fresh_params), .cache = cache};
  for (const auto& [name, size] : {std::pair("hidden", 12), {"layers", 2}, {"heads", 3}, {"feed_forward", 20}}) {
    request.sizes.set(name, std::int64_t{size});
  }
  request.pooling = pooling;
  return request;
}

/// Matrices of a dozen columns: threads would spend their time waiting for each other.
class EmbeddingTables : public testing::Test {
 protected:
  static void SetUpTestSuite() { at::set_num_threads(1); }
};

/// Some of them twice, one empty, none sorted by length; several batches.
const Texts& texts() {
  static const Texts kTexts = [] {
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < 150; ++i) rows.push_back(std::string(i * 37 % 101, 'A') + "MKV*"[i % 4] + std::string(i % 5, 'L'));
    rows[7] = rows[8];
    rows[11] = "";
    return Texts(rows);
  }();
  return kTexts;
}

std::vector<std::int64_t> all_rows() {
  std::vector<std::int64_t> rows(texts().size());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Embedded everything(const EmbeddingTable& table) { return table.gather(texts(), all_rows()); }

/// The one table in the folder.
fs::path file_in(const fs::path& cache, const std::string& end = ".rows") {
  for (const auto& entry : fs::directory_iterator(cache / "embeddings")) {
    if (entry.path().string().ends_with(end)) return entry.path();
  }
  return {};
}

std::size_t tables_in(const fs::path& cache) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(cache / "embeddings")) count += entry.path().extension() == ".rows" ? 1U : 0U;
  return count;
}

TEST_F(EmbeddingTables, AreTheFoldersHiddenStatesOverResidues) {
  for (const Pooling pooling : {Pooling::kMean, Pooling::kNone}) {
    EmbeddingRequest asked = request({}, pooling);
    asked.folder = kFolder;
    const EmbeddingTable table(asked, texts());
    const auto model = open_folder(esm2_family(), kFolder, {});
    ASSERT_EQ(table.width(), model->width());
    const Embedded all = everything(table);
    for (const std::int64_t row : {0, 1, 2, 3, 42}) {
      const std::vector<std::vector<std::int32_t>> tokens = {model->tokens(texts()[static_cast<std::size_t>(row)])};
      const Answer answer = model->run(tokens, {.hidden_layer = model->layers()});
      const auto residues = static_cast<std::int64_t>(tokens[0].size()) - 2;  // without <cls> and <eos>
      const at::Tensor own = answer.hidden[0].narrow(0, 1, residues);
      if (pooling == Pooling::kMean) {
        EXPECT_TRUE(at::allclose(all.x[row], own.mean(0), 1e-5, 1e-6)) << row;
      } else {
        ASSERT_EQ(all.lengths[row].item<std::int64_t>(), residues);
        EXPECT_TRUE(at::allclose(all.x[row].narrow(0, 0, residues).to(at::kFloat), own, 2e-3, 1e-4)) << row;
        EXPECT_EQ(all.x[row].narrow(0, residues, all.x.size(1) - residues).abs().sum().item<double>(), 0);
      }
    }
    if (pooling == Pooling::kNone) continue;
    EXPECT_EQ(all.x[11].abs().sum().item<double>(), 0) << "of an empty text";
  }
}

TEST_F(EmbeddingTables, IsComputedOnceAndTheSameInMemory) {
  const TempFolder cache;
  const EmbeddingTable first(request(cache.path()), texts()), second(request(cache.path()), texts()), memory(request({}), texts());
  EXPECT_EQ(first.computed(), first.size());
  EXPECT_LT(first.size(), 150) << "equal texts have one row";
  EXPECT_EQ(second.computed(), 0);
  EXPECT_TRUE(at::equal(everything(first).x, everything(second).x));
  EXPECT_TRUE(at::equal(everything(first).x, everything(memory).x));
}

TEST_F(EmbeddingTables, ATextThatItLacksIsEmbeddedAlone) {
  const EmbeddingTable table(request({}), texts());
  const Texts others({"MKVLLA", texts()[5]});
  const std::vector<std::int64_t> rows = {0, 1};
  const at::Tensor before = everything(table).x;  // rows 0 and 1 of another list
  const Embedded both = table.gather(others, rows);
  EXPECT_EQ(table.computed(), table.size() + 1);
  EXPECT_TRUE(at::equal(both.x[1], before[5]));
  EXPECT_TRUE(at::equal(everything(table).x, before));
  const EmbeddingTable own(request({}), others);
  EXPECT_TRUE(at::allclose(own.gather(others, rows).x, both.x, 1e-5, 1e-6));
}

TEST_F(EmbeddingTables, WhateverDecidesItIsInItsName) {
  const TempFolder cache, copy;
  std::size_t tables = 0;
  const auto adds = [&](const char* what, const EmbeddingRequest& asked, const Texts& rows) {
    SCOPED_TRACE(what);
    const EmbeddingTable table(asked, rows);
    EXPECT_EQ(table.computed(), table.size());
    EXPECT_EQ(tables_in(cache.path()), ++tables);
  };
  const auto with = [&](const std::function<void(EmbeddingRequest&)>& change) {
    EmbeddingRequest asked = request(cache.path());
    change(asked);
    return asked;
  };
  adds("first", request(cache.path()), texts());
  adds("seed", with([](EmbeddingRequest& asked) { asked.seed = 1; }), texts());
  adds("sizes", with([](EmbeddingRequest& asked) { asked.sizes.set("layers", std::int64_t{1}); }), texts());
  adds("layer", with([](EmbeddingRequest& asked) { asked.layer = 1; }), texts());
  adds("pooling", request(cache.path(), Pooling::kNone), texts());
  adds("texts", request(cache.path()), Texts({"MKV", "LLA"}));
  for (const auto& entry : fs::directory_iterator(kFolder)) fs::copy(entry.path(), copy.path() / entry.path().filename());
  EmbeddingRequest asked = with([&](EmbeddingRequest& one) { one.folder = copy.path(); });
  adds("folder", asked, texts());
  std::string weights = read_file(copy.path() / "model.safetensors");
  weights[weights.size() - 2] = static_cast<char>(weights[weights.size() - 2] ^ 1);
  std::ofstream(copy.path() / "model.safetensors", std::ios::binary) << weights;
  adds("weights", asked, texts());
  asked.layer = asked.family.architecture(ConfigReader::of_folder(kFolder)).encoder.layers;
  const EmbeddingTable named(asked, texts());
  EXPECT_EQ(named.computed(), 0) << "the last layer by its number";
}

/// A request whose computation stops after some batches, as one that is interrupted does.
EmbeddingRequest stopping(EmbeddingRequest asked, int batches) {
  asked.control.check_stop = [left = batches]() mutable {
    if (left-- == 0) throw Interrupted();
  };
  return asked;
}

TEST_F(EmbeddingTables, GoesOnWhereItWasStoppedWithTheSameBits) {
  for (const Pooling pooling : {Pooling::kMean, Pooling::kNone}) {
    const TempFolder whole, cut;
    const EmbeddingTable expected(request(whole.path(), pooling), texts());
    EXPECT_THROW(EmbeddingTable(stopping(request(cut.path(), pooling), 1), texts()), Interrupted);
    EXPECT_EQ(file_in(cut.path()), fs::path());
    std::ofstream(file_in(cut.path(), ".part"), std::ios::app) << "half a row that was not noted";
    const EmbeddingTable resumed(request(cut.path(), pooling), texts());
    EXPECT_GT(resumed.computed(), 0);
    EXPECT_LT(resumed.computed(), resumed.size());
    EXPECT_EQ(read_file(file_in(cut.path())), read_file(file_in(whole.path())));
    EXPECT_EQ(file_in(cut.path(), ".done"), fs::path());
  }
}

TEST_F(EmbeddingTables, APartThatIsNotAsNotedCountsForNothing) {
  const TempFolder whole, cut;
  const EmbeddingTable expected(request(whole.path()), texts());
  const auto damage = [&](const char* end, const std::function<void(std::string&)>& change) {
    EXPECT_THROW(EmbeddingTable(stopping(request(cut.path()), 1), texts()), Interrupted);
    const fs::path path = file_in(cut.path(), end);
    std::string bytes = read_file(path);
    change(bytes);
    std::ofstream(path, std::ios::binary) << bytes;
    const EmbeddingTable resumed(request(cut.path()), texts());
    EXPECT_EQ(resumed.computed(), resumed.size());
    EXPECT_EQ(read_file(file_in(cut.path())), read_file(file_in(whole.path())));
    fs::remove(file_in(cut.path()));
  };
  damage(".part", [](std::string& bytes) { bytes[4100] = static_cast<char>(bytes[4100] ^ 1); });
  damage(".part", [](std::string& bytes) { bytes.resize(4100); });
  damage(".done", [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
  damage(".done", [](std::string& bytes) { bytes.replace(bytes.find("\"key\":\"") + 7, 1, "x"); });
  damage(".done", [](std::string& bytes) { bytes.replace(bytes.find("\"rows\":"), 7, "\"rows\":1"); });
}

TEST_F(EmbeddingTables, ATornOrForeignFileIsNeverRead) {
  const TempFolder cache;
  const EmbeddingTable expected(request(cache.path()), texts());
  const fs::path path = file_in(cache.path());
  const std::string good = read_file(path);
  for (const std::string& bad : {std::string(), good.substr(0, good.size() - 1), good + "x", std::string(good.size(), 'x'),
                                 "seqbench rows 1\n{" + std::string(good.size() - 17, ' ')}) {
    std::ofstream(path, std::ios::binary) << bad;
    const EmbeddingTable again(request(cache.path()), texts());
    EXPECT_EQ(again.computed(), again.size());
    EXPECT_EQ(read_file(path), good);
  }
  EmbeddingRequest other = request(cache.path());
  other.seed = 1;
  fs::remove(path);
  const EmbeddingTable foreign(other, texts());
  fs::rename(file_in(cache.path()), path);
  const EmbeddingTable again(request(cache.path()), texts());
  EXPECT_EQ(again.computed(), again.size()) << "a name alone proves nothing";
}

/// The other process of the test below: this program again, with a folder in its environment.
TEST_F(EmbeddingTables, OfAnotherProcess) {
  const char* folder = std::getenv("SEQBENCH_TEST_TABLE");
  if (folder == nullptr) GTEST_SKIP() << "run by TwoProcessesComputeItOnce";
  EmbeddingRequest slow = request(folder);
  slow.control.check_stop = [&] {
    std::ofstream(fs::path(folder) / "begun") << "x";
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  };
  const EmbeddingTable table(slow, texts());
  EXPECT_EQ(table.computed(), table.size());
}

/// Whoever comes second waits and takes what the first made.
TEST_F(EmbeddingTables, TwoProcessesComputeItOnce) {
  const TempFolder cache;
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  std::string variable = "SEQBENCH_TEST_TABLE=" + cache.path().string(), name = self, filter = "--gtest_filter=EmbeddingTables.OfAnotherProcess";
  char* const arguments[] = {name.data(), filter.data(), nullptr};
  std::vector<char*> environment = {variable.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environment.data()), 0);
  int status = -1;
  while (!fs::exists(cache.path() / "begun") && ::waitpid(child, &status, WNOHANG) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  bool waited = false;
  EmbeddingRequest asked = request(cache.path());
  asked.control.check_stop = [&waited] { waited = true; };
  const EmbeddingTable table(asked, texts());
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(table.computed(), 0);
  EXPECT_TRUE(waited);
}

TEST_F(EmbeddingTables, OneThatIsTooLargeIsRefusedBeforeItIsComputed) {
  const TempFolder cache;
  for (const fs::path& where : {fs::path(), cache.path()}) {
    EmbeddingRequest asked = request(where, Pooling::kNone);
    asked.max_gigabytes = 1e-4;
    asked.control.check_stop = [] { FAIL() << "it began"; };
    try {
      const EmbeddingTable table(asked, texts());
      FAIL() << "was made";
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("'encoder.max_gigabytes'"), std::string::npos) << error.what();
    }
  }
}

TEST_F(EmbeddingTables, ALayerThatIsNotThereIsNamed) {
  EmbeddingRequest asked = request({});
  asked.layer = 3;
  EXPECT_THROW(EmbeddingTable(asked, texts()), InputError);
}

}  // namespace
}  // namespace seqbench::models
