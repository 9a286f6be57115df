# SPDX-License-Identifier: MIT
# bash completion for sounder(1).  What follows "#@" is written from the option tables.

_sounder_offer()
{
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur")
}

_sounder_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_sounder_hosts()
{
	mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
}

_sounder_interfaces()
{
	_sounder_offer "$(printf '%s\n' /sys/class/net/*/ | sed 's|/$||; s|.*/||')"
}

# The host follows the kind without a blank, and bash takes what is behind the colon for another word.
_sounder_endpoints()
{
	[[ $cur != : && ${COMP_WORDS[COMP_CWORD - 1]} != : ]] || return 0
	mapfile -t COMPREPLY < <(
		compgen -W "$*" -- "$cur"
		compgen -A hostname -- "$cur"
	)
	[[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null
}

# The commands, and what else may stand in their place.
_sounder_commands()
{
	local names
#@commands
	_sounder_offer "$names" "$@"
}

# The options of a command.
_sounder_options()
{
	case $1 in
#@options
	esac
}

# What may stand behind an option of a command; false of one that takes nothing.
_sounder_value()
{
	case "$1 $2" in
#@values
	*) return 1 ;;
	esac
	return 0
}

# What may stand where no option does.
_sounder_word()
{
	case $1 in
	help) _sounder_commands ;;
#@words
	esac
}

_sounder()
{
	local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}

	COMPREPLY=()
	# --kind=tcp is three words to bash.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $option == = ]]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if ((COMP_CWORD == 1)) && [[ $cur == -* ]]; then
		_sounder_offer --help -h --version -V
	elif ((COMP_CWORD == 1)); then
		_sounder_commands help version
	elif _sounder_value "$command" "$option"; then
		:
	elif [[ $cur == -* ]]; then
		_sounder_options "$command"
	else
		_sounder_word "$command"
	fi
}

complete -F _sounder sounder
