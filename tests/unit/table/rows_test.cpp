// Rows, examples and views of declared tasks.
#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/table/support.h"

namespace seqbench {
namespace {

using test::Declared;
using Numbers = std::vector<double>;
using Texts_ = std::vector<std::string>;

constexpr const char* kSequence =
    "[columns]\nid = \"id\"\nsequence = \"seq\"\nlabel = \"y\"\n[views]\nalphabet = \"dna\"\nkmer = 2\n";

std::vector<float> row_of(const Dataset& data, const char* view, std::int64_t row) {
  const View found = data.view(view);
  const at::Tensor values = std::get<DenseView>(found.data).gather(std::span(&row, 1));
  return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

TEST(TableRows, SequencesBecomeTextCodesAndWords) {
  const Declared declared;
  declared.declare(kSequence);
  declared.write("mine.csv", "id,seq,y\na,acgt,1.5\nb,AAN,-2\n");
  const auto data = declared.load();
  EXPECT_EQ(data->examples().ids, (Texts_{"a", "b"}));
  EXPECT_EQ(data->examples().targets, (Numbers{1.5, -2}));
  EXPECT_TRUE(std::get<TextView>(data->view("dna").data).rows == Texts({"ACGT", "AAN"}));
  const View one_hot = data->view("one_hot");
  const auto& codes = std::get<CodeView>(one_hot.data);
  EXPECT_EQ(codes.symbols, 5);
  const auto* cells = codes.codes.const_data_ptr<std::uint8_t>();
  EXPECT_EQ(std::vector<int>(cells, cells + 8), (std::vector<int>{0, 1, 2, 3, 0, 0, 4, 5}));
  EXPECT_EQ(codes.lengths.const_data_ptr<std::int64_t>()[1], 3);
  const std::vector<float> first = row_of(*data, "kmer_counts", 0), second = row_of(*data, "kmer_counts", 1);
  ASSERT_EQ(first.size(), 16u);
  EXPECT_FLOAT_EQ(first[1], 1.0F / 3);   // AC
  EXPECT_FLOAT_EQ(first[11], 1.0F / 3);  // GT
  EXPECT_FLOAT_EQ(second[0], 1);         // AA; AN is no word
}

TEST(TableRows, FeaturesComeInTheOrderOfThePatternsAndTheFile) {
  const Declared declared;
  declared.declare("[columns]\nid = \"x_id\"\nfeatures = [\"gc\", \"x_*\"]\nlabel = \"y\"\nweight = \"w\"\n");
  declared.write("mine.csv", "x_id,x_a,y,gc,x_b,w\na,1,0.5,7,2,3\nb,4,0.25,8,5,0.5\n");
  const auto data = declared.load();
  EXPECT_EQ(row_of(*data, "features", 0), (std::vector<float>{7, 1, 2}));
  EXPECT_EQ(row_of(*data, "features", 1), (std::vector<float>{8, 4, 5}));
  EXPECT_EQ(data->examples().weights, (Numbers{3, 0.5}));
}

TEST(TableRows, LabelsOfTwoClasses) {
  const Declared declared;
  declared.declare("[columns]\nid = \"id\"\nsentence = \"s\"\nlabel = \"y\"\n[label]\npositive = \"yes\"\n", "binary");
  declared.write("mine.csv", "id,s,y\na,\"one, two\",yes\nb,three,no\n");
  const auto data = declared.load();
  EXPECT_EQ(data->examples().targets, (Numbers{1, 0}));
  EXPECT_EQ(std::get<TextView>(data->view("sentence").data).rows[0], "one, two");
  declared.write("mine.csv", "id,s,y\na,x,yes\nb,x,no\nc,x,No\n");
  EXPECT_NE(declared.refusal().find("mine.csv:4: the label \"y\" must be \"yes\" or \"no\", got \"No\""), std::string::npos) << declared.refusal();
  declared.write("mine.csv", "id,s,y\na,x,yes\nb,x,yes\n");
  EXPECT_NE(declared.refusal().find("every \"y\" is the same"), std::string::npos);
}

TEST(TableRows, TransformsPartsGroupsAndFields) {
  const Declared declared;
  declared.declare(
      "slices = [\"n\"]\n[columns]\nid = \"id\"\nfeatures = [\"x\"]\nlabel = \"y\"\ngroup = \"g\"\nsplit = \"part\"\nfields = [\"n\", "
      "\"t\"]\n[label]\ntransform = \"log10(x+1)\"\n[split]\ntest = [\"hold\"]\n");
  declared.write("mine.csv", "id,x,y,g,part,n,t\na,1,9,1,train,3,u\nb,1,99,2,hold,4,v\nc,1,0,2,validation,5,1\n");
  const auto data = declared.load();
  const Examples& e = data->examples();
  EXPECT_EQ(e.targets, (Numbers{1, 2, 0}));
  EXPECT_EQ(e.published_split, (std::vector<Part>{Part::kTrain, Part::kTest, Part::kValidation}));
  EXPECT_EQ(std::get<Texts_>(e.fields.at("g")), (Texts_{"1", "2", "2"}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(e.fields.at("n")), (std::vector<std::int64_t>{3, 4, 5}));
  EXPECT_EQ(std::get<Texts_>(e.fields.at("t")), (Texts_{"u", "v", "1"}));
}

TEST(TableRows, ASplitWithoutValidationGivesATenthOfTrain) {
  const Declared declared;
  std::string text = "id,x,y,g,part\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("s{},1,{},g{},{}\n", i, i, i / 10, i % 4 == 0 ? "test" : "train");
  declared.write("mine.csv", text);
  const std::string columns = "[columns]\nid = \"id\"\nfeatures = [\"x\"]\nlabel = \"y\"\nsplit = \"part\"\n";
  declared.declare(columns);
  const auto data = declared.load();
  EXPECT_EQ(std::ranges::count(data->examples().published_split, Part::kTest), 250);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(data->examples().published_split, Part::kValidation)), 75, 30);
  declared.declare(columns + "group = \"g\"\n");
  const auto grouped = declared.load();
  const auto& groups = std::get<Texts_>(grouped->examples().fields.at("g"));
  std::map<std::string, std::set<Part>> parts;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (grouped->examples().published_split[i] != Part::kTest) parts[groups[i]].insert(grouped->examples().published_split[i]);
  }
  EXPECT_TRUE(std::ranges::all_of(parts, [](const auto& group) { return group.second.size() == 1; }));
  EXPECT_GT(grouped->examples().counts.at("validation cut from train"), 0);
}

TEST(TableRows, AnIdWithoutAColumnIsTheContents) {
  const Declared declared;
  declared.declare("[columns]\nfeatures = [\"x\"]\nlabel = \"y\"\n");
  declared.write("mine.csv", "x,y,note\n1,2,p\n3,4,q\n1,2,r\n");
  const auto data = declared.load();
  ASSERT_EQ(data->examples().rows(), 2);
  EXPECT_EQ(data->examples().counts.at("duplicates"), 1);
  const Texts_ ids = data->examples().ids;
  declared.write("mine.csv", "note,y,x\nz,4,3\nz,2,1\n");  // other order, other unread cells
  const Texts_ turned = declared.load()->examples().ids;
  EXPECT_EQ(turned[0].size(), 17u);
  declared.write("mine.csv", "x,y,note\n3,4,z\n1,2,z\n");
  EXPECT_EQ(declared.load()->examples().ids, (Texts_{ids[1], ids[0]}));
}

TEST(TableRows, FastaWithKeysInItsHeaders) {
  const Declared declared;
  declared.declare("[columns]\nlabel = \"y\"\ngroup = \"family\"\n[views]\nalphabet = \"protein\"\n", "regression", "mine.fa");
  declared.write("mine.fa", ">a y=1.5 family=f1\nMK\nTX\n>b family=f2 y=2 more words\nmk*\n");
  const auto data = declared.load();
  EXPECT_EQ(data->examples().ids, (Texts_{"a", "b"}));
  EXPECT_EQ(data->examples().targets, (Numbers{1.5, 2}));
  EXPECT_TRUE(std::get<TextView>(data->view("protein").data).rows == Texts({"MKTX", "MK*"}));
  EXPECT_EQ(std::get<CodeView>(data->view("one_hot").data).symbols, 21);
  declared.write("mine.fa", ">a y=1.5 family=f1\nMK\n>b y=2\nMK\n");
  EXPECT_NE(declared.refusal().find("mine.fa:3: the header has no family=VALUE"), std::string::npos) << declared.refusal();
}

TEST(TableRows, FastaWithATableOfLabels) {
  const Declared declared;
  declared.declare("labels = \"labels.tsv\"\n[columns]\nid = \"name\"\nlabel = \"y\"\nfeatures = [\"x_*\"]\n[views]\nalphabet = \"dna\"\n",
                   "regression", "mine.fasta");
  declared.write("mine.fasta", ">b\nAC\n>a\nGT\n");
  declared.write("labels.tsv", "name\ty\tx_1\na\t1\t5\nb\t2\t6\n");
  EXPECT_EQ(declared.load()->examples().targets, (Numbers{2, 1}));
  EXPECT_EQ(row_of(*declared.load(), "features", 0), (std::vector<float>{6}));
  declared.write("labels.tsv", "name\ty\tx_1\na\t1\t5\n");
  EXPECT_NE(declared.refusal().find("mine.fasta:1: record \"b\" has no row in"), std::string::npos) << declared.refusal();
  declared.write("labels.tsv", "name\ty\tx_1\na\t1\t5\nb\t2\t6\nc\t2\t6\n");
  EXPECT_NE(declared.refusal().find("labels.tsv:4: no record of"), std::string::npos) << declared.refusal();
  declared.write("labels.tsv", "name\ty\tx_1\na\t1\t5\na\t2\t6\n");
  EXPECT_NE(declared.refusal().find("labels.tsv:3: \"a\" is there already, at line 2"), std::string::npos) << declared.refusal();
}

struct Broken {
  const char* csv;
  const char* says;
};

TEST(TableRows, BrokenFilesAreRefusedAtTheirLine) {
  const Declared declared;
  declared.declare(
      "[columns]\nid = \"id\"\nsequence = \"seq\"\nlabel = \"y\"\nweight = \"w\"\nsplit = \"part\"\n[label]\ntransform = "
      "\"log2\"\n[views]\nalphabet = \"dna\"\n");
  const std::string header = "id,seq,y,w,part\n", good = "a,ACGT,1,1,train\n";
  declared.write("mine.csv", header + good);
  EXPECT_EQ(declared.refusal(), "");
  for (const Broken& broken : {Broken{"", "no row follows the header"},
                               {"a,ACGT,1,1,train\na,ACGT,1,1,test\n", "mine.csv:3: the id \"a\" is there already, at line 2"},
                               {",ACGT,1,1,train\n", "mine.csv:2: an id has 1 to 200"},
                               {"a\tb,ACGT,1,1,train\n", "mine.csv:2: an id has"},
                               {"a,,1,1,train\n", "mine.csv:2: the sequence is empty"},
                               {"a,AC-T,1,1,train\n", "mine.csv:2: \"-\" at position 3 of the sequence is no letter of DNA"},
                               {"a,ACGT,,1,train\n", "mine.csv:2: the label \"y\" must be a finite number, got \"\""},
                               {"a,ACGT,nan,1,train\n", "got \"nan\""},
                               {"a,ACGT,0,1,train\n", "mine.csv:2: the label \"y\" is 0, which log2 does not take"},
                               {"a,ACGT,1,0,train\n", "mine.csv:2: \"w\" must be above 0, got 0"},
                               {"a,ACGT,1,x,train\n", "mine.csv:2: \"w\" must be a finite number, got \"x\""},
                               {"a,ACGT,1,1,dev\n", "mine.csv:2: \"dev\" is none of test, train, validation"},
                               {"\xFF,ACGT,1,1,train\n", "mine.csv:2: \"id\" is not valid UTF-8"},
                               {"a,ACGT,1,1\n", "mine.csv:2: 4 cells, the header has 5"}}) {
    declared.write("mine.csv", header + broken.csv);
    EXPECT_NE(declared.refusal().find(broken.says), std::string::npos) << broken.csv << "\n" << declared.refusal();
  }
  declared.write("mine.csv", "id,sequ,y,w,part\n");
  EXPECT_NE(declared.refusal().find("mine.csv:1: no column \"seq\", nearest: \"sequ\"; the header is"), std::string::npos) << declared.refusal();
  declared.write("mine.csv", "id,seq,y,y,w,part\n");
  EXPECT_NE(declared.refusal().find("mine.csv:1: more than one column \"y\""), std::string::npos);
}

TEST(TableRows, ASliceHasFewValues) {
  const Declared declared;
  declared.declare("slices = [\"n\"]\n[columns]\nid = \"id\"\nfeatures = [\"x\"]\nlabel = \"y\"\nfields = [\"n\"]\n");
  std::string text = "id,x,y,n\n";
  for (int i = 0; i < 201; ++i) text += std::to_string(i) + ",1," + std::to_string(i) + "," + std::to_string(i) + "\n";
  declared.write("mine.csv", text);
  EXPECT_NE(declared.refusal().find("the slice \"n\" has 201 values"), std::string::npos) << declared.refusal();
}

}  // namespace
}  // namespace seqbench
