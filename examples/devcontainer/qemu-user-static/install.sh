#!/bin/sh
# Runs as root when the dev container's image is built. Docker is not up yet: this writes what the feature's
# postStartCommand runs. The options arrive as variables.
set -eu

PLATFORMS=${PLATFORMS:-all}
IMAGE=${IMAGE:-alekitto/qemu-user-static}
for value in "$PLATFORMS" "$IMAGE"; do
	case $value in
	*[!A-Za-z0-9/_,.:@-]*)
		echo "qemu-user-static: \"$value\" is neither a list of platforms nor an image" >&2
		exit 1
		;;
	esac
done

folder=${DESTDIR:-}/usr/local/share/qemu-user-static
mkdir -p "$folder"
cat >"$folder/register" <<END
#!/bin/sh
exec docker run --rm --privileged $IMAGE --install $PLATFORMS
END
chmod 755 "$folder/register"
