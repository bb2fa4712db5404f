# shellcheck shell=bash
# Sourced. A stand-in for the base image where no registry can be reached: a minimal Debian 12
# that trusts what this machine trusts and has the CPU build of torch where its pip will look.

base_import() {
    [ -f "$WORK/base.tar" ] || base_make
    docker image inspect "$BASE_IMAGE" >/dev/null 2>&1 || docker import \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
        "$WORK/base.tar" "$BASE_IMAGE" >/dev/null
}

base_make() {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null
    rm -rf "$WORK/wheels"
    "$PYTHON" -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 \
        --dest "$WORK/wheels" "$TORCH"
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\nfind-links = /srv/wheels\n' \
        >"$WORK/pip.conf"
    mmdebstrap --quiet --format=tar --variant=minbase --include=ca-certificates,python3,python3-venv \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' \
        --customize-hook="copy-in $WORK/pip.conf /etc" \
        --customize-hook="copy-in $WORK/wheels /srv" \
        bookworm "$WORK/base.tar.new" "$(debian_archive)" </dev/null
    mv "$WORK/base.tar.new" "$WORK/base.tar"
}
