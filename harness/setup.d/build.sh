# shellcheck shell=bash disable=SC2154,SC2034  # variables are those of harness/setup
# Part of harness/setup: configure and build a preset.

cached() { sed -n "s/^$1:[A-Z]*=//p" "build/$preset/CMakeCache.txt" 2>/dev/null; }

configure() {
  local options=(-DSEQBENCH_TORCH="$torch") log=build/$preset.configure.log
  if [ -n "$offline" ]; then
    options+=(-DSEQBENCH_BUNDLE="$offline" -DCMAKE_PREFIX_PATH="$offline" -DSEQBENCH_CURL=OFF
              -DCMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES="$offline/include")
  fi
  if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  tied cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
}

# A job of a heavy target takes up to 1.5 GB.
jobs_that_fit() {
  local by_memory
  by_memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  echo $((by_memory < 1 ? 1 : by_memory < $(nproc) ? by_memory : $(nproc)))
}

compile() {
  NINJA_STATUS='[%f/%t, %e s] ' tied ninja -C "build/$preset" -j "$(jobs_that_fit)" </dev/null |
    { grep --line-buffered -v -e '^ninja: Entering' -e '^ninja: no work' -e 'Re-checking globbed' || true; }
}

configure_preset() {
  if [ "$(cached SEQBENCH_BUNDLE)" != "$offline" ]; then rm -f "build/$preset/CMakeCache.txt"; fi
  if [ ! -e "build/$preset/build.ninja" ] || [ "$(cached SEQBENCH_TORCH)" != "$torch" ]; then
    step "configuring $preset with LibTorch at $torch" configure
  fi
}

build_preset() {
  local begun=$SECONDS stamp=build/$preset/setup.stamp
  mkdir -p reports/out  # the first report would make the folder above it newer than the stamp
  touch "$stamp.new"    # before the build: what is edited during it counts as newer
  compile || fail 4 "the build of $preset failed"
  mv "$stamp.new" "$stamp"
  if [ $((SECONDS - begun)) -ge 3 ]; then say "build/$preset is up to date after $((SECONDS - begun)) s"; fi
}
