// The structure of KTAP.
#include "ktap_blocks.h"
#include "ktap.h"
#include "ktap_line.h"
#include "ktap_test.h"
#include <string.h>

#define OUTPUT_LONGEST 4096u  // bytes that are kept of a test's output: the last
#define OUTPUT_ALL (8u << 20) // of all tests
#define MISSING_NAMED 20u     // a block's cases without result that have one each; one more has the rest
#define NO_RESULT "no result"

typedef struct Block {
    unsigned width, hashes; // of its margin
    char *name;             // of the test that it stands for; or NULL
    bool declared;          // by a version line
    gint64 plan;            // -1: none yet
    char *skipped;          // why, where the plan skips all
    GHashTable *numbers;    // that have come
    gint64 highest;         // of them
    unsigned results;
    char *awaited;       // name of the test that runs; or NULL
    bool header;         // kselftest's header gave it: "# " before a result means something
    GPtrArray *tests;    // of KtapTest, that ended
    GPtrArray *below;    // likewise, of the test that runs
    bool below_is_empty; // it promised no tests
    char *below_skipped; // or why it skipped all
    GString *output;     // since the last result
    bool bailed;
    bool yaml; // in a TAP 14 diagnostic, which belongs to the last result
} Block;

struct KtapBlocks {
    GPtrArray *open;  // of Block, the deepest last
    GPtrArray *tests; // of KtapTest: of blocks that closed at top level
    bool not ;        // the last line may have been the beginning of "not ok"
    bool there;
    bool broken;      // a block at top level closed before it was complete
    gint64 last_plan; // of the last that closed; -1
    unsigned count;   // of tests
    bool over;        // more came than are kept
    gsize output;     // bytes, of all tests
    char *problem;    // the first that no case tells of; or NULL
};

static void block_free(gpointer data)
{
    Block *block = data;
    g_free(block->name);
    g_free(block->skipped);
    g_free(block->awaited);
    g_free(block->below_skipped);
    g_hash_table_unref(block->numbers);
    g_ptr_array_unref(block->tests);
    g_ptr_array_unref(block->below);
    g_string_free(block->output, TRUE);
    g_free(block);
}

static Block *block_new(unsigned width, unsigned hashes, const char *name)
{
    Block *block = g_new0(Block, 1);
    *block = (Block){ .width = width, .hashes = hashes, .name = g_strdup(name), .plan = -1 };
    block->numbers = g_hash_table_new(NULL, NULL);
    block->tests = g_ptr_array_new_with_free_func(ktap_test_free);
    block->below = g_ptr_array_new_with_free_func(ktap_test_free);
    block->output = g_string_new(NULL);
    return block;
}

KtapBlocks *ktap_blocks_new(void)
{
    KtapBlocks *blocks = g_new0(KtapBlocks, 1);
    blocks->open = g_ptr_array_new_with_free_func(block_free);
    blocks->tests = g_ptr_array_new_with_free_func(ktap_test_free);
    blocks->last_plan = -1;
    return blocks;
}

void ktap_blocks_free(KtapBlocks *blocks)
{
    if (!blocks)
        return;
    g_ptr_array_unref(blocks->open);
    g_ptr_array_unref(blocks->tests);
    g_free(blocks->problem);
    g_free(blocks);
}

// The deepest block that is open, or the one above it; NULL: there is none.
static Block *deepest(const KtapBlocks *blocks)
{
    return blocks->open->len > 0 ? blocks->open->pdata[blocks->open->len - 1] : NULL;
}

static Block *above(const KtapBlocks *blocks)
{
    return blocks->open->len > 1 ? blocks->open->pdata[blocks->open->len - 2] : NULL;
}

static G_GNUC_PRINTF(2, 3) void note_problem(KtapBlocks *blocks, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!blocks->problem)
        blocks->problem = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

// --- Tests of a block

static bool is_untouched(const Block *block)
{
    return block->plan < 0 && block->results == 0 && block->tests->len == 0 && block->below->len == 0;
}

static bool is_confirmed(const Block *block)
{
    return block->declared || block->skipped || (block->plan >= 0 && block->results > 0);
}

static bool is_fulfilled(const Block *block)
{
    return block->plan >= 0 && block->results >= block->plan && block->below->len == 0;
}

// Its output, if there is still room for any.
static char *take_output(KtapBlocks *blocks, Block *block)
{
    char *output = NULL;
    if (block->output->len > 0 && blocks->output + block->output->len <= OUTPUT_ALL) {
        output = g_strdup(block->output->str);
        blocks->output += block->output->len;
    }
    g_string_truncate(block->output, 0);
    return output;
}

static void forget_awaited(Block *block)
{
    g_clear_pointer(&block->awaited, g_free);
    g_clear_pointer(&block->below_skipped, g_free);
    block->below_is_empty = false;
    block->header = false;
}

// Adds a test that ended: what came since the last result is its own.
static void add_test(KtapBlocks *blocks, Block *block, const char *name, CaseResult result, const char *text)
{
    g_autofree char *output = take_output(blocks, block);
    GPtrArray *below = NULL;
    forget_awaited(block);
    if (block->below->len > 0) {
        below = block->below;
        block->below = g_ptr_array_new_with_free_func(ktap_test_free);
    } else if (blocks->count >= KTAP_CASES) {
        blocks->over = true;
        return;
    }
    blocks->count++;
    g_ptr_array_add(block->tests, ktap_test_new(name, result, text && *text ? text : NULL, output, below));
}

// False: it had come.
static bool add_number(Block *block, gint64 number)
{
    block->highest = MAX(block->highest, number);
    return g_hash_table_add(block->numbers, GUINT_TO_POINTER((guint)number));
}

// The test that ran when its block ended or another test began, and that had no result of its own.
static bool settle(KtapBlocks *blocks, Block *block, const char *text)
{
    if (block->below->len == 0 && !block->awaited)
        return false;
    gint64 number = block->highest + 1;
    g_autofree char *name =
        block->awaited ? g_strdup(block->awaited) : g_strdup_printf("test %" G_GINT64_FORMAT, number);
    add_test(blocks, block, name, CASE_ERROR, text);
    add_number(block, number);
    return true;
}

static void add_rest(KtapBlocks *blocks, Block *block, gint64 from, gint64 to, gint64 count)
{
    g_autofree char *name = g_strdup_printf("tests %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, from, to);
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " of them have " NO_RESULT, count);
    add_test(blocks, block, name, CASE_ERROR, text);
}

// Cases for all numbers that should have come. `text` is for the one that ran.
static void add_missing(KtapBlocks *blocks, Block *block, const char *text)
{
    gint64 running = block->highest + 1, last = MAX(block->plan, block->highest);
    gint64 left = last - g_hash_table_size(block->numbers);
    unsigned named = 0;
    for (gint64 number = 1; number <= last && left > 0 && !blocks->over; number++) {
        if (g_hash_table_contains(block->numbers, GUINT_TO_POINTER((guint)number)))
            continue;
        if (named++ == MISSING_NAMED && left > 1) {
            add_rest(blocks, block, number, last, left);
            return;
        }
        g_autofree char *name = g_strdup_printf("test %" G_GINT64_FORMAT, number);
        add_test(blocks, block, name, CASE_ERROR, number == running ? text : NO_RESULT);
        left--;
    }
}

// --- Blocks that close

// A test that promised no tests says so to the block above it.
static void tell_above(Block *block, Block *parent)
{
    if (block->plan == 0 && block->results == 0 && !block->skipped)
        parent->below_is_empty = true;
    if (block->skipped && block->results == 0) {
        g_free(parent->below_skipped);
        parent->below_skipped = g_strdup(block->skipped);
    }
}

static void check_plan(KtapBlocks *blocks, const Block *block, bool top)
{
    if (block->results == 0 && block->plan == 0 && !block->skipped && top)
        note_problem(blocks, "no test ran");
    else if (block->plan < 0 && top)
        note_problem(blocks, "there was no plan");
    else if (block->plan >= 0 && (top ? block->results != block->plan : block->results > block->plan))
        note_problem(blocks, "%s%sthe plan was %" G_GINT64_FORMAT ", and %u came",
            block->name ? block->name : "", block->name ? ": " : "", block->plan, block->results);
}

static void move_tests(GPtrArray *from, GPtrArray *to)
{
    g_ptr_array_extend_and_steal(to, g_ptr_array_ref(from));
}

static void finish(KtapBlocks *blocks, Block *block, const char *text)
{
    bool transparent = above(blocks) && block->results == 0 && block->plan < 0 && block->below->len > 0;
    if (transparent) // its results have another margin than its version line
        return;
    bool settled = settle(blocks, block, text);
    add_missing(blocks, block, settled ? NO_RESULT : text);
    check_plan(blocks, block, !above(blocks));
}

// Whole lines, as long as one fits.
static void append_output(Block *block, const char *text)
{
    g_string_append(block->output, text);
    if (block->output->len <= OUTPUT_LONGEST)
        return;
    const char *from = block->output->str + block->output->len - OUTPUT_LONGEST;
    const char *line = strchr(from, '\n');
    while ((*from & 0xc0) == 0x80) // within a character
        from++;
    g_string_erase(block->output, 0, (line && line[1] ? line + 1 : from) - block->output->str);
}

static void close_below(KtapBlocks *blocks, const char *text)
{
    Block *block = deepest(blocks), *parent = above(blocks);
    finish(blocks, block, text);
    tell_above(block, parent);
    move_tests(block->tests, parent->below);
    move_tests(block->below, parent->below);
    append_output(parent, block->output->str);
    if (!parent->awaited)
        parent->awaited = g_strdup(block->name);
}

// A plan or results alone, without the other: that is text like any other. But a failure is never dropped.
static bool is_dropped(const KtapBlocks *blocks, const Block *block)
{
    if (is_confirmed(block) || ktap_tests_are_bad(block->tests) || ktap_tests_are_bad(block->below))
        return false;
    return block->results > 0 || !blocks->there || block->plan == blocks->last_plan;
}

static void close_top(KtapBlocks *blocks, const char *text)
{
    Block *block = deepest(blocks);
    if (is_dropped(blocks, block)) {
        blocks->count -= block->tests->len;
        return;
    }
    blocks->broken |= !block->bailed && !is_fulfilled(block);
    blocks->last_plan = block->plan;
    if (block->skipped && block->results == 0)
        add_test(blocks, block, "all", CASE_SKIP, block->skipped);
    finish(blocks, block, text);
    move_tests(block->tests, blocks->tests);
}

static void close_block(KtapBlocks *blocks, const char *text)
{
    if (above(blocks))
        close_below(blocks, text);
    else
        close_top(blocks, text);
    g_ptr_array_set_size(blocks->open, (gint)blocks->open->len - 1);
}

// Blocks that the margin of this line has left behind.
static void leave(KtapBlocks *blocks, const KtapLine *line)
{
    for (;;) {
        const Block *block = deepest(blocks), *parent = above(blocks);
        if (!parent || (line->hashes >= block->hashes && line->width > parent->width))
            return;
        close_block(blocks, NO_RESULT);
    }
}

// --- Blocks that open

static bool is_deeper(const Block *block, const KtapLine *line)
{
    return line->hashes > block->hashes || line->width > block->width;
}

// At the margin of this line, below the deepest.
static Block *open_block(KtapBlocks *blocks, const KtapLine *line)
{
    Block *parent = deepest(blocks);
    if (blocks->open->len == KTAP_LEVELS) {
        note_problem(blocks, "tests are nested deeper than %u levels", KTAP_LEVELS);
        return parent;
    }
    Block *block = block_new(line->width, line->hashes, parent ? parent->awaited : NULL);
    g_ptr_array_add(blocks->open, block);
    return block;
}

// The block that this line belongs to.
static Block *block_of(KtapBlocks *blocks, const KtapLine *line)
{
    leave(blocks, line);
    Block *block = deepest(blocks);
    return !block || is_deeper(block, line) ? open_block(blocks, line) : block;
}

static bool has_margin(const KtapBlocks *blocks, const KtapLine *line)
{
    for (unsigned i = 0; i < blocks->open->len; i++) {
        const Block *block = blocks->open->pdata[i];
        if (block->width == line->width && block->hashes == line->hashes)
            return true;
    }
    return false;
}

// Does this line say anything here?
static bool counts(const KtapBlocks *blocks, const KtapLine *line)
{
    const Block *block = deepest(blocks);
    bool version = line->kind == KTAP_VERSION;
    if (!block && line->kind != KTAP_PLAN && line->kind != KTAP_RESULT)
        return version && line->hashes == 0;
    if (!block)
        return line->hashes == 0 && line->width == 0 && line->number >= 0;
    if (line->kind == KTAP_OTHER || (block->yaml && line->width > block->width && !version))
        return false;
    if (line->hashes > block->hashes + (version || block->header))
        return false;
    return line->kind != KTAP_RESULT || line->number >= 0 || has_margin(blocks, line);
}

// --- Lines of each kind

static void take_version(KtapBlocks *blocks, const KtapLine *line)
{
    leave(blocks, line);
    Block *block = deepest(blocks);
    if (block && !is_deeper(block, line) && (block->declared || !is_untouched(block)))
        close_block(blocks, NO_RESULT);
    block = deepest(blocks);
    if (!block || is_deeper(block, line))
        block = open_block(blocks, line);
    block->declared = true;
}

// A plan behind one that is fulfilled begins a block without a version line.
static void take_plan(KtapBlocks *blocks, const KtapLine *line)
{
    Block *block = block_of(blocks, line);
    if (!above(blocks) && block->results > 0 && is_fulfilled(block)) {
        close_block(blocks, NO_RESULT);
        block = open_block(blocks, line);
    }
    if (block->plan >= 0 && block->plan != line->number)
        note_problem(blocks, "there were two plans, %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, block->plan,
            line->number);
    block->plan = MAX(block->plan, line->number);
    if (block->plan == 0 && line->directive == KTAP_SKIP && !block->skipped)
        block->skipped = g_strdup(line->text ? line->text : "");
}

static CaseResult result_of(const KtapLine *line)
{
    if (line->directive == KTAP_SKIP)
        return CASE_SKIP;
    if (line->directive == KTAP_XFAIL || (line->directive == KTAP_TODO && !line->ok))
        return CASE_EXPECTED_FAIL;
    if (line->ok)
        return CASE_PASS;
    if (line->directive == KTAP_TIMEOUT)
        return CASE_TIMEOUT;
    return line->directive == KTAP_ERROR ? CASE_ERROR : CASE_FAIL;
}

// What is wrong with the number of a result; NULL: nothing.
static char *find_wrong_number(Block *block, gint64 number)
{
    if (number == 0)
        return g_strdup("there is no test 0");
    if (block->plan >= 0 && number > block->plan)
        return g_strdup_printf("test %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, number, block->plan);
    if (g_hash_table_size(block->numbers) >= KTAP_CASES) // they are not kept
        return NULL;
    return add_number(block, number) ? NULL : g_strdup_printf("test %" G_GINT64_FORMAT " came twice", number);
}

// What the line says is taken back where its number or the tests below it say otherwise.
static CaseResult judge(Block *block, CaseResult result, gint64 number, char **text)
{
    g_autofree char *wrong = find_wrong_number(block, number);
    if (!wrong && block->below_is_empty && result == CASE_PASS)
        wrong = g_strdup("no test ran");
    if (wrong && !ktap_result_is_bad(result)) {
        *text = g_steal_pointer(&wrong);
        return CASE_ERROR;
    }
    if (result == CASE_PASS && block->below_skipped && block->below->len == 0) {
        *text = g_strdup(block->below_skipped);
        return CASE_SKIP;
    }
    return result;
}

static void take_result(KtapBlocks *blocks, const KtapLine *line)
{
    Block *block = block_of(blocks, line);
    gint64 number = line->number >= 0 ? line->number : block->highest + 1;
    if (block->awaited && g_strcmp0(block->awaited, line->name) != 0 && number > block->highest + 1)
        settle(blocks, block, NO_RESULT);
    g_autofree char *text = NULL;
    g_autofree char *name =
        line->name ? g_strdup(line->name) : g_strdup_printf("test %" G_GINT64_FORMAT, number);
    CaseResult result = judge(block, result_of(line), number, &text);
    if (blocks->not &&result == CASE_PASS) {
        text = g_strdup("the line before may be the beginning of \"not ok\"");
        result = CASE_ERROR;
    }
    block->results++;
    add_test(blocks, block, name, result, text ? text : line->text);
}

static void take_bail(KtapBlocks *blocks, const KtapLine *line)
{
    Block *block = block_of(blocks, line);
    if (!above(blocks))
        note_problem(blocks, "it bailed out%s%s", line->text ? ": " : "", line->text ? line->text : "");
    settle(blocks, block, "it bailed out");
    add_test(blocks, block, "Bail out!", CASE_ERROR, line->text);
    block->bailed = true;
    close_block(blocks, "it bailed out");
}

// Before the tests of a test: at their margin, or as TAP 14 has it, at that of the test.
static void take_subtest(KtapBlocks *blocks, const KtapLine *line)
{
    Block *block = block_of(blocks, line), *parent = above(blocks);
    bool names = parent && is_untouched(block);
    char **name = names ? &block->name : &block->awaited;
    if (names && parent->below->len > 0 && g_strcmp0(parent->awaited, line->name) != 0)
        settle(blocks, parent, NO_RESULT);
    g_free(*name);
    *name = g_strdup(line->name);
}

static void take_header(KtapBlocks *blocks, const KtapLine *line)
{
    leave(blocks, line);
    Block *block = deepest(blocks);
    if (block->below->len > 0)
        settle(blocks, block, NO_RESULT);
    g_string_truncate(block->output, 0);
    forget_awaited(block);
    block->awaited = g_strdup(line->name);
    block->header = true;
}

// A TAP 14 diagnostic in YAML follows the result that it is about.
static bool take_yaml(KtapBlocks *blocks, Block *block, const char *text)
{
    const char *at = text + strspn(text, " ");
    if (!block->yaml && block->tests->len > 0 && block->output->len == 0 && at > text)
        block->yaml = strcmp(at, "---") == 0;
    if (!block->yaml)
        return false;
    block->yaml = strcmp(at, "...") != 0;
    KtapTest *test = block->tests->pdata[block->tests->len - 1];
    if (blocks->output + strlen(text) > OUTPUT_ALL || (test->output && strlen(test->output) > OUTPUT_LONGEST))
        return true;
    g_autofree char *before = test->output;
    test->output = g_strdup_printf("%s%s\n", before ? before : "", text);
    blocks->output += strlen(text);
    return true;
}

static void take_other(KtapBlocks *blocks, const char *text)
{
    Block *block = deepest(blocks);
    if (!block)
        return;
    const char *own = ktap_line_behind(text, block->width);
    if (take_yaml(blocks, block, own))
        return;
    g_autofree char *whole = g_strconcat(own, "\n", NULL);
    append_output(block, whole);
}

// Kernels without time stamps cut lines, too: "not random: crng init done", "ok 4 name".
static bool may_begin_not_ok(const char *text)
{
    if (!g_str_has_prefix(text, "not "))
        return false;
    const char *word = text + strlen("not ");
    size_t length = strcspn(word, " ");
    return length > 1 && word[length - 1] == ':';
}

void ktap_blocks_take(KtapBlocks *blocks, const char *text)
{
    static void (*const kinds[])(KtapBlocks *, const KtapLine *) = {
        [KTAP_VERSION] = take_version,
        [KTAP_PLAN] = take_plan,
        [KTAP_RESULT] = take_result,
        [KTAP_BAIL] = take_bail,
        [KTAP_SUBTEST] = take_subtest,
        [KTAP_HEADER] = take_header,
    };
    KtapLine line = ktap_line_read(text);
    if (counts(blocks, &line)) {
        if (deepest(blocks))
            deepest(blocks)->yaml = false;
        kinds[line.kind](blocks, &line);
    } else {
        take_other(blocks, text);
    }
    ktap_line_clear(&line);
    blocks->not = may_begin_not_ok(text);
    blocks->there |= deepest(blocks) && is_confirmed(deepest(blocks));
}

bool ktap_blocks_counts(const KtapBlocks *blocks, const char *text)
{
    KtapLine line = ktap_line_read(text);
    bool does = counts(blocks, &line);
    ktap_line_clear(&line);
    return does;
}

void ktap_blocks_end(KtapBlocks *blocks)
{
    while (deepest(blocks))
        close_block(blocks, NO_RESULT ": the output ended in it");
}

bool ktap_blocks_are_there(const KtapBlocks *blocks)
{
    return blocks->there;
}

bool ktap_blocks_are_complete(const KtapBlocks *blocks)
{
    const Block *block = deepest(blocks);
    if (!blocks->there || blocks->broken || above(blocks))
        return false;
    bool repeated = block && !is_confirmed(block) && block->results == 0 && block->plan == blocks->last_plan;
    return !block || repeated || is_fulfilled(block);
}

const GPtrArray *ktap_blocks_tests(const KtapBlocks *blocks)
{
    return blocks->tests;
}

const char *ktap_blocks_problem(const KtapBlocks *blocks)
{
    return blocks->problem;
}

bool ktap_blocks_are_over(const KtapBlocks *blocks)
{
    return blocks->over;
}
