// The table of failure forms that stand on a line of their own.
#pragma once
#include "forms.h"

typedef struct Pattern {
    FormClass class;
    bool at_once;
    const char *start;   // what the text begins with; fast to compare
    const char *rest;    // a regular expression for what is behind it, anchored; or NULL: anything
    const char *subject; // each '*' stands for the next group that matched; NULL: the first that did
} Pattern;

// The first that matches counts.
extern const Pattern form_table[];
extern const unsigned form_table_length;
