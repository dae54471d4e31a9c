# Finds the build ($out, $app) and, by functions, the JDK ($jdk, $jdk_version). Read by ./carafe, each time, and by
# scripts/test; needs $root.

if [ -z "${HOME:-}" ]; then
	HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
	export HOME
fi

fail() {
	printf 'carafe: %s\n' "$*" >&2
	exit 1
}

# Whether $1 is a JDK that is new enough. Its `release` file says so; running it would take longer than the rest.
# Leaves its exact version in $jdk_version.
fits() {
	[ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
	jdk_version=
	if [ -r "$1/release" ]; then
		while IFS='=' read -r key value; do
			case $key in
			JAVA_VERSION) jdk_version=$value${jdk_version:+ $jdk_version} ;;
			JAVA_RUNTIME_VERSION) jdk_version=${jdk_version:+$jdk_version }$value ;;
			esac
		done <"$1/release"
	else
		jdk_version=$("$1/bin/java" --version 2>/dev/null | sed -n '1s/^[^ ]* //p')
	fi
	major=${jdk_version#\"}
	major=${major%%[!0-9]*}
	[ "${major:-0}" -ge 25 ]
}

find_jdk() {
	if [ -n "${CARAFE_JAVA_HOME:-}" ]; then
		jdk=$CARAFE_JAVA_HOME
		fits "$jdk" || fail "CARAFE_JAVA_HOME is $jdk, where there is no JDK of version 25 or newer."
		return
	fi
	if [ -n "${JAVA_HOME:-}" ]; then
		jdk=${JAVA_HOME%/}
		fits "$jdk" && return
	fi
	if jdk=$(command -v java); then
		jdk=$(readlink -f -- "$jdk")
		jdk=${jdk%/bin/java}
		fits "$jdk" && return
	fi
	for jdk in "${CARAFE_JVM_DIRECTORY:-/usr/lib/jvm}"/*; do
		fits "$jdk" && return
	done
	fail "there is no JDK of version 25 or newer here (looked at CARAFE_JAVA_HOME, JAVA_HOME, PATH, /usr/lib/jvm)." \
		"Install one (Debian 13: apt-get install openjdk-25-jdk-headless; else unpack any vendor's JDK 25)" \
		"and set CARAFE_JAVA_HOME to its directory."
}

# Where the build goes. In a checkout that is not ours to write, it goes to the cache.
if [ -w "$root" ] && [ -O "$root" ]; then
	out=$root/build
else
	out=$(printf %s "$root" | cksum)
	out=${XDG_CACHE_HOME:-$HOME/.cache}/carafe/build/${out%% *}
fi
app=$out/app

# Whether the build is there, was made of this checkout, and no source is newer than its beginning. Only the modules that the
# build has written down are looked at: a checkout may hold other projects.
fresh() {
	[ -e "$app/stamp" ] || return 1
	modules=
	{
		read -r built_root
		read -r build
		read -r modules
	} <"$app/stamp"
	[ "$built_root" = "$root" ] && [ -n "$modules" ] || return 1
	set -- "$root/carafe" "$root/setup" "$root/pom.xml" "$root/guest/src" "$root/guest/Makefile"
	for module in $modules; do
		set -- "$@" "$root/$module/pom.xml"
		if [ -e "$root/$module/src/main" ]; then set -- "$@" "$root/$module/src/main"; fi
	done
	[ -z "$(find "$@" -newer "$app/stamp" -print -quit 2>&1)" ]
}
