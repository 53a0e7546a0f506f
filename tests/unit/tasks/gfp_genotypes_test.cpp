#include "tasks/gfp_fluorescence/genotypes.h"

#include <gtest/gtest.h>

namespace seqbench::tasks::gfp_fluorescence {
namespace {

std::string fault(std::string_view text) {
  const auto parsed = parse_genotype(text);
  const auto* message = std::get_if<std::string>(&parsed);
  return message ? *message : "";
}

std::vector<Mutation> mutations(std::string_view text) { return std::get<std::vector<Mutation>>(parse_genotype(text)); }

TEST(GfpGenotypes, ParsesAndFormats) {
  const auto parsed = mutations("SA108D:SN144D");
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[0].position, 108u);
  EXPECT_EQ(parsed[0].residue, 'D');
  EXPECT_EQ(parsed[1].position, 144u);
  EXPECT_EQ(format_genotype(parsed), "SA108D:SN144D");
  EXPECT_EQ(format_genotype(mutations("SN144D:SA108D")), "SA108D:SN144D");  // by position
  EXPECT_TRUE(mutations("").empty());
  EXPECT_EQ(mutations("SS0*").front().residue, '*');
  EXPECT_EQ(mutations("SK236A").front().position, 236u);
}

TEST(GfpGenotypes, SequenceHasTheMutationsAndNothingElse) {
  EXPECT_EQ(sequence_of({}), kWildType);
  const std::string sequence = sequence_of(mutations("SA108D:SN144*"));
  ASSERT_EQ(sequence.size(), kWildType.size());
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    EXPECT_EQ(sequence[i], i == 108 ? 'D' : i == 144 ? '*' : kWildType[i]) << i;
  }
}

TEST(GfpGenotypes, SaysWhyOneIsMalformed) {
  const std::string form =
      " is not a mutation, which is S, wild-type residue, position from 0, new residue, as in SA108D";
  for (const char* text : {"A108D", "SA108", "SA108DD", "SA108X", "SA108d", "SAD", "SA-1D", "SA 1D", "junk"}) {
    EXPECT_EQ(fault(text), "\"" + std::string(text) + "\"" + form);
  }
  EXPECT_EQ(fault("SA108D:"), "\"\"" + form);
  EXPECT_EQ(fault("SA108D,SN144D"), "\"SA108D,SN144D\"" + form);
  EXPECT_EQ(fault("SA237D"), "\"SA237D\": the position must be from 0 to 236");
  EXPECT_EQ(fault("SA9999999999D"), "\"SA9999999999D\": the position must be from 0 to 236");
  EXPECT_EQ(fault("SC108D"), "\"SC108D\": the wild type has A at position 108");
  EXPECT_EQ(fault("SA108A"), "\"SA108A\" changes nothing");
  EXPECT_EQ(fault("SA108D:SN144D:SA108E"), "position 108 is mutated twice");
}

TEST(GfpGenotypes, StopRules) {
  EXPECT_EQ(apply(stop_rule("keep"), "AC*DE*F"), "AC*DE*F");
  EXPECT_EQ(apply(stop_rule("delete"), "AC*DE*F"), "ACDEF");
  EXPECT_EQ(apply(stop_rule("truncate"), "AC*DE*F"), "AC");
  EXPECT_EQ(apply(stop_rule("truncate"), "ACDE"), "ACDE");
}

}  // namespace
}  // namespace seqbench::tasks::gfp_fluorescence
