// The report of a guest's first failure, gathered from its console; and the failure's signature.
//
// The first form counts, but one that decides at once replaces one that does not. A panic that only follows
// from what was reported (panic_on_warn, "Fatal exception") belongs to that report and leaves its signature.
#pragma once
#include "forms.h"

typedef struct Block Block;

Block *block_new(void);
void block_free(Block *block);
// Each line of the console once, in order. `form`: what was found in it, NULL where that is none or is
// allowed; it stays the caller's. `seconds`: when it came.
void block_line(Block *block, const char *line, const Form *form, double seconds);

// The failure's first line; NULL: there was none.
const Form *block_form(const Block *block);
// "oops: do_fault": its class, and the function or reason, the same for the same fault in any build. The best
// that is known by now; NULL: there was no failure. The caller frees it.
char *block_signature(const Block *block);
// Appends copies of its lines, seconds before each: some from before it, those of the thread or CPU that
// reported, then those that others said meanwhile.
void block_lines(const Block *block, GPtrArray *into);
// Its end was seen, or no more of it is kept.
bool block_is_whole(const Block *block);
// The guest said that it lost lines within it or just before.
bool block_is_incomplete(const Block *block);
// How many lines the guest said that it lost, of the whole console.
unsigned block_lost(const Block *block);
