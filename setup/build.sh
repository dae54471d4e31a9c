# Shell functions that build Carafe. Read by ./carafe when the build is missing or stale, and by scripts/test; needs what
# setup/find.sh finds.
#
# $out/app is a link to the build in use, $out/app-N; a build becomes visible by replacing the link, when it is whole.
# One process builds at a time: the lock is given back by the kernel however its holder ends.

. "$root/setup/packages.sh"

build() {
	mkdir -p -- "$out" || return 1
	(
		exec 9>"$out/lock" || exit 1
		if ! flock -n 9; then
			echo "carafe: waiting for another process that is building" >&2
			flock 9
		fi
		fresh && exit 0
		install_packages "$root/setup/requirements" || exit 1
		rm -rf -- "$out"/new "$out"/new.*
		mkdir -p -- "$out/new/lib" || exit 1
		# Begun now: what is edited from here on is newer.
		id=$(date +%s)-$$
		printf '%s\n%s\n%s\n' "$root" "$id" "$(modules)" >"$out/new/stamp"
		compile || exit 1
		assemble || exit 1
		mv -- "$out/new" "$out/app-$id" || exit 1
		ln -s -- "app-$id" "$out/new.link" && mv -T -- "$out/new.link" "$app" || exit 1
		remove_old
	)
}

# Carafe's own modules, on one line.
modules() {
	sed -n 's:^ *<module>\(.*\)</module>:\1:p' "$root/pom.xml" | tr '\n' ' '
}

# The sources to build from: in a checkout that is not ours, a copy.
sources() {
	if [ "$out" = "$root/build" ]; then
		from=$root
	else
		from=$out/source
		rm -rf -- "$from" && mkdir -p -- "$from" &&
			tar -C "$root" --exclude=./build --exclude=target -cf - . | tar -C "$from" --no-same-owner -xf -
	fi
}

# Maven is told where HOME is: Java takes it from the system's list of users.
maven() {
	case $HOME in
	*[[:space:]]*) set -- "-Dmaven.repo.local=$HOME/.m2/repository" "$@" ;;
	*) MAVEN_OPTS="-Duser.home=$HOME ${MAVEN_OPTS:-}" ;;
	esac
	JAVA_HOME=$jdk MAVEN_OPTS=${MAVEN_OPTS:-} mvn -B -Dstyle.color=never "$@"
}

compile() {
	sources || return 1
	# What an older build left would be taken along.
	rm -rf -- "$from/cli/target/app" "$from"/cli/target/cli-*.jar "$from/guest/target/agent"
	echo "carafe: building; the first time this takes a few minutes (log: $out/build.log)" >&2
	{
		(cd "$from" && maven -DskipTests -pl cli -am package) </dev/null 2>&1
		printf '\ncarafe-exit %d\n' "$?"
	} | {
		result=1
		fetched=0
		open=0 # whether a line of the terminal is
		while IFS= read -r line; do
			case $line in
			'carafe-exit '*) result=${line#carafe-exit } && continue ;;
			*'Downloaded from '*)
				fetched=$((fetched + 1))
				if [ -t 2 ]; then printf '\rcarafe:   %d files fetched' "$fetched" >&2 && open=1; fi
				;;
			'[INFO] Building Carafe'*)
				line=${line#'[INFO] Building '}
				if [ "$open" = 1 ]; then echo >&2 && open=0; fi
				printf 'carafe:   %s\n' "${line%% [0-9]*}" >&2
				;;
			esac
			printf '%s\n' "$line"
		done >"$out/build.log"
		if [ "$open" = 1 ]; then echo >&2; fi
		if [ "$result" -ne 0 ]; then
			echo "carafe: the build failed; the end of $out/build.log:" >&2
			grep -v '^\[ERROR\] *\(\[Help\|$\|-> \|To see\|Re-run\|For more\|After\)' "$out/build.log" | tail -n 25 >&2
		fi
		exit "$result"
	}
}

# Gathers the jars, then lets a JVM learn them.
assemble() {
	if ! [ -s "$from/guest/target/agent/carafe-agent" ]; then
		echo "carafe: the build failed: it left no guest agent; see $out/build.log" >&2
		return 1
	fi
	cp -- "$from"/cli/target/app/*.jar "$from"/cli/target/cli-*.jar "$out/new/lib/" || return 1
	sync "$out"/new/lib/*.jar "$out/new/stamp"
}

# Makes the cache of loaded and linked classes for the JDK in use. Carafe works without it, only slower to start.
train() {
	(
		exec 9>"$out/lock" || exit 1
		flock -n 9 || exit 1
		echo "carafe: preparing a quick start with ${jdk##*/}" >&2
		training=$app/aot.new
		rm -rf -- "$training" "$app/aot.jdk" "$app/carafe.aot" && mkdir -- "$training" || exit 1
		classpath=
		for jar in "$app"/lib/*.jar; do
			classpath=${classpath:+$classpath:}$jar
		done
		read -r options <"$root/setup/jvm.options"
		# shellcheck disable=SC2086 # the options are words
		# No profiles: with them a start spends more on compiling than it wins. Sockets need a short path.
		runtime=$(mktemp -d) || exit 1
		HOME=$training XDG_CACHE_HOME=$training XDG_DATA_HOME=$training XDG_STATE_HOME=$training \
			XDG_CONFIG_HOME=$training XDG_RUNTIME_DIR=$runtime CARAFE_ACCEL=tcg PATH=$training/bin:$PATH \
			"$jdk/bin/java" $options -XX:+IgnoreUnrecognizedVMOptions -XX:+UnlockDiagnosticVMOptions \
			-XX:-AOTRecordTraining "-XX:AOTCacheOutput=$training/carafe.aot" -cp "$classpath" \
			-Dcarafe.program=carafe -Dcarafe.build="$build" -Dcarafe.root="$root" \
			dev.carafe.cli.Training "$training" </dev/null >"$out/train.log" 2>&1
		[ -s "$training/carafe.aot" ] && mv -- "$training/carafe.aot" "$app/carafe.aot"
		rm -rf -- "$training" "$runtime"
		# Also when it failed: otherwise every start would try again.
		printf '%s %s\n' "$jdk" "$jdk_version" >"$app/aot.jdk"
	) && aot_jdk="$jdk $jdk_version"
}

# Keeps the build before this one: a Carafe that runs may still have to load from it.
remove_old() {
	# shellcheck disable=SC2012 # the names are ours
	ls -1dt -- "$out"/app-* | tail -n +3 | while read -r old; do rm -rf -- "$old"; done
}
