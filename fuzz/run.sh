#!/usr/bin/env bash
# Fuzzes one target, or all one after the other: fuzz/run.sh [TARGET|all] [SECONDS]
#
# Needs cargo-fuzz (cargo install --locked cargo-fuzz) and a C++ compiler; any toolchain will do, for there is no unsafe
# code to watch. What is found new goes into target/, what is kept is in corpus/.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:-all} seconds=${2:-600}
[ "$target" = all ] && targets=$(cargo fuzz list --fuzz-dir .) || targets=$target
for target in $targets; do
  new=target/corpus/$target
  mkdir -p "$new"
  printf '\n== %s, %s seconds\n' "$target" "$seconds"
  cargo fuzz run --fuzz-dir . --sanitizer none "$target" "$new" "corpus/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
