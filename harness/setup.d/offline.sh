# shellcheck shell=bash disable=SC2154,SC2034  # variables are those of harness/setup
# Part of harness/setup: bundles for machines without network.

make_bundle() {
  local python=.venv/bin/python  # one with pip, which a bare system has in virtual environments alone
  if [ ! -x .venv/bin/pip ]; then
    python=build/pip/bin/python
    [ -x build/pip/bin/pip ] || python3 -m venv --clear build/pip || fail 4 "no virtual environment can be made"
  fi
  step "collecting a bundle in $bundle" "$python" "$parts/bundle.py" make "$bundle"
}

# What draws figures, unpacked: neither pip nor a network is needed.
unpack_wheels() {
  local wheel packages
  for wheel in "$offline"/wheels/*.whl; do
    [ -e "$wheel" ] || { say "no wheel in the bundle: reports will have no pictures"; return 0; }
    [ -x .venv/bin/python ] || python3 -m venv --without-pip .venv || { say "no venv here: reports will have no pictures"; return 0; }
    packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    .venv/bin/python -m zipfile -e "$wheel" "$packages"
  done
  can_draw || say "the wheel does not fit this Python: reports will have no pictures"
}

use_bundle() {
  local program
  for program in cmake ninja g++; do
    command -v $program >/dev/null || fail 2 "$program is missing here; cmake 3.25 or later and ninja come with pip too"
  done
  python3 "$parts/bundle.py" verify "$offline" || exit 2
  printf '%s\n' "$offline" >build/offline  # later calls, also from ./seqbench, use it again
  can_draw || unpack_wheels
}
