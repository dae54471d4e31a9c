# Shell functions that see to the packages in setup/requirements. Read by ./carafe and scripts/test; needs $root.

# Administrators' programs are looked for where an ordinary user's PATH does not lead.
found() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) (PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin && command -v "$1" >/dev/null 2>&1) ;;
	esac
}

# Prints the packages of the requirements in the files $@ that are not met, each once, on one line.
missing_packages() {
	cat -- "$@" | while read -r wanted package purpose; do
		case $wanted in '' | '#'*) continue ;; esac
		found "$wanted" || printf '%s\n' "$package"
	done | sort -u | tr '\n' ' '
}

# Installs what the requirements in the files $@ lack, as root; else says what somebody who is root has to run.
install_packages() {
	packages=$(missing_packages "$@")
	packages=${packages% }
	[ -n "$packages" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "carafe: packages are missing. Run: sudo apt-get install -y --no-install-recommends $packages" >&2
		return 1
	fi
	echo "carafe: installing $packages" >&2
	mkdir -p -- "$out" || return 1
	# Without lists, or with old ones, apt knows no versions that can still be had.
	# shellcheck disable=SC2086 # the packages are words
	if ! { apt_get update && apt_get install -y --no-install-recommends $packages; }; then
		echo "carafe: apt-get failed; the end of $out/apt.log:" >&2
		tail -n 15 -- "$out/apt.log" >&2
		return 1
	fi
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >>"$out/apt.log" 2>&1
}
