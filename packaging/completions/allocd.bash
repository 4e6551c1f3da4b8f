# Completion for bash. Installed as /usr/share/bash-completion/completions/allocd; to try it:
#   source packaging/completions/allocd.bash
# Commands, options and their values are taken from `allocd --help`, so that they cannot differ.

# What stands behind OPTION in the help text on standard input: the kind of its value, if any.
_allocd_value_of() {
  local words
  while read -ra words; do
    [[ ${words[0]:-} == "$1" || ${words[0]:-} == *",$1" ]] || continue
    [[ ${words[1]:-} =~ ^[A-Z][]=[A-Z:|-]*(\{.*\})?$ ]] && printf '%s\n' "${words[1]}"
    return
  done
}

_allocd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local program=${COMP_WORDS[0]} help
  COMPREPLY=()
  [[ $current != = ]] || { previous=$current current=; }  # `ID=FILE` is three words here
  if ((COMP_CWORD == 1)); then
    help=$("$program" --help 2>/dev/null) || return
    mapfile -t COMPREPLY < <(compgen -W "--help $(sed -n '/^Subcommands:/,$s/^  \([a-z-]*\) .*/\1/p' <<<"$help")" -- "$current")
    return
  fi
  help=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null) || return
  # Of the options only; examples hold some, too.
  help=$(sed -n '/^Options:/,/^$/p' <<<"$help")
  local value=
  [[ $previous == -* ]] && value=$(_allocd_value_of "$previous" <<<"$help")
  case $value in
    *'{'*)
      value=${value#*\{}
      mapfile -t COMPREPLY < <(compgen -W "${value//[\},]/ }" -- "$current")
      return ;;
    '' | FILE* | PATH* | DIRECTORY*) ;;
    *) return ;;  # a text that only its author knows
  esac
  if [[ -z $value && $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(grep -o -- '^ *-[^ ]*' <<<"$help" | grep -o -- '--[a-z-]*')" -- "$current")
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}

complete -F _allocd allocd
