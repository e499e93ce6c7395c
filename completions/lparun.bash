# bash completion for lparun: what it asks lparun itself, whose tables have all options, words and keys.

# Options, or the values of one: "-help" has a line for each.
_lparun_options()
{
    "$1" -help 2>/dev/null | sed -n 's/^\(-[a-z0-9A-Z-]*\) .*/\1/p' | sort -u
}

_lparun_values() # the program, the option
{
    "$1" -help 2>/dev/null | sed -n "s/^-$2 //p"
}

# Kinds of -device and -object, and the keys of one.
_lparun_kinds() # the program, the option
{
    "$1" "-$2" help 2>/dev/null | sed -n -e 's/^name "\([^"]*\)".*/\1/p' -e 's/^  \([a-z0-9-]*\) .*/\1/p'
}

_lparun_keys() # the program, the option, the kind
{
    "$1" "-$2" "$3,help" 2>/dev/null | sed -n 's/^  \([a-z0-9-]*=\).*/\1/p'
}

# The words of a key's value in "[,key=a|b][,other=c]".
_lparun_words() # the values, the key
{
    sed -n "s/.*[[, ]$2=\([^],]*\).*/\1/p" <<<"$1" | tr '|' '\n' | grep -v '[A-Z]'
}

_lparun_value() # the program, the option without its dashes, what is typed of the value
{
    local values typed=$3 last head key
    last=${typed##*,}
    head=${typed%"$last"}
    key=${last%%=*}
    if [[ ($2 == device || $2 == object) && $typed != *,* ]]; then
        COMPREPLY=($(compgen -W "$(_lparun_kinds "$1" "$2")" -- "$typed"))
        return
    fi
    values=$(_lparun_values "$1" "$2")
    if [[ $last == *=* ]]; then
        COMPREPLY=($(compgen -W "$(_lparun_words "$values" "$key")" -P "$head$key=" -- "${last#*=}"))
        [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -P "$head$key=" -- "${last#*=}"))
        return
    fi
    local keys
    if [[ $2 == device || $2 == object ]]; then
        keys=$(_lparun_keys "$1" "$2" "${typed%%,*}")
    else
        keys=$(grep -o '[a-z0-9-]*=' <<<"$values" | sort -u)
        [[ $typed == *,* ]] || keys+=" $(tr '|' '\n' <<<"${values%%[[,]*}" | grep -v '[A-Z=]')"
    fi
    COMPREPLY=($(compgen -W "$keys" -P "$head" -- "$last"))
    [[ ${#COMPREPLY[@]} -gt 0 || $typed == *,* ]] || COMPREPLY=($(compgen -f -- "$typed"))
}

_lparun()
{
    local program=$1 line=${COMP_LINE:0:$COMP_POINT} word option
    # bash has broken words at "=", ",", and ":"; blanks alone do.
    word=${line##* }
    line=${line%"$word"}
    option=${line%"${line##*[! ]}"}
    option=${option##* }
    COMPREPLY=()
    compopt -o nospace 2>/dev/null
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(_lparun_options "$program")" -S ' ' -- "${word/#--/-}"))
    elif [[ $option == -* ]]; then
        option=${option##-}
        option=${option##-}
        _lparun_value "$program" "$option" "$word"
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
    # What bash took for words before the last one is on the line already.
    local broken=${word%"${word##*[=:]}"} index
    for index in "${!COMPREPLY[@]}"; do
        COMPREPLY[index]=${COMPREPLY[index]#"$broken"}
    done
}
complete -F _lparun lparun
