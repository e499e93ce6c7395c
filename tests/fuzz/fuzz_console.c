// A console's bytes to lines, forms and the report: whatever comes, nothing crashes or grows, and a panic's
// whole line is found whatever stands around it.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with
// ci/{lines,forms,form_table,prefix,block,report_function,firmware}.c. Without it the program makes its own
// inputs, consoles with some bytes changed, for a fixed number of rounds from a fixed start.
#include "block.h"
#include "firmware.h"
#include "lines.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

typedef struct Reader {
    Lines *lines;
    Block *block;
    Firmware *firmware;
    bool panicked, failed;
} Reader;

static void check_form(const Form *form)
{
    g_assert_true(g_utf8_validate(form->text, -1, NULL));
    g_assert_true(g_utf8_validate(form->subject, -1, NULL));
    g_assert_cmpuint(strlen(form->subject), <, 600);
    g_assert_nonnull(forms_class_name(form->class));
}

static void take_form(Reader *reader, Form *form)
{
    if (!form)
        return;
    check_form(form);
    reader->failed = true;
    reader->panicked |= form->class == FORM_PANIC;
    form_free(form);
}

static void each(void *owner, const char *line, gint64 at)
{
    Reader *reader = owner;
    Form *form = forms_find(line);
    block_line(reader->block, line, form, (double)at);
    take_form(reader, form);
    take_form(reader, firmware_line(reader->firmware, line));
}

static void check_block(const Reader *reader)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *signature = block_signature(reader->block);
    block_lines(reader->block, lines);
    g_assert_cmpuint(lines->len, <=, 250);
    g_assert_true((lines->len > 0) == (block_form(reader->block) != NULL));
    if (reader->panicked) // or what it follows from
        g_assert_nonnull(signature);
    g_assert_true(!signature || g_utf8_validate(signature, -1, NULL));
}

// Was there a panic?
static bool read_all(const uint8_t *bytes, size_t size, size_t piece)
{
    Reader reader = { .block = block_new(), .firmware = firmware_new() };
    reader.lines = lines_new(each, &reader);
    for (size_t at = 0; at < size; at += piece) {
        lines_take(reader.lines, (const char *)bytes + at, MIN(piece, size - at), (gint64)at);
        take_form(&reader, forms_find_prompt(lines_partial(reader.lines)));
        take_form(&reader, firmware_partial(reader.firmware, lines_partial(reader.lines)));
    }
    lines_end(reader.lines);
    check_block(&reader);
    lines_free(reader.lines);
    block_free(reader.block);
    firmware_free(reader.firmware);
    return reader.panicked;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    read_all(bytes, size, 1 + size % 61);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 1500

static const char *const parts[] = {
    "SLOF **********\n  Welcome to Open Firmware\n",
    "Trying to load:  from: /pci@800000020000000/scsi@0 ... \nE3404: Not a bootable device!\n",
    "E3407: Load failed\n\nReady! \n0 > ",
    "Welcome to GRUB!\n\x1b[2J\x1b[1;1Herror: file `/x' not found.\ngrub> ",
    "[    0.000000] Linux version 6.12 (a@b) #1 SMP\n",
    "[    1.000000][    T1] usb 1-1: new device\n[    1.000001][    C1] BUG: soft lockup - CPU#1 stuck for "
    "22s!\n",
    "[    2.000000] BUG: Kernel NULL pointer dereference on read at 0x00000000\n",
    "[    2.000000] Oops: Kernel access of bad area, sig: 11 [#1]\n[    2.000000] NIP [c0] do_it+0x1/0x2\n",
    "[    2.000000] Call Trace:\n[    2.000000] [c0] [c1] do_it.isra.0+0x1/0x2 (unreliable)\n",
    "[    2.000000] ---[ end trace 0 ]---\n[    2.000000] \n",
    "[    3.000000] WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2\n",
    "** 12 printk messages dropped ** [    3.000000] BUG: KASAN: use-after-free in do_it+0x1/0x2\n",
    "Lost 3 message(s)!\n0:mon> ",
    "\x1b]0;title\x07\x1b[0;1;31mFAILED\x1b[0m\r\n[\x1b[0;1;31mFAILED\x1b[0m] Failed to start a.service - "
    "A.\r\n",
    "debian login: ",
    "(initramfs) ",
    "dracut:/# ",
    "Generating \"/run/initramfs/rdsosreport.txt\"\n",
    "\x1b]\x1bP\x1b[",
    "# a test's line\nok 1 - a\n",
};

static GString *console(GRand *rand)
{
    GString *text = g_string_new(NULL);
    for (int left = g_rand_int_range(rand, 1, 30); left > 0; left--)
        g_string_append(text, parts[g_rand_int_range(rand, 0, G_N_ELEMENTS(parts))]);
    if (g_rand_int_range(rand, 0, 10) == 0) // no end of a line for long
        for (int left = g_rand_int_range(rand, 1, 2 * LINES_LONGEST); left > 0; left--)
            g_string_append_c(text, "a[ \x1b\b]"[g_rand_int_range(rand, 0, 6)]);
    return text;
}

static void change(GRand *rand, GString *text)
{
    static const char marks[] = "\x1b[]\n\r\b \x07\xff\x80#P'\"";
    for (int left = g_rand_int_range(rand, 0, 20); left > 0; left--)
        text->str[g_rand_int_range(rand, 0, (gint32)text->len)] =
            g_rand_boolean(rand) ? (char)g_rand_int(rand)
                                 : marks[g_rand_int_range(rand, 0, (gint32)sizeof marks)];
}

static void check_panic(GRand *rand, GString *text)
{
    static const char panic[] = "[    9.000000] Kernel panic - not syncing: the end\n";
    g_string_insert(text, g_rand_int_range(rand, 0, (gint32)text->len + 1), panic);
    if (!read_all((const uint8_t *)text->str, text->len, (size_t)g_rand_int_range(rand, 1, 100))) {
        g_autofree char *shown = g_strescape(text->str, NULL);
        g_error("the panic is lost in %s", shown);
    }
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = console(rand);
        change(rand, text);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
        check_panic(rand, text);
    }
    g_rand_free(rand);
    return 0;
}
#endif
