# shellcheck shell=bash
# Sourced. A Docker Engine for this build: one that answers already, or one of our own below
# $WORK, beside the system and without a bridge or firewall rules, stopped again at the end.
# Wants Debian 12 and root. Sets DOCKER_HOST, DOCKER_CONFIG and PATH.

ENGINE_PID=

engine_up() {
    command -v docker >/dev/null && docker info >/dev/null 2>&1 && return
    [ -x "$WORK/engine/usr/sbin/dockerd" ] || engine_unpack
    export PATH="$WORK/engine/usr/bin:$WORK/engine/usr/sbin:$PATH"
    export DOCKER_HOST="unix://$WORK/docker.sock" DOCKER_CONFIG="$WORK/config"
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    ln -sf "$WORK"/engine/usr/libexec/docker/cli-plugins/* "$DOCKER_CONFIG/cli-plugins/"
    trap engine_down EXIT
    dockerd --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
        --storage-driver=overlay2 --data-root "$WORK/data" --exec-root "$WORK/exec" \
        --pidfile "$WORK/docker.pid" --host "$DOCKER_HOST" >"$WORK/dockerd.log" 2>&1 &
    ENGINE_PID=$!
    timeout 60 bash -c 'until docker info; do sleep 0.3; done' >/dev/null 2>&1 ||
        { tail -20 "$WORK/dockerd.log" >&2; return 1; }
}

engine_down() {
    [ -n "$ENGINE_PID" ] || return 0
    kill "$ENGINE_PID" && wait "$ENGINE_PID" || true
    umount "$WORK"/exec/netns/* 2>/dev/null || true
    [ -n "${TTA_KEEP_IMAGES:-}" ] || rm -rf "$WORK/data" "$WORK/exec"
}

# Debian 12's own Engine has no buildx; that of Debian 13 runs here too, with the runc of Debian 12.
engine_unpack() {
    local packages="$WORK/packages" options archive
    apt-get update -qq
    archive=$(debian_archive)
    apt-get install -y -qq --no-install-recommends runc iptables >/dev/null
    mkdir -p "$packages"/lists/partial "$packages"/archives/partial "$WORK/engine"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" \
        >"$packages/sources.list"
    options=(-o Dir::Etc::SourceList="$packages/sources.list" -o Dir::Etc::SourceParts=-
        -o Dir::State::Lists="$packages/lists" -o Dir::State::Status=/dev/null
        -o Dir::Cache="$packages" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" -qq update
    (cd "$packages" && apt-get "${options[@]}" -qq download \
        containerd docker-buildx docker-cli docker.io)
    for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$WORK/engine"; done
}

debian_archive() {
    # shellcheck disable=SC2016 # apt fills this in
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' |
        sed -n 1p
}
