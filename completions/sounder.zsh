#compdef sounder
# SPDX-License-Identifier: MIT
# zsh completion for sounder(1).  What follows "#@" is written from the option tables.

# The host follows the kind without a blank.
_sounder_endpoints() {
	local -a endpoints=("$@")

	_alternative 'endpoints:endpoint:compadd -S "" -a endpoints' 'hosts:host:_hosts'
}

_sounder_commands() {
	local -a commands=(
#@commands
	)

	_describe -t commands command commands "$@"
}

_sounder() {
	local curcontext=$curcontext state line result=1
	typeset -A opt_args

	_arguments -C \
		'(- *)'{-h,--help}'[print the commands]' \
		'(- *)'{-V,--version}'[print the version]' \
		'1:command:->command' \
		'*::word:->words' && result=0
	case $state in
	command)
		_sounder_commands && result=0
		_describe -t commands command '(help:"what a command does" version:"print the version")' && result=0
		return result
		;;
	words) curcontext=${curcontext%:*:*}:sounder-$line[1]: ;;
	*) return result ;;
	esac
	case $line[1] in
	help) _arguments '1:command:_sounder_commands' && result=0 ;;
#@options
	esac
	return result
}

_sounder "$@"
