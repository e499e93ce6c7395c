// What firmware and kernels say when something is wrong.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum {
    FORM_PANIC,
    FORM_OOPS,
    FORM_LOCKUP,
    FORM_WARNING, // counts at the end, as do those up to FORM_SERVICE: a guest may go on
    FORM_RCU,
    FORM_HUNG,    // a task
    FORM_CHECKER, // KASAN and its like
    FORM_LOCKING,
    FORM_MEMORY,  // none left, leaks, bad pages and slabs
    FORM_LOADER,  // GRUB's errors
    FORM_SERVICE, // of systemd's
    FORM_FIRMWARE,
    FORM_PROMPT, // it waits for a person
    FORM_CLASSES
} FormClass;

typedef struct Form {
    FormClass class;
    bool at_once;  // nothing good can come any more
    char *text;    // the line, from where the form begins
    char *subject; // what stands for it in any build: a function, a reason; without addresses and numbers of
                   // CPUs and processes
} Form;

// NULL: the line is none. A kernel's time stamp and its like before it are taken off; the kernel's text may
// begin within the line (behind a prompt, say). Any bytes will do.
Form *forms_find(const char *line);
// The same for what there is of a line that has not ended: a prompt that waits for a person; NULL: none, or
// not all of it yet. A prompt that something types at has such text for a moment, too: wait until no more
// comes.
Form *forms_find_prompt(const char *partial);
// Is the prompt what `expected` waits for? That is, does it match it, but not just any shell's prompt.
bool forms_is_wanted(const char *prompt, const GRegex *expected);
// `text` and `subject` are copied, as valid UTF-8.
Form *form_new(FormClass class, bool at_once, const char *text, const char *subject);
void form_free(Form *form);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Form, form_free)
// "panic", "oops", ...
const char *forms_class_name(FormClass class);
// The name of a function without offset, address and the endings that compilers add: "do_it.isra.0+0x8/0x90"
// gives "do_it". NULL: it is none.
char *forms_function(const char *symbol);
