/**
 * What runs on a node, as POSIX shell text for `sh -s`: looking around, starting, watching,
 * stopping. Nothing needs to be installed there but a shell, /proc and the usual small tools.
 *
 * State: one folder a service, `<state dir>/<host name>/<id>`, with `state` (first line: pid, start
 * time in clock ticks, boot id, seconds since 1970; second line: the service as JSON), `run.sh` and
 * `log`. Beside them `lock`, while a deployment works on the node. The process that becomes the
 * engine writes the first line itself before it does, so there is no engine without a state, even
 * when the connection ends at a bad moment.
 *
 * Invariant: a signal goes only to a process whose pid, start time and boot id are those of the
 * state, or to members of the session it leads; pids are used again, all three together are not.
 */
import { type EngineCommand, quoted } from './engine-command.ts';

const STATE_DIR = '~/.llm-router/deploy';
/** More of a log than this a look goes into the next look. */
const LOOK_BYTES = 65_536;

const PRELUDE = `
set -u
# What is written here is for its user only; what the engine writes is as it would be.
engine_umask=$(umask)
umask 077
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo none)
case $root in
  '~/'*) root=$HOME/\${root#'~/'} ;;
  /*) ;;
  *) root=$HOME/$root ;;
esac
root=$root/$(uname -n)

# Of a process: st, session, started; fails when it is gone.
look() {
  { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 1
  line=\${line##*) }
  set -- $line
  st=$1 session=$4 started=\${20}
}

# Of a service folder: pid, start, its_boot, since.
load() {
  pid=0 start=0 its_boot=none since=0
  { read -r pid start its_boot since < "$root/$1/state"; } 2>/dev/null
}

alive() {
  [ "$its_boot" = "$boot" ] && look "$pid" && [ "$started" = "$start" ] && [ "$st" != Z ]
}

# Members of the session that the loaded service leads or led. Where its pid is now somebody
# else's there are none.
members() {
  [ "$its_boot" = "$boot" ] && [ "$pid" -gt 1 ] || return 0
  if look "$pid" && [ "$started" != "$start" ]; then return 0; fi
  for entry in /proc/[0-9]*; do
    member=\${entry#/proc/}
    if look "$member" && [ "$session" = "$pid" ] && [ "$st" != Z ] &&
      [ "$started" -ge "$start" ]; then printf '%s ' "$member"; fi
  done
}
`;

const FACTS = `
echo "@boot $boot"
if command -v nvidia-smi >/dev/null 2>&1; then
  nvidia-smi --query-gpu=index,uuid,memory.used --format=csv,noheader,nounits | sed 's/^/@gpu /'
  nvidia-smi --query-compute-apps=gpu_uuid,pid --format=csv,noheader | sed 's/^/@app /'
else
  echo '@no-gpus'
fi
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep ' 0A ' | sed 's/^/@tcp /'
for name in $pythons; do
  case $name in
    '~/'*) path=$HOME/\${name#'~/'} ;;
    *) path=$name ;;
  esac
  found=
  case $path in
    */*)
      if [ -d "$path" ]; then path=$path/bin/python; fi
      if [ -x "$path" ]; then found=$path; fi
      ;;
    python | python[0-9]*) found=$(command -v "$path" || true) ;;
    *)
      base=$(command -v conda 2>/dev/null) && base=$(dirname "$(dirname "$base")")
      if [ -n "\${CONDA_EXE:-}" ]; then base=$(dirname "$(dirname "$CONDA_EXE")"); fi
      for conda in "$base" "$HOME/anaconda3" "$HOME/miniconda3" "$HOME/miniforge3" \\
        "$HOME/mambaforge" /opt/conda /opt/anaconda3 /opt/miniconda3 /opt/miniforge3 \\
        /usr/local/anaconda3 /usr/local/miniconda3; do
        if [ -n "$conda" ] && [ -x "$conda/envs/$path/bin/python" ]; then
          found=$conda/envs/$path/bin/python
          break
        fi
      done
      ;;
  esac
  echo "@python $name $found"
done
for folder in "$root"/*/; do
  id=$(basename "$folder")
  [ -f "$folder/state" ] || continue
  load "$id"
  if alive; then life=alive; else life=dead; fi
  if [ "$life" = dead ] && [ -n "$(members)" ]; then life=orphaned; fi
  echo "@service $life $pid $since $(sed -n 2p "$folder/state")"
done
echo @end
`;

/** Prints what the node looks like; `parseFacts` reads it. */
export function factsScript(stateDir: string, pythons: readonly string[]): string {
  // They are words of the shell's list here, which a fleet's checks keep free of blanks.
  return `${begin(stateDir)}pythons=${quoted(pythons.join(' '))}\n${PRELUDE}${FACTS}`;
}

/**
 * Starts a service detached, in a session of its own. Prints `@started PID`, or `@refused` and why:
 * it runs already, or it did not come to its first line.
 */
export function startScript(
  stateDir: string,
  service: { readonly id: string; readonly command: EngineCommand },
): string {
  const { id } = service;
  return `${begin(stateDir)}id=${quoted(id)}
${PRELUDE}
dir=$root/$id
refuse() { echo "@refused $*"; exit 0; }
mkdir -p "$dir" || refuse "cannot make the folder $dir"
find "$dir/starting" -maxdepth 0 -mmin +1 -exec rmdir {} \\; 2>/dev/null
mkdir "$dir/starting" 2>/dev/null || refuse 'another start of it is under way'
trap 'rmdir "$dir/starting"' EXIT
load "$id"
if alive; then refuse "it runs already (pid $pid)"; fi
if [ -n "$(members)" ]; then refuse "processes of its last run are left: $(members)"; fi
rm -f "$dir/state"
if [ -f "$dir/log" ]; then mv -f "$dir/log" "$dir/log.1"; fi
: > "$dir/log"
cat > "$dir/record" <<'LLM_ROUTER_END'
${JSON.stringify(service)}
LLM_ROUTER_END
cat > "$dir/run.sh" <<'LLM_ROUTER_END'
${runScript(service.command)}
LLM_ROUTER_END
${removal(service.command)}setsid sh "$dir/run.sh" "$dir" "$engine_umask" \\
  </dev/null >>"$dir/log" 2>&1 &
tries=0
while [ ! -f "$dir/state" ] && [ $tries -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.05
done
load "$id"
if [ "$pid" -le 0 ]; then refuse "it ended at once: $(tail -n 1 "$dir/log")"; fi
echo "@started $pid"
`;
}

/** A container of the same name is a leftover of the same service. */
function removal({ runtime, container }: EngineCommand): string {
  return runtime === '' ? '' : `${runtime} rm -f ${quoted(container)} >/dev/null 2>&1\n`;
}

/** $1 is the service's folder, $2 the engine's umask. Ends by becoming the engine. */
function runScript({ argv, env, workdir }: EngineCommand): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const program = argv[0]!;
  // As activating an environment does: the engine compiles kernels with tools beside its Python.
  const slash = program.lastIndexOf('/');
  if (slash > 0) exports.push(`PATH=${quoted(program.slice(0, slash))}:$PATH`);
  return `dir=$1
engine_umask=$2
cd ${homePath(workdir)} || exit 1
${exports.join('\n')}
read -r stat < /proc/$$/stat
set -- \${stat##*) }
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo none)
{ echo "$$ \${20} $boot $(date +%s)"; cat "$dir/record"; } > "$dir/state.new"
mv "$dir/state.new" "$dir/state"
umask "$engine_umask"
exec ${argv.map(quoted).join(' ')}`;
}

/** A folder for a shell; `~/` and nothing mean the home folder. */
function homePath(path: string): string {
  if (path === '' || path === '~') return '"$HOME"';
  return path.startsWith('~/') ? `"$HOME"/${quoted(path.slice(2))}` : quoted(path);
}

/**
 * Prints `@locked` when nobody else works on the node, `@held SECONDS WHO`, or `@refused` and why.
 * A lock that nobody has touched for two minutes is taken over.
 */
export function lockScript(
  stateDir: string,
  { id, who }: { readonly id: string; readonly who: string },
): string {
  return `${begin(stateDir)}${PRELUDE}
lock=$root/lock
mkdir -p "$root" || { echo "@refused cannot make the folder $root"; exit 0; }
# One at a time, or the second would take away what the first has just taken.
find "$lock.taking" -maxdepth 0 -mmin +2 -exec rmdir {} \\; 2>/dev/null
if mkdir "$lock.taking" 2>/dev/null; then
  if [ -n "$(find "$lock" -maxdepth 0 -mmin +2 2>/dev/null)" ]; then rm -rf "$lock"; fi
  rmdir "$lock.taking"
fi
if mkdir "$lock" 2>/dev/null; then
  echo "${id} ${who} $(date +%s)" > "$lock/owner"
  echo @locked
else
  its_id= who=somebody since=$(date +%s)
  { read -r its_id who since < "$lock/owner"; } 2>/dev/null
  echo "@held $(($(date +%s) - since)) $who"
fi
`;
}

/** Prints `@kept`, or `@lost` when somebody else took the lock over. */
export function touchLockScript(stateDir: string, id: string): string {
  return `${ownLock(stateDir, id)}
if [ "$its_id" = "$id" ] && touch "$root/lock"; then echo @kept; else echo @lost; fi
`;
}

export function unlockScript(stateDir: string, id: string): string {
  return `${ownLock(stateDir, id)}
if [ "$its_id" = "$id" ]; then rm -rf "$root/lock"; fi
rmdir "$root" 2>/dev/null
`;
}

function ownLock(stateDir: string, id: string): string {
  return `${begin(stateDir)}${PRELUDE}
id=${quoted(id)} its_id=
{ read -r its_id who since < "$root/lock/owner"; } 2>/dev/null`;
}

/** A service and how much of its log has been read, in bytes. */
export interface LogPosition {
  readonly id: string;
  readonly offset: number;
}

/**
 * For each service `@look ID alive|dead SIZE BYTES` and so many bytes of its log from the offset on
 * (a negative one counts from the end), then a line break.
 */
export function lookScript(stateDir: string, positions: readonly LogPosition[]): string {
  const calls = positions.map(({ id, offset }) => `report ${quoted(id)} ${offset}`);
  return `${begin(stateDir)}${PRELUDE}
report() {
  load "$1"
  if alive; then life=alive; else life=dead; fi
  log=$root/$1/log
  size=$(wc -c 2>/dev/null < "$log" || echo 0)
  size=$((size))
  from=$2
  if [ "$from" -lt 0 ]; then from=$((size + from)); fi
  if [ "$from" -lt 0 ]; then from=0; fi
  bytes=$((size - from))
  if [ $bytes -lt 0 ]; then bytes=0; fi
  if [ $bytes -gt ${LOOK_BYTES} ]; then bytes=${LOOK_BYTES}; fi
  echo "@look $1 $life $((from + bytes)) $bytes"
  if [ $bytes -gt 0 ]; then tail -c "+$((from + 1))" "$log" 2>/dev/null | head -c $bytes; fi
  echo
}
${calls.join('\n')}
`;
}

export interface StopOrder {
  readonly ids: readonly string[];
  /** Between TERM and KILL. */
  readonly graceMs: number;
  /** Whether the folder goes too: after a stop, but not before a start. */
  readonly forget: boolean;
}

/** Prints `@stopped ID term|kill|gone|stuck` for each. */
export function stopScript(stateDir: string, order: StopOrder): string {
  const { ids, graceMs, forget } = order;
  return `${begin(stateDir)}ids=${quoted(ids.join(' '))}
${PRELUDE}
container_of() {
  sed -n '2s/.*"runtime":"\\(docker\\|podman\\)".*/\\1/p' "$root/$1/state" 2>/dev/null
}
told=' '
for id in $ids; do
  load "$id"
  if alive; then
    # Not every shell takes "--" here.
    kill -TERM "-$pid" 2>/dev/null
    told="$told$id "
  else
    for member in $(members); do
      kill -TERM "$member" 2>/dev/null
      told="$told$id "
    done
  fi
done
deadline=$(($(date +%s) + ${Math.ceil(graceMs / 1000)}))
for id in $ids; do
  load "$id"
  case $told in *" $id "*) how=term ;; *) how=gone ;; esac
  while [ -n "$(members)" ] && [ "$(date +%s)" -le $deadline ]; do sleep 0.1; done
  for member in $(members); do kill -KILL "$member" 2>/dev/null; how=kill; done
  runtime=$(container_of "$id")
  # It may outlive the client that was told to end it.
  if [ -n "$runtime" ]; then "$runtime" rm -f "llm-router-$id" >/dev/null 2>&1; fi
  tries=0
  while [ $tries -lt 50 ] && [ -n "$(members)" ]; do tries=$((tries + 1)); sleep 0.1; done
  if [ -n "$(members)" ]; then
    how=stuck
  elif ${forget ? 'true' : 'false'}; then
    rm -rf "$root/$id"
    rmdir "$root" 2>/dev/null
  fi
  echo "@stopped $id $how"
done
`;
}

function begin(stateDir: string): string {
  return `root=${quoted(stateDir === '' ? STATE_DIR : stateDir)}\n`;
}
