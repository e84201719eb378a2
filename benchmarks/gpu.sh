#!/usr/bin/env bash
# Everything there is to check and to measure on a GPU, in one command that goes on after a failure:
#     OUT=rows benchmarks/gpu.sh [--interpret] [--tiny] [--wheels FOLDER] [--python PYTHON]
# It installs nothing but wheels from FOLDER, and writes under $OUT alone: parts.log, one log a part, rows as jsonl.
# --interpret runs Triton's interpreter on a CPU, --tiny the smallest sizes: both to try this script itself.
set -uo pipefail
cd "$(dirname "$0")/.."
python=python3 wheels="" tiny="" interpret=""
while (($#)); do
    case "$1" in
        --interpret) interpret=--interpret; export TRITON_INTERPRET=1 ;;
        --tiny) tiny=--tiny ;;
        --wheels) wheels="${2:?--wheels needs a folder}"; shift ;;
        --python) python="${2:?--python needs a program}"; shift ;;
        *) echo "gpu.sh: unknown argument $1; expected --interpret, --tiny, --wheels FOLDER, --python PYTHON" >&2; exit 2 ;;
    esac
    shift
done
out="${OUT:-benchmarks/results/gpu}"
mkdir -p "$out"
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 WANDB_MODE=offline RNNZOO_CACHE="${RNNZOO_CACHE:-/tmp/rnnzoo-gpu}"
if [ -n "$wheels" ]; then
    site="$(mktemp -d)"
    "$python" -m pip install -q --no-index --no-deps --target "$site" "$wheels"/*.whl && export PYTHONPATH="$PYTHONPATH:$site"
fi

# part NAME SECONDS COMMAND...: run it for that long at most; its end is told in parts.log.
part() {
    local name="$1" limit="$2" begin=$SECONDS code=0
    shift 2
    printf '\n== %s (at most %s s)\n' "$name" "$limit"
    timeout --kill-after=10 "$limit" "$@" 2>&1 | tee "$out/$name.log" | tail -n "${LINES_SHOWN:-25}"
    code=${PIPESTATUS[0]}
    printf '%s: %s after %s s\n' "$name" "$( ((code)) && echo "failed ($code)" || echo done)" $((SECONDS - begin)) | tee -a "$out/parts.log"
}

measure() { part "$1" "$2" "$python" benchmarks/gpu/measure.py "${@:3}" --out "$out" $tiny $interpret; }
: > "$out/parts.log"
part environment 120 "$python" benchmarks/gpu/environment.py $interpret || true
part equal 300 "$python" benchmarks/gpu/equal.py $tiny $interpret
measure scan 120 scan
measure gated 240 gated
measure mingru 90 mingru
measure native 90 native
measure autocast 90 autocast
part digit-sum 420 "$python" -m rnnzoo.cli bench run digit-sum --layers peephole_lstm --seeds 1 ${tiny:+--quick} \
    --results "$out/results" --out "$out/report" $([ -z "$interpret" ] && echo --precision bf16-mixed)
printf '\n'; cat "$out/parts.log"
! grep -q failed "$out/parts.log"
