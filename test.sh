#!/bin/sh
# Runs everything continuous integration runs; the last line is "N passed, N failed".
#   ./test.sh                   everything
#   ./test.sh src/http1         the tests below a path
#   ./test.sh typecheck tidy    single steps (tools/test-runner.ts lists them)
set -eu

root=$(cd "$(dirname "$0")" && pwd -P)
cd "$root"
. tools/install.sh

# What tests run beside the router: measures of the benches, a browser, ssh, a terminal. Where they
# cannot be installed the tests that need them skip themselves, and this says so.
install_debian_packages() {
  programs="nginx:nginx-light wrk:wrk chromium:chromium sshd:openssh-server tmux:tmux ip:iproute2"
  missing=
  for pair in $programs; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] ||
      missing="$missing ${pair#*:}"
  done
  if [ -z "$missing" ]; then return 0; fi
  if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "notice: not here:$missing; the tests that need them will be skipped."
    return 0
  fi
  echo "Installing$missing ..."
  # Debian starts a server when it installs one; this file tells it not to.
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy"; fi
  if [ -n "$policy" ]; then chmod +x "$policy"; fi
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of words
  if ! { timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive \
    timeout 300 apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    echo "notice: apt-get could not install$missing; the tests that need them will be skipped."
    tail -n 3 "$log"
  fi
  rm -f "$log"
  if [ -n "$policy" ]; then rm -f "$policy"; fi
}

install_packages
if [ $# -eq 0 ]; then install_debian_packages; fi
exec node tools/test-runner.ts "$@"
