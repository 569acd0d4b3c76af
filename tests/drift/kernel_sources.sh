#!/bin/sh
# Unpacks what `ksmcheck drift` reads of Debian's kernel sources: kernel_sources.sh FOLDER VERSION...
# Installs the packages where they are missing and apt-get may be run.
set -eu
folder=$1
shift
# What is unpacked depends on this script: a change of it unpacks anew.
script=$(cksum <"$0")
for version; do
	target=$folder/$version
	[ "$(cat "$target/.unpacked-by" 2>/dev/null)" = "$script" ] && continue
	archive=/usr/src/linux-source-$version.tar.xz
	if [ ! -e "$archive" ]; then
		if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
			echo "install linux-source-$version (Debian), or unpack Linux $version to $target" >&2
			exit 2
		fi
		apt-get install -y --no-install-recommends "linux-source-$version"
	fi
	rm -rf "$target.new"
	mkdir -p "$target.new"
	top=linux-source-$version
	tar -xJf "$archive" -C "$target.new" --strip-components=1 --wildcards \
		"$top/Makefile" "$top/mm" "$top/include" "$top/lib/refcount.c" "$top/lib/xarray.c" "$top/kernel/locking" \
		"$top/tools/memory-model" "$top/arch/*/include/asm" "$top/arch/arm/lib"
	echo "$script" >"$target.new/.unpacked-by"
	rm -rf "$target"
	mv "$target.new" "$target"
done
