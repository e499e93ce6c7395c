// The structure of KTAP: blocks in blocks, each of a plan and results. ktap.h is for others.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct KtapBlocks KtapBlocks;

KtapBlocks *ktap_blocks_new(void);
void ktap_blocks_free(KtapBlocks *blocks);
// A line of the guest's own, or the text of a kernel's message.
void ktap_blocks_take(KtapBlocks *blocks, const char *text);
// Would this line say anything here, other than text between results?
bool ktap_blocks_counts(const KtapBlocks *blocks, const char *text);
// No more lines will come.
void ktap_blocks_end(KtapBlocks *blocks);

// ktap_is_there(), ktap_is_complete().
bool ktap_blocks_are_there(const KtapBlocks *blocks);
bool ktap_blocks_are_complete(const KtapBlocks *blocks);
// Of KtapTest; all of them behind ktap_blocks_end().
const GPtrArray *ktap_blocks_tests(const KtapBlocks *blocks);
// What is wrong and no test tells of; or NULL.
const char *ktap_blocks_problem(const KtapBlocks *blocks);
// More tests came than are kept.
bool ktap_blocks_are_over(const KtapBlocks *blocks);
