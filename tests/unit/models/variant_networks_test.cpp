// nn4dms's and TAPE's networks: the published sizes, what they read, what they refuse.

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/base/files.h"
#include "models/blocks/contacts.h"
#include "models/tape/value_network.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

constexpr std::int64_t kResidues = 237;  // of avGFP, for which the sizes were published

using Values = std::vector<std::pair<std::string, ParamValue>>;

std::unique_ptr<Network> make(const std::string& model, const View& view, const Values& values = {}) {
  const ModelEntry entry = testing::named_model(model).make();
  Params params(entry.params);
  for (const auto& [name, value] : values) params.set(name, value);
  return entry.network({params, view, TaskKind::kRegression, 1, Streams(2)});
}

std::int64_t size_of(const std::string& model, const View& view, const Values& values = {}) {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : make(model, view, values)->parameters()) count += parameter.tensor.numel();
  return count;
}

View proteins(std::vector<std::string> rows) { return {"protein", TextView{Texts(std::move(rows))}}; }

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

/// notebooks/trainable_params.ipynb of gitter-lab/nn4dms.
TEST(Nn4dms, DefaultsHaveThePublishedSizes) {
  const View view = testing::code_view({std::string(kResidues, 'A')}, 21);
  EXPECT_EQ(size_of("nn4dms_fc", view), 968'401);
  EXPECT_EQ(size_of("nn4dms_cnn", view), 3'118'409);
  EXPECT_EQ(size_of("nn4dms_gcn", view), 3'077'065);
}

/// One-hot and components: alanine differs from cysteine in 2 + 19 numbers, a stop and padding have no components.
TEST(Nn4dms, ComponentsAreOfAminoAcidsAlone) {
  const View view = testing::code_view({"AB", "UA"}, 21);  // alanine and cysteine; a stop
  const auto frozen = make("nn4dms_fc", view)->frozen();
  ASSERT_EQ(frozen.size(), 1u);
  const at::Tensor table = frozen[0].tensor;
  ASSERT_EQ(table.sizes(), (std::vector<std::int64_t>{22, 40}));
  EXPECT_FLOAT_EQ(table[0][21].item<float>(), -0.12035015F);
  EXPECT_FLOAT_EQ(table[1][21].item<float>(), 8.227066F);
  EXPECT_EQ(table.narrow(0, 0, 21).narrow(1, 0, 21).sum().item<float>(), 21);
  EXPECT_EQ(table[20].sum().item<float>(), 1);
  EXPECT_EQ(table[21].abs().sum().item<float>(), 0);
  EXPECT_EQ(table.narrow(0, 0, 20).narrow(1, 21, 19).sum(0).abs().lt(1e-4).all().item<bool>(), true) << "components are centred";
}

/// Published data have none; rows of other lengths get a symbol for what is not there.
TEST(Nn4dms, PaddingIsASymbolWhereThereIsSome) {
  const auto padded = make("nn4dms_fc", testing::code_view({"AB", "U-"}, 21))->frozen();
  const at::Tensor table = padded[0].tensor;
  ASSERT_EQ(table.sizes(), (std::vector<std::int64_t>{22, 41}));
  EXPECT_EQ(table.narrow(1, 0, 22).sum().item<float>(), 22);
  EXPECT_EQ(table[21][21].item<float>(), 1);
  EXPECT_EQ(table[21].abs().sum().item<float>(), 1);
  EXPECT_FLOAT_EQ(table[0][22].item<float>(), -0.12035015F);
}

TEST(Nn4dms, OtherSymbolsAreOneHotAlone) {
  const View view = testing::code_view({"ABCD", "DCBA"}, 4);
  EXPECT_EQ(make("nn4dms_fc", view)->frozen()[0].tensor.size(1), 4);
  EXPECT_NE(message_of([&] { make("nn4dms_fc", view, {{"encoding", std::string("one_hot,aa_index")}}); })
                .find("nn4dms_fc: 'encoding' is \"one_hot,aa_index\""), std::string::npos);
}

TEST(Nn4dms, ConvolutionsThatLeaveNoPositionAreRefused) {
  const View view = testing::code_view({"ABCDABCDAB"}, 4);  // 10: five convolutions of 3 need 11
  EXPECT_EQ(message_of([&] { make("nn4dms_cnn", view); }),
            "nn4dms_cnn: 5 'layers' with a 'kernel' of 3 leave none of 10 positions");
}

class Contacts : public ::testing::Test {
 protected:
  /// The message without the folder; "" where the file is read.
  [[nodiscard]] std::string refusal(const std::string& text) const {
    const auto path = temp_.path() / "contacts.tsv";
    write_file_atomically(path, text);
    const std::string message = message_of([&] { static_cast<void>(models::read_contacts(path, 5)); });
    const std::string folder = temp_.path().string() + "/";
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }
  TempFolder temp_;
};

TEST_F(Contacts, AreReadInAnyOrder) {
  EXPECT_EQ(refusal("# note\n3\t1\n0\t4\n"), "");
  EXPECT_EQ(models::read_contacts(temp_.path() / "contacts.tsv", 5),
            (std::vector<models::Contact>{{0, 4}, {1, 3}}));
}

TEST_F(Contacts, MalformedLinesAreRefusedAtTheirPlace) {
  EXPECT_EQ(refusal("0\t1\n0 2\n"), "contacts.tsv:2: expected two positions with a tab between them, got '0 2'");
  EXPECT_EQ(refusal("0\t1\t2\n"), "contacts.tsv:1: expected two positions with a tab between them, got '0?1?2'");
  EXPECT_EQ(refusal("0\t\n"), "contacts.tsv:1: expected two positions with a tab between them, got '0?'");
  EXPECT_EQ(refusal("\n0\t1\n"), "contacts.tsv:1: expected two positions with a tab between them, got ''");
  EXPECT_EQ(refusal("# note\n0\t5\n"), "contacts.tsv:2: position 5 is not one of 0 to 4");
  EXPECT_EQ(refusal("-1\t2\n"), "contacts.tsv:1: position -1 is not one of 0 to 4");
  EXPECT_EQ(refusal("2\t2\n"), "contacts.tsv:1: position 2 against itself");
  EXPECT_EQ(refusal("1\t2\n2\t1\n"), "contacts.tsv:2: 1 and 2 a second time");
  EXPECT_EQ(refusal("# note\n"), "contacts.tsv: no contacts");
  EXPECT_EQ(refusal(""), "contacts.tsv: no contacts");
}

TEST_F(Contacts, MeansAreOverNeighbours) {
  const at::Tensor means = models::mean_over_contacts({{0, 1}, {1, 2}}, 4);
  EXPECT_EQ(means[1][0].item<float>(), 0.5F);
  EXPECT_EQ(means[0][1].item<float>(), 1);
  EXPECT_EQ(means[0][0].item<float>(), 0);
  EXPECT_EQ(means[3].sum().item<float>(), 0);
  EXPECT_EQ(models::chain_contacts(4, 2), (std::vector<models::Contact>{{0, 1}, {0, 2}, {1, 2}, {1, 3}, {2, 3}}));
}

TEST_F(Contacts, OfAvgfpFitItsLength) {
  const std::string path = SEQBENCH_SOURCE_DIR "/models/nn4dms/contacts/avgfp.tsv";
  EXPECT_EQ(models::read_contacts(path, kResidues).size(), 848u);
  const View view = testing::code_view({std::string(kResidues, 'A'), std::string(kResidues, 'B')}, 21);
  const auto chain = make("nn4dms_gcn", view);
  const auto structure = make("nn4dms_gcn", view, {{"contacts", std::vector<std::string>{path}}});
  const std::vector<std::int64_t> rows = {0, 1};
  EXPECT_FALSE(at::equal(chain->forward(chain->collate(view, rows), {}), structure->forward(structure->collate(view, rows), {})));
}

TEST(Tape, TokensAreItsVocabulary) {
  EXPECT_EQ(models::tape::tokens_of("AIKZ"), (std::vector<std::int64_t>{2, 5, 13, 14, 29, 3}));
  EXPECT_EQ(models::tape::tokens_of("*J"), (std::vector<std::int64_t>{2, 4, 4, 3}));
  EXPECT_EQ(models::tape::tokens_of("AIKZ", 5), (std::vector<std::int64_t>{2, 5, 13, 14, 3}));
  EXPECT_EQ(models::tape::tokens_of("AIKZ", 2), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(models::tape::tokens_of(""), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(message_of([] { static_cast<void>(models::tape::tokens_of("Aa")); }),
            "tape: 'a' is no amino acid: expected A to Z, or * for a stop");
}

/// Counted on the published code with its defaults.
TEST(Tape, FullSizesAreThePublished) {
  const View view = proteins({"A"});
  const auto number = [](std::int64_t value) { return ParamValue(value); };
  EXPECT_EQ(size_of("tape_transformer", view, {{"layers", number(12)}, {"width", number(768)}, {"heads", number(12)}, {"feed_forward", number(3072)}}),
            92'283'139);
  EXPECT_EQ(size_of("tape_lstm", view, {{"layers", number(3)}, {"width", number(1024)}, {"embedding", number(128)}}), 44'619'530);
  const Values resnet = {{"layers", number(30)}, {"width", number(512)}, {"pooler", std::string("attention")}};
  EXPECT_EQ(size_of("tape_resnet", view, resnet), 47'790'084);
}

/// What the published pooler computes needs no weights of attention.
TEST(Tape, TheSummingPoolerHasNoWeightsForIt) {
  const View view = proteins({"A"});
  EXPECT_EQ(size_of("tape_resnet", view, {{"pooler", std::string("attention")}}) - size_of("tape_resnet", view), 48 + 1);
}

TEST(Tape, NormsOfOtherNamesDecayAsInItsCode) {
  const View view = proteins({"A"});
  const auto transformer = make("tape_transformer", view), resnet = make("tape_resnet", view);
  EXPECT_FALSE(transformer->decays("bert.embeddings.LayerNorm.weight"));
  EXPECT_FALSE(transformer->decays("bert.pooler.dense.bias"));
  EXPECT_TRUE(transformer->decays("predict.value_prediction.main.0.weight_g"));
  EXPECT_TRUE(resnet->decays("resnet.encoder.layer.0.bn1.norm.weight"));
}

/// The head starts as if its weights were not normed.
TEST(Tape, NormedWeightsStartAtTheirOwnNorm) {
  const auto network = make("tape_transformer", proteins({"A"}));
  const auto named = [&](const std::string& name) {
    for (const NamedTensor& one : network->parameters()) {
      if (one.name == "predict.value_prediction.main.0." + name) return one.tensor.detach();
    }
    return at::Tensor();
  };
  EXPECT_TRUE(at::allclose(named("weight_g"), named("weight_v").norm()));
}

}  // namespace
}  // namespace seqbench
