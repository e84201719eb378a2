#!/usr/bin/env bash
# Everything there is to check and to measure on a GPU, in one command that goes on after a failure:
#     OUT=rows benchmarks/gpu.sh [--parts A,B] [--seconds N] [--interpret] [--tiny] [--wheels FOLDER] [--python PYTHON]
# It installs nothing but wheels from FOLDER, and writes under $OUT alone: parts.log, one log a part, rows as jsonl; the
# tables' rows and checkpoints lie in $RESULTS, by default $OUT/results, and are copied there where it is elsewhere.
# --parts runs some of the parts below, in their order; --seconds is the time for all of them together: a part gets what
# is left, and one that has none is told. Where a machine is lent for minutes, call it part by part:
#     RESULTS=/tmp/rows OUT=a benchmarks/gpu.sh --parts tables --seconds 570     as often as there is time
# --interpret runs Triton's interpreter on a CPU, --tiny the smallest sizes: both to try this script itself.
set -uo pipefail
cd "$(dirname "$0")/.."
PARTS=(environment equal scan gated mingru matrix native autocast digit-sum scale tables)
usage="--parts (of $(IFS=,; echo "${PARTS[*]}")), --seconds N, --interpret, --tiny, --wheels FOLDER, --python PYTHON"
python=python3 wheels="" tiny="" interpret="" chosen="" seconds=""
while (($#)); do
    case "$1" in
        --interpret) interpret=--interpret; export TRITON_INTERPRET=1 ;;
        --tiny) tiny=--tiny ;;
        --parts) chosen="${2:?--parts needs names joined by commas}"; shift ;;
        --seconds) seconds="${2:?--seconds needs a number}"; shift ;;
        --wheels) wheels="${2:?--wheels needs a folder}"; shift ;;
        --python) python="${2:?--python needs a program}"; shift ;;
        *) echo "gpu.sh: unknown argument $1; expected $usage" >&2; exit 2 ;;
    esac
    shift
done
[[ "$seconds" =~ ^[0-9]*$ ]] || { echo "gpu.sh: --seconds $seconds; expected a whole number" >&2; exit 2; }
for name in ${chosen//,/ }; do
    [[ " ${PARTS[*]} " == *" $name "* ]] || { echo "gpu.sh: unknown part $name; expected $usage" >&2; exit 2; }
done
out="${OUT:-benchmarks/results/gpu}" results="${RESULTS:-${OUT:-benchmarks/results/gpu}/results}"
mkdir -p "$out" "$results"
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 WANDB_MODE=offline RNNZOO_CACHE="${RNNZOO_CACHE:-/tmp/rnnzoo-gpu}"
if [ -n "$wheels" ]; then
    site="$(mktemp -d)"
    "$python" -m pip install -q --no-index --no-deps --target "$site" "$wheels"/*.whl && export PYTHONPATH="$PYTHONPATH:$site"
fi

# part NAME SECONDS COMMAND...: run it, if it is wanted, for that long at most, or what is left; its end is told in
# parts.log. LIMIT in the command is that time.
part() {
    local name="$1" limit="$2" begin=$SECONDS code=0
    shift 2
    [[ -z "$chosen" || ",$chosen," == *",$name,"* ]] || return 0
    ((left = ${seconds:-limit + SECONDS} - SECONDS, limit = left < limit ? left : limit)) || true
    if ((limit < 10)); then
        echo "$name: no time left" | tee -a "$out/parts.log"
        return 0
    fi
    printf '\n== %s (at most %s s)\n' "$name" "$limit"
    timeout --kill-after=10 "$limit" "${@//LIMIT/$limit}" 2>&1 | tee "$out/$name.log" | tail -n "${LINES_SHOWN:-25}"
    code=${PIPESTATUS[0]}
    printf '%s: %s after %s s\n' "$name" "$( ((code)) && echo "failed ($code)" || echo done)" $((SECONDS - begin)) | tee -a "$out/parts.log"
}

measure() { part "$1" "$2" "$python" benchmarks/gpu/measure.py "$1" --out "$out" $tiny $interpret; }
: > "$out/parts.log"
part environment 120 "$python" benchmarks/gpu/environment.py $interpret
part equal 300 "$python" benchmarks/gpu/equal.py $tiny $interpret
measure scan 120
measure gated 240
measure mingru 90
measure matrix 240
measure native 90
measure autocast 90
part precision 420 "$python" benchmarks/gpu/precision.py --out "$out" $tiny $([ -n "$interpret" ] && echo --cpu)
part digit-sum 420 "$python" -m rnnzoo.cli bench run digit-sum --layers peephole_lstm --seeds 1 ${tiny:+--quick} \
    --results "$results" --out "$out/report" $([ -z "$interpret" ] && echo --precision bf16-mixed)
[ -n "$interpret" ] || part scale 570 "$python" benchmarks/gpu/scale.py $tiny
part tables 570 "$python" benchmarks/gpu/tables.py --seconds LIMIT --results "$results" --out "$out/report" $tiny $interpret
mkdir -p "$out/results"
[ "$results" -ef "$out/results" ] || cp -r "$results/." "$out/results/"
printf '\n'; cat "$out/parts.log"
! grep -q failed "$out/parts.log"
