#!/bin/sh
# Makes one archive from which SLIM audit is installed where there is no network: build/slim-audit-VERSION-PLATFORM.tar.
# Needs the environment of `.ci/setup dev`; downloads the packages of requirements.lock into build/wheels, once.
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
cd "$repository"
python=$repository/.venv/bin/python
pip() { "$python" -m pip --disable-pip-version-check "$@" --quiet; }

version=$("$python" -c 'import slim_cli; print(slim_cli.__version__)')
platform=$("$python" -c 'import platform, sys; print("%s-%s-cp%d%d" % (platform.system().lower(), platform.machine(), *sys.version_info[:2]))')
name=slim-audit-$version-$platform
folder=build/$name

mkdir -p build/wheels
pip download --require-hashes --no-deps --only-binary :all: --find-links build/wheels --dest build/wheels -r requirements.lock
rm -rf "$folder" build/dist
mkdir -p "$folder/wheels" "$folder/fonts"
pip wheel --no-deps --no-build-isolation --wheel-dir build/dist .
sed -n 's/^\([^#=]*\)==.*sha256:\([0-9a-f]*\)$/\2/p' requirements.lock | sort >build/locked
(cd build/wheels && sha256sum ./*.whl) | sort | join -o 2.2 build/locked - | while read -r wheel; do
    ln "build/wheels/$wheel" "$folder/wheels/" 2>/dev/null || cp "build/wheels/$wheel" "$folder/wheels/"
done
cp build/dist/*.whl "$folder/wheels/"
cp requirements.lock packaging/install.sh LICENSE "$folder/"
cp packaging/BUNDLE.md "$folder/README.md"
sed -n 's/^needed="\(.*\)"$/\1/p' .ci/setup | tr ' ' '\n' >"$folder/system-packages.txt"
cp /usr/share/fonts/truetype/dejavu/*.ttf /usr/share/doc/fonts-dejavu-core/copyright "$folder/fonts/"
"$python" packaging/sbom.py "$folder/slim-audit-$version.cdx.json"
(cd "$folder" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
LC_ALL=C tar --create --file "build/$name.tar" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --directory build "$name"
rm -r "$folder"
(cd build && sha256sum "$name.tar" | tee "$name.tar.sha256")
