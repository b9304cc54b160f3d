# Sourced by run.sh and test.sh; expects $root. Installs the locked packages when they are missing
# or older than the lockfile, and puts the pinned Node and the tools first in PATH. Says nothing
# when there is nothing to do.

install_packages() {
  stamp=$root/node_modules/.package-lock.json
  if [ ! -f "$stamp" ] || [ "$root/package-lock.json" -nt "$stamp" ]; then
    command -v npm >/dev/null 2>&1 || {
      echo "$(basename "$0"): npm is needed to install the packages; install Node.js first." >&2
      exit 1
    }
    echo "Installing packages (npm ci) ..." >&2
    # Dev and optional packages also where NODE_ENV or the user's npm settings leave them out:
    # the bundler is one, the pinned Node the other. `loglevel=error` hides the advice about the
    # old system Node, which does no harm here.
    (cd "$root" && npm ci --include=dev --include=optional --loglevel=error >&2)
    touch "$stamp"
  fi
  PATH=$root/node_modules/.bin:$PATH
  export PATH
}
