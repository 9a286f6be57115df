# SPDX-License-Identifier: MIT
# fish completion for sounder(1).  What follows "#@" is written from the option tables.

# No command yet.
function __sounder_begins
	test (count (commandline -opc)) -eq 1
end

# The command is this one.
function __sounder_is
	set -l words (commandline -opc)
	test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"
end

complete -c sounder -f
complete -c sounder -n __sounder_begins -s h -l help -d 'print the commands'
complete -c sounder -n __sounder_begins -s V -l version -d 'print the version'
complete -c sounder -n __sounder_begins -a help -d 'what a command does'
complete -c sounder -n __sounder_begins -a version -d 'print the version'
#@commands
#@options
