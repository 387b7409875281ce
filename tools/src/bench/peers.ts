/**
 * The commands of other projects, as the shell runs them: in a folder with `packages/`, `Dockerfile`, `register` and
 * `qemu-binfmt-conf.sh`. $1 is the registry, $2 the base's repository there; the rest are platforms.
 * docs/benchmarks.md shows these texts.
 */

/** The seeds' image as it has to be written today: Debian has no QEMU package whose files are named -static. */
export const DOCKERFILE = `ARG BASE
FROM $BASE
COPY . /
ENV QEMU_BIN_DIR=/usr/bin
ENTRYPOINT ["/register"]
`;

/** The same for an index of several platforms at once. */
export const MULTI_DOCKERFILE = `ARG BASE
FROM $BASE
ARG TARGETARCH
COPY $TARGETARCH/ /
ENV QEMU_BIN_DIR=/usr/bin
ENTRYPOINT ["/register"]
`;

/** The seeds' entry point, before QEMU's own script. */
export const REGISTER = `#!/bin/sh
[ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
if [ "$1" = --reset ]; then
  shift
  find /proc/sys/fs/binfmt_misc -type f -name 'qemu-*' -exec sh -c 'echo -1 > {}' \\;
fi
exec /qemu-binfmt-conf.sh --qemu-suffix -static --qemu-path "$QEMU_BIN_DIR" "$@"
`;

const UNPACK = `unpack() {
  rm -rf unpacked "$2"
  mkdir -p unpacked "$2/usr/bin"
  dpkg-deb -x "packages/$1-emulators.deb" unpacked
  for file in unpacked/usr/bin/qemu-*; do
    [ -L "$file" ] || mv "$file" "$2/usr/bin/\${file##*/}-static"
  done
  dpkg-deb -x "packages/$1-shell.deb" "$2"
  cp register qemu-binfmt-conf.sh "$2/"
}
name() { echo "\${1#linux/}" | tr / -; }
registry=$1
shift`;

export const DOCKER = `${UNPACK}
images=
for platform; do
  name=$(name "$platform")
  unpack "$name" context
  docker build --platform "$platform" --build-arg "BASE=$registry/base:$name" --file Dockerfile --tag "$registry/seed:$name" context
  docker push "$registry/seed:$name"
  images="$images $registry/seed:$name"
done
docker manifest create --insecure "$registry/seed:latest" $images
docker manifest push --insecure --purge "$registry/seed:latest"`;

/** After DOCKER, of the last platform: \`register\`, and an image for each emulator, by the same means. */
export const DOCKER_ONE_GUEST = `${UNPACK}
name=$(name "$1")
for program in none context/usr/bin/qemu-*; do
  guest=\${program##*/qemu-}
  rm -rf one
  mkdir -p one/usr/bin
  [ "$program" = none ] || ln "$program" one/usr/bin/
  cp register qemu-binfmt-conf.sh one/
  docker build --platform "$1" --build-arg "BASE=$registry/base:$name" --file Dockerfile --tag "$registry/seed:$name-$guest" one
  docker push "$registry/seed:$name-$guest"
done`;

export const BUILDAH = `${UNPACK}
b() { buildah --root "$PWD/buildah" --runroot "$PWD/buildah-run" --storage-driver overlay "$@"; }
b manifest rm seed || :
b manifest create seed
for platform; do
  name=$(name "$platform")
  unpack "$name" context
  container=$(b from --pull-never --platform "$platform" --signature-policy policy.json "$registry/base:$name")
  b copy "$container" context /
  b config --env QEMU_BIN_DIR=/usr/bin --entrypoint '["/register"]' "$container"
  b commit --rm --signature-policy policy.json --manifest seed "$container" "seed:$name"
done
b manifest push --all --tls-verify=false --signature-policy policy.json seed "docker://$registry/seed:latest"`;

export const BUILDKIT = `${UNPACK}
platforms=
for platform; do
  architecture=\${platform#linux/}
  unpack "$(name "$platform")" "contexts/\${architecture%%/*}"
  platforms="$platforms,$platform"
done
docker buildx build --platform "\${platforms#,}" --build-arg "BASE=$registry/base:latest" --file Dockerfile.multi --output type=oci,dest=seed.tar contexts`;
