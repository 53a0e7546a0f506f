#include "harness/train/recording.h"

namespace seqbench::train {

MakeRecording recorder_on(at::Device) { return {}; }

}  // namespace seqbench::train
