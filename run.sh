#!/bin/sh
# Installs and builds when needed, then starts the router:
#   ./run.sh demo                   three simulated engines and a router in front of them
#   ./run.sh                        the real thing with the shipped config.yaml
#   ./run.sh -config my.yaml ...    the real thing; arguments are those of bin/llm-router
# LLM_ROUTER_RUNTIME=bun in the environment runs it on Bun instead of Node.
set -eu

self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=$(dirname "$self")/$link ;;
  esac
done
root=$(cd "$(dirname "$self")" && pwd -P)
. "$root/tools/install.sh"

# True when a source is newer than the bundle; a folder's own time tells of removed files.
stale() {
  [ -f "$root/dist/main.js" ] && [ -f "$root/dist/worker.js" ] || return 0
  newer=$(cd "$root" && find src package.json package-lock.json tools/build.ts \
    -newer dist/main.js -print | head -n 1)
  [ -n "$newer" ]
}

path=$PATH
install_packages
if stale; then
  echo "Building dist/ ..." >&2
  (cd "$root" && node tools/build.ts >&2)
fi
# The launcher chooses the Node itself, from the user's own PATH.
PATH=$path

[ $# -gt 0 ] || set -- -config "$root/config.yaml"
exec "$root/bin/llm-router" "$@"
