#!/bin/sh
# The steps of action.yml: key, install, check, gate, report, comment. Inputs come in SLA_… variables, so that no text of a user is run
# as a command. A test runs them without GitHub.
set -eu

here=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
tool=${RUNNER_TEMP:?}/sla-harness

sla() { "$tool/node_modules/.bin/sla-harness" "$@"; }

# Built from this checkout: the compiler alone is needed for it, not the packages of the sentiment service.
build() {
  version=$(node -p "require('$here/package.json').devDependencies.typescript")
  npm install --prefix "$tool/compiler" --no-audit --no-fund --silent "typescript@$version" >&2
  node "$here/scripts/package/build-alone.ts" "$tool/compiler/node_modules/.bin/tsc" "$tool/package"
  (cd "$tool" && npm pack --silent "$tool/package")
}

install() {
  mkdir -p "$tool/compiler"
  package=${SLA_PACKAGE:-}
  [ -n "$package" ] || package=$tool/$(build)
  npm install --prefix "$tool" --no-audit --no-fund --silent "$package"
  sla --version
}

# Changes with the versions of k6 and of the packages. The runner's own hashFiles sees the workspace only.
key() {
  echo "key=$(cat "$here/package-lock.json" "$here/scripts/tools/specs.ts" | cksum | tr ' ' '-')" >>"$GITHUB_OUTPUT"
}

# The inputs as arguments; SLA_ARGUMENTS has one per line.
gate() {
  set -- gate --sla "$SLA_DOCUMENT" --target "$SLA_TARGET_URL" --prometheus "$SLA_PROMETHEUS_URL"
  [ -z "${SLA_SCRIPT:-}" ] || set -- "$@" --script "$SLA_SCRIPT"
  [ -z "${SLA_SCENARIO:-}" ] || set -- "$@" --scenario "$SLA_SCENARIO"
  while IFS= read -r argument; do
    [ -z "$argument" ] || set -- "$@" "$argument"
  done <<EOF
${SLA_ARGUMENTS:-}
EOF
  before=$(readlink runs/latest 2>/dev/null || :)
  code=0
  sla "$@" || code=$?
  echo "exit-code=$code" >>"$GITHUB_OUTPUT"
  # A gate that refused its input started no run: then the latest one is not of this job.
  after=$(readlink runs/latest 2>/dev/null || :)
  [ "$after" = "$before" ] || echo "run=runs/$after" >>"$GITHUB_OUTPUT"
  return "$code"
}

report() {
  [ -n "${SLA_RUN:-}" ] && [ -f "$SLA_RUN/summary.md" ] || return 0
  sla ci summary "$SLA_RUN"
  sla ci annotate "$SLA_RUN" --sla "$SLA_DOCUMENT"
}

comment() {
  # Without a run of this job, a folder that does not exist: the comment then says that there is no verdict.
  sla ci comment "${SLA_RUN:-runs/none}" --key "$SLA_COMMENT_NAME" --exit-code "$SLA_EXIT_CODE"
}

case ${1:-} in
  key | install | gate | report | comment) "$1" ;;
  check) sla ci check "$SLA_DOCUMENT" ;;
  *)
    echo 'usage: ci/steps.sh key|install|check|gate|report|comment' >&2
    exit 2
    ;;
esac
