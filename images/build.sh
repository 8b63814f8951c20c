#!/bin/sh
# Build the images and run each one's test inside it, without a network, on a read-only root.
#   images/build.sh [--archive FOLDER]
# With --archive each image is also kept as FOLDER/<name>-<hash of its content>.tar; one that is there is not
# built again. Says "<archive> <image>" on stdout, a line an image; all else goes to stderr.
# Variables: BASE (an image, or "local": made with mmdebstrap), ENGINE (docker, buildah), PREFIX, TAG,
# IMAGES (names), SOURCE (where the source is published).
# shellcheck disable=SC2046,SC2016,SC2012 # words are split on purpose; another shell expands; the names are ours
set -eu
cd "$(dirname "$0")/.."
archives=""
if [ "${1:-}" = --archive ]; then
    mkdir -p "$2"
    archives=$(cd "$2" && pwd)
fi
base=${BASE:-python:3.11-slim-bookworm}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
revision=$(git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null) || revision=unknown
published() { # where the source is: the remote as an https address with nobody's name in it, else the project's own
    git config --get remote.origin.url 2>/dev/null | sed -n \
        -e 's#^https://\([^/]*@\)\{0,1\}#https://#p;t' \
        -e 's#^ssh://\([^/]*@\)\{0,1\}\([^/:]*\)\(:[0-9]*\)\{0,1\}/#https://\2/#p;t' \
        -e 's#^\([^/:]*@\)\{0,1\}\([^/:@]*\):/\{0,1\}\([^/]\)#https://\2/\3#p' | grep . ||
        sed -n '/^\[project\.urls\]/,/^$/s#^[^=]*= *"\(https://[^"@]*\)".*#\1#p' pyproject.toml | head -n 1
}
SOURCE=${SOURCE:-$(published)}
[ -n "$SOURCE" ] || echo "No label says where the source is published: give SOURCE=https://... /" \
    "Aucune étiquette ne dit où la source est publiée : donnez SOURCE=https://..." >&2
if [ -z "${ENGINE:-}" ]; then
    if docker info >/dev/null 2>&1; then ENGINE=docker; else ENGINE=buildah; fi
fi
command -v "$ENGINE" >/dev/null || {
    echo "Docker or Buildah is needed (Debian: apt-get install buildah). / Il faut Docker ou Buildah." >&2
    exit 1
}
scratch=$(mktemp -d)
container=""
finish() {
    [ -z "$container" ] || buildah rm "$container" >/dev/null
    rm -rf "$scratch" "${archives:-$scratch}"/*.tar.$$
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

build() { # options and context of a build
    case $ENGINE in
    buildah) buildah bud --layers --format docker --isolation chroot --quiet "$@" >&2 ;;
    *) DOCKER_BUILDKIT=1 docker build --quiet "$@" >&2 ;;
    esac
}

secret() { # id, then files of which the first that exists is shown to the build; it stays out of the image
    id=$1
    shift
    for file in "$@"; do
        if [ -f "$file" ]; then
            echo "--secret id=$id,src=$file"
            return
        fi
    done
}

local_base() { # Debian of this month: security updates come with the next one
    base=localhost/odatis-vre/base:$(date +%Y-%m)
    "$ENGINE" inspect "$base" >/dev/null 2>&1 && return
    command -v mmdebstrap >/dev/null || {
        echo "BASE=local needs mmdebstrap: apt-get install mmdebstrap. / BASE=local demande mmdebstrap." >&2
        exit 1
    }
    echo "$base" >&2
    mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates,tini \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        bookworm "$scratch/root.tar" >&2
    printf 'FROM scratch\nADD root.tar /\n' >"$scratch/Dockerfile"
    build --tag "$base" "$scratch"
}

content() { # a hash of what the image is made of: its folder, and what its Dockerfile copies
    {
        echo "${BASE:-} $1 $2"
        find .dockerignore images/build.sh images/checks.py "images/$1" \
            $(sed -n '/--from/d; s/^COPY \(.*\) [^ ]*$/\1/p' "images/$1/Dockerfile") \
            -type f ! -path '*/__pycache__/*' ! -path '*/.ipynb_checkpoints/*' -print0 |
            LC_ALL=C sort -zu | xargs -0 sha256sum
    } | sha256sum | cut -c 1-16
}

labelled() { # what the image says of itself is what it was built from
    for label in "version=$version" "revision=$revision" "source=$SOURCE"; do
        "$ENGINE" inspect "$1" | grep -qF "\"org.opencontainers.image.${label%%=*}\": \"${label#*=}\"" || {
            echo "$1 has not the label $label" >&2
            exit 1
        }
    done
}

# As in a pod: user 1000, no capabilities, a read-only root, an empty /tmp and home.
test_inside() {
    program=/check/images/$1/test.py
    if [ "$ENGINE" = docker ]; then
        home=$(docker inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$2" | sed -n 's/^HOME=//p')
        docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges \
            --tmpfs /tmp:uid=1000,gid=1000 --tmpfs "$home:uid=1000,gid=1000" --env PYTHONPATH=/check/images \
            --volume "$PWD/images:/check/images:ro" --volume "$PWD/requirements:/check/requirements:ro" \
            "$2" python3 -B "$program" "$version" >&2
        return
    fi
    container=$(buildah from --pull-never "$2")
    unshare --net --mount sh -c 'ip link set lo up && exec "$@"' - \
        buildah run --isolation chroot --user 0 --cap-add CAP_SYS_ADMIN --env PYTHONPATH=/check/images \
        --volume "$PWD/images:/check/images:ro" --volume "$PWD/requirements:/check/requirements:ro" \
        "$container" -- sh -ec 'test ! -e /root/.cache -a ! -e /root/.npm
            mount -o remount,bind,ro /
            for folder in /tmp "$HOME"; do mount -t tmpfs -o mode=1777 tmpfs "$folder"; done
            cd "$HOME"
            exec setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set -all --no-new-privs \
                tini -s -- python3 -B "$@"' - "$program" "$version" >&2
    buildah rm "$container" >/dev/null
    container=""
}

keep() { # image, archive: whole or not at all
    case $ENGINE in
    buildah) buildah push --quiet "$1" "docker-archive:$2.$$:$1" >&2 ;;
    *) docker save --output "$2.$$" "$1" ;;
    esac
    mv "$2.$$" "$2"
}

for name in ${IMAGES:-notebook hub gateway proxy}; do
    image=${PREFIX-odatis-vre/}$name:${TAG:-$version}
    archive=""
    if [ -n "$archives" ]; then
        archive=$archives/$name-$(content "$name" "$image").tar
        if [ -f "$archive" ]; then
            touch "$archive"
            echo "$archive $image"
            continue
        fi
    fi
    if [ "$base" = local ]; then local_base; fi
    # The labels are said twice: Buildah takes a layer of an earlier build for a label whose words are the same
    # in the Dockerfile, whatever they stand for.
    build --file "images/$name/Dockerfile" --tag "$image" \
        --label "org.opencontainers.image.version=$version" \
        --label "org.opencontainers.image.revision=$revision" \
        --label "org.opencontainers.image.source=$SOURCE" \
        --build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
        --build-arg "SOURCE=$SOURCE" --build-arg "PIP_INDEX_URL=${PIP_INDEX_URL:-}" \
        $(secret pip "${PIP_CONFIG_FILE:-}" "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf" /etc/pip.conf) \
        $(secret certificates "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt) \
        $(secret npm "${NPM_CONFIG_USERCONFIG:-}" "$HOME/.npmrc") .
    labelled "$image"
    test_inside "$name" "$image"
    echo "$image, tested, $("$ENGINE" images --format '{{.Size}}' "$image")" >&2
    if [ -n "$archive" ]; then
        # Two earlier ones stay, for other checkouts; more would fill the disk.
        ls -t "$archives/$name"-*.tar 2>/dev/null | tail -n +3 | xargs -r rm --
        keep "$image" "$archive"
        echo "$archive $image"
    fi
done
