#!/bin/sh
# Runs everything continuous integration runs; the last line is "N passed, N failed".
#   ./test.sh                   everything
#   ./test.sh src/http1         the tests below a path
#   ./test.sh typecheck tidy    single steps (tools/test-runner.ts lists them)
set -eu

root=$(cd "$(dirname "$0")" && pwd -P)
cd "$root"
. tools/install.sh

# nginx and wrk serve only as the measure of the benches: their absence is a notice, not a failure.
install_debian_packages() {
  if command -v nginx >/dev/null 2>&1 && command -v wrk >/dev/null 2>&1; then
    return 0
  fi
  if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "notice: no nginx or wrk here; the comparing benches will be skipped."
    return 0
  fi
  echo "Installing nginx-light and wrk ..."
  # Debian starts a server when it installs one; this file tells it not to.
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy"; fi
  if [ -n "$policy" ]; then chmod +x "$policy"; fi
  log=$(mktemp)
  if ! { timeout 120 apt-get update && DEBIAN_FRONTEND=noninteractive \
    timeout 300 apt-get install -y --no-install-recommends nginx-light wrk; } >"$log" 2>&1; then
    echo "notice: apt-get could not install them; the comparing benches will be skipped."
    tail -n 3 "$log"
  fi
  rm -f "$log"
  if [ -n "$policy" ]; then rm -f "$policy"; fi
}

install_packages
if [ $# -eq 0 ]; then install_debian_packages; fi
exec node tools/test-runner.ts "$@"
