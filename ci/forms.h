// What firmware and kernels say when something is wrong.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum {
    FORM_PANIC,
    FORM_OOPS,
    FORM_LOCKUP,
    FORM_WARNING, // counts at the end: a guest may go on
    FORM_FIRMWARE,
    FORM_PROMPT, // it waits for a person
    FORM_CLASSES
} FormClass;

typedef struct Form {
    FormClass class;
    bool at_once;  // nothing good can come any more
    char *text;    // the line, without its prefix
    char *subject; // what stands for it in any build: a function, a reason
} Form;

// NULL: the line is none. A kernel's time stamp and its like before it are taken off.
Form *forms_find(const char *line);
void form_free(Form *form);
// "panic", "oops", ...
const char *forms_class_name(FormClass class);
// The line without a kernel's prefix: notes of dropped messages, level, time, caller.
const char *forms_skip_prefix(const char *line);
