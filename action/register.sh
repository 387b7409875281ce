#!/usr/bin/env bash
# The step of action.yml: pulls the smallest images that have the emulators asked for, registers them, and writes the
# outputs. Inputs are in the environment, as INPUT_NAME.
set -euo pipefail

# annotate KIND TEXT: an annotation of the job. GitHub reads one line; its own signs are escaped.
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
annotate() {
	local text=$2
	text=${text//'%'/%25}
	text=${text//$'\r'/%0D}
	text=${text//$'\n'/%0A}
	printf '::%s title=qemu-user-static::%s\n' "$1" "$text"
}

fail() {
	annotate error "$1"
	exit 1
}

# guest_of NAME: QEMU's name of the guest that runs a platform. The register program knows more names; this one need only
# find the image.
guest_of() {
	case $1 in
	arm64 | arm64/*) echo aarch64 ;;
	arm | arm/*) echo arm ;;
	386) echo i386 ;;
	amd64 | amd64/*) echo x86_64 ;;
	loong64) echo loongarch64 ;;
	mips64le) echo mips64el ;;
	mipsle) echo mipsel ;;
	riscv64/*) echo riscv64 ;;
	*) echo "$1" ;;
	esac
}

# is_own GUEST: whether the engine's own CPU runs it. 32-bit Arm is not here: not every 64-bit Arm CPU runs it.
is_own() {
	case $own_cpu/$1 in
	x86_64/i386 | i686/i386 | armv7l/arm) ;;
	*) [ "$own_cpu" = "$1" ] ;;
	esac
}

# docker_says WORD...: runs it, and fails with the line of its error that names the cause, and with the remedy below that.
docker_says() {
	local log cause
	log=$(mktemp)
	if docker "$@" 2>"$log"; then
		cat "$log" >&2
		rm "$log"
		return 0
	fi
	cat "$log" >&2
	cause=$(grep -A 1 -E '^[A-Z]+(_[A-Z]+)+: ' "$log" | sed 's/^  remedy:/Remedy:/') || cause=$(tail -n 1 "$log")
	rm "$log"
	fail "${cause:-docker $1 failed}"
}

tag_of() { # NAME: of an image of the version; nothing for all emulators
	if [ -z "$INPUT_VERSION" ]; then
		echo "${1:-latest}"
	else
		echo "${1:+$1-}$INPUT_VERSION"
	fi
}

[ -n "$(command -v docker)" ] || fail 'This runner has no docker. Install Docker, or run the job on ubuntu-latest.'
engine=$(docker_says info --format '{{.Architecture}} {{.ServerVersion}}') || { printf '%s\n' "$engine"; exit 1; }
read -r own_cpu engine_version <<<"$engine"

names=${INPUT_PLATFORMS//[, $'\n\t\r']/ }
guests=() all=no
declare -A platform # of a guest: as the status lists it
for name in ${names,,}; do
	name=${name#linux/}
	case $name in
	all) all=yes ;;
	*[!a-z0-9_/-]*) fail "platforms: \"$name\" is not a platform. Write linux/arm64,riscv64 or all." ;;
	*/*/* | */) fail "platforms: \"$name\" is not a platform. Write linux/arm64,riscv64 or all." ;;
	*)
		guest=$(guest_of "$name")
		case " ${guests[*]:-} " in
		*" $guest "*) ;;
		*) is_own "$guest" || guests+=("$guest") ;;
		esac
		[ "$name" != arm ] || name=arm/v7
		platform[$guest]=linux/${name%/v8}
		;;
	esac
done
[ -n "${names// /}" ] || all=yes

options=()
case $INPUT_FLAGS in
'') ;;
*[!CFOP]*) fail "flags: \"$INPUT_FLAGS\": write F, PF, OCF or POCF." ;;
*)
	options+=(--credential "$([[ $INPUT_FLAGS == *C* ]] && echo yes || echo no)")
	options+=(--preserve-argv0 "$([[ $INPUT_FLAGS == *P* ]] && echo yes || echo no)")
	;;
esac

# Images of one guest are 1 MB and 4 MB a guest. `latest` is 27 MB and `common` 12, or 102 and 32 where the engine does
# not read zstd (Docker before 23): from so many guests on they are less.
latest_from=7 common_from=3
[ "${engine_version%%.*}" -ge 23 ] || latest_from=25 common_from=8

# `common` of sources.json
common=' aarch64 arm i386 x86_64 ppc64le riscv64 s390x loongarch64 mips64el mips64 '

# Whether `common` has every requested guest.
are_common() {
	local guest
	for guest in "${guests[@]}"; do
		[[ $common == *" $guest "* ]] || return 1
	done
}

# Each of `calls` is an image's tag, and what to install from it.
calls=()
list=$(IFS=, && echo "${guests[*]:-}")
if [ -n "$INPUT_DIGEST" ]; then
	[[ $INPUT_DIGEST =~ ^sha256:[0-9a-f]{64}$ ]] || fail "digest: \"$INPUT_DIGEST\" is not sha256: and 64 hex digits."
	calls=("@$INPUT_DIGEST $([ "$all" = yes ] && echo all || echo "$list")")
elif [ "$all" = yes ]; then
	calls=(":$(tag_of '') all")
elif [ "${#guests[@]}" = 0 ]; then
	calls=(":$(tag_of register) ")
elif [ -n "$INPUT_VERSION" ] && ! [[ $INPUT_VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9]+)?$ ]]; then
	# Only the image with all emulators has tags of channels, and such as 11.1.
	calls=(":$INPUT_VERSION $list")
elif [ "${#guests[@]}" -ge "$common_from" ] && are_common; then
	calls=(":$(tag_of common) $list")
elif [ "${#guests[@]}" -ge "$latest_from" ]; then
	calls=(":$(tag_of '') $list")
else
	for guest in "${guests[@]}"; do
		calls+=(":$(tag_of "$guest") $guest")
	done
fi

first=yes status='' image=''
for call in "${calls[@]}"; do
	image=$INPUT_REGISTRY/$INPUT_IMAGE${call%% *} list=${call#* }
	echo "::group::$image"
	docker_says pull --quiet "$image"
	words=()
	[ "$first" = no ] || [ "$INPUT_RESET" != true ] || words+=(--reset)
	# `--reset` alone registers every emulator of the image.
	[ -z "$list" ] || words+=(--install "$list" "${options[@]}")
	[ -n "$list" ] || [ ${#words[@]} = 0 ] || words=(--uninstall 'qemu-*')
	status=$(docker_says run --rm --privileged "$image" "${words[@]}" --status --json) || { printf '%s\n' "$status"; exit 1; }
	first=no
	echo '::endgroup::'
done

if [ "$INPUT_VERIFY" = true ]; then
	echo '::group::verify'
	# Entries of other programs are verified too. They are not this action's: they give a warning.
	report=$(docker run --rm --privileged "$image" --verify) || true
	printf '%s\n' "$report"
	echo '::endgroup::'
	while read -r guest result; do
		case $result in
		FAILED*)
			if [ "$all" = yes ] || [[ " ${guests[*]:-} " == *" $guest "* ]]; then
				fail "$guest: $result"
			fi
			annotate warning "$guest, which this step did not register: $result"
			;;
		esac
	done <<<"$report"
	for guest in "${guests[@]}"; do
		# Without an entry, this CPU may run it: some 64-bit Arm CPUs run 32-bit programs.
		[[ $'\n'$report == *$'\n'"$guest "* || $status == *"\"${platform[$guest]}\""* ]] || fail "$guest: it is not registered. Set reset: true to replace the entries."
	done
fi

status=${status//[$'\n\r\t']/ }
[[ $status =~ \"supported\":\ *\[([^]]*)\] ]] || fail "The image gave no status: $status"
{
	echo "platforms=$(tr -d ' "' <<<"${BASH_REMATCH[1]}")"
	echo "status=$status"
} >>"$GITHUB_OUTPUT"
echo "This runner runs: $(tr -d '"' <<<"${BASH_REMATCH[1]}")"
