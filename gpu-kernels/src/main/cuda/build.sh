#!/bin/sh
# Compiles each .cu of a folder to OUT/kernels/NAME.fatbin.  usage: build.sh SOURCES OUT ARCHS [NVCC-OPTIONS]
# ARCHS: comma-separated, such as 80,90a; "ptx" adds PTX of compute_80, which the driver compiles for any later device.
# Without nvcc nothing is built and the build goes on: the CUDA backend then says so.
set -eu
sources=$1 out=$2/kernels archs=$3 options=${4-}
include=$(cd "$(dirname "$0")" && pwd)/include
state=$2/../$(basename "$2")-kernels.txt

for candidate in "${CUDA_HOME:-/nowhere}/bin/nvcc" "$(command -v nvcc || true)" /usr/local/cuda/bin/nvcc; do
  [ -x "$candidate" ] && nvcc=$candidate && break
done
if [ -z "${nvcc-}" ]; then
  echo "kernels: no nvcc (CUDA_HOME, PATH, /usr/local/cuda): left out of this build"
  exit 0
fi

targets=
for arch in $(echo "$archs" | tr , ' '); do
  case $arch in
    ptx) targets="$targets -gencode arch=compute_80,code=compute_80" ;;
    *) targets="$targets -gencode arch=compute_$arch,code=sm_$arch" ;;
  esac
done
# No -lineinfo: it writes this machine's paths into the jar; give it as an option to profile.
flags="-fatbin --threads 0 -O3 -std=c++17 -Werror all-warnings $options$targets"

mkdir -p "$out"
# Another compiler or other flags make everything stale, a header every kernel.
stamp="$("$nvcc" --version | tail -n 1) $flags"
[ "$(cat "$state" 2>/dev/null)" = "$stamp" ] || { rm -f "$out"/*.fatbin; echo "$stamp" >"$state"; }
newest=$(ls -t "$include"/*.cuh 2>/dev/null | head -n 1)
stale=
for source in "$sources"/*.cu; do
  [ -e "$source" ] || continue
  name=$(basename "$source" .cu)
  fatbin=$out/$name.fatbin
  if [ ! -e "$fatbin" ] || [ "$source" -nt "$fatbin" ] || { [ -n "$newest" ] && [ "$newest" -nt "$fatbin" ]; }; then
    stale="$stale $name"
  fi
done
# Kernels whose source is gone.
for fatbin in "$out"/*.fatbin; do
  [ -e "$sources/$(basename "$fatbin" .fatbin).cu" ] || rm -f "$fatbin"
done
for name in $stale; do
  echo "kernels: $name"
  # Written beside and renamed: a build that is stopped leaves no half of a kernel.
  (cd "$sources" && "$nvcc" $flags -I "$include" -o "$out/$name.part" "$name.cu")
  mv "$out/$name.part" "$out/$name.fatbin"
done
echo "archs $archs" >"$out/index.txt"
