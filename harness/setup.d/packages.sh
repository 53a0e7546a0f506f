# shellcheck shell=bash disable=SC2154,SC2034  # variables are those of harness/setup
# Part of harness/setup: system packages.

package_list() {
  local system='' files
  # shellcheck source=/dev/null
  system=$(. /etc/os-release 2>/dev/null && echo "${ID:-}-${VERSION_ID:-}") || true
  files=("$parts/packages.$system.txt")
  [ -e "${files[0]}" ] || files=("$parts/packages.debian.txt")
  if [ "$tests" = 1 ] || [ -n "${bundle:-}" ]; then files+=("$parts/packages.tests.txt"); fi
  sed -e 's/#.*//' -e '/^$/d' "${files[@]}" | sort -u
}

missing_packages() {
  local wanted
  wanted=$(package_list)
  # shellcheck disable=SC2086  # one word a package
  comm -23 <(printf '%s\n' "$wanted") \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $wanted 2>/dev/null | awk '$2 == "installed" {print $1}' | sort -u)
}

# Sets as_root: nothing, or sudo. Fails where neither root nor sudo is at hand.
become_root() {
  as_root=()
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; } && as_root=(sudo)
}

# Packages that may stay away.
try_apt() {
  local as_root
  become_root && apt_install "$@"
}

install_packages() {
  local missing as_root
  command -v dpkg-query >/dev/null || fail 2 "no dpkg here: install the equivalents of these, then run" \
    "harness/setup --no-packages:" "$(package_list | paste -sd' ')"
  missing=$(missing_packages | paste -sd' ')
  [ -n "$missing" ] || return 0
  become_root || fail 2 "these packages are missing, and neither root nor sudo is at hand; run as root:" \
    "apt-get update && apt-get install --no-install-recommends $missing"
  # shellcheck disable=SC2086
  step "installing packages: $missing" apt_install $missing
}

apt_install() {
  local log=build/setup.apt.log apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  { "${as_root[@]}" "${apt[@]}" update && "${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "$@"; } \
    >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; return 1; }
}
