// ESM-2 (Lin et al. 2023): protein language models with rotary positions.
#include "models/pretrained/entry.h"
#include "models/pretrained/esm_layout.h"

namespace seqbench {

SEQBENCH_MODEL(esm2) { return models::pretrained_entry<&models::esm2_family>(); }

}  // namespace seqbench
