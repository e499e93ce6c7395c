// Numbers of the human monitor: what a person writes for an address.
#include "hmp.h"
#include "lparun/vcpu.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32 // of parentheses

typedef struct Reader {
    Hmp *hmp;
    const char *at;
    unsigned depth;
    const char *wrong;      // or NULL
    KvmRegisters registers; // of the vCPU, if
    bool has_looked;        // it was asked, which is done once
} Reader;

static uint64_t read_sum(Reader *reader);

static void skip_space(Reader *reader)
{
    while (*reader->at == ' ')
        reader->at++;
}

static bool take(Reader *reader, char wanted)
{
    skip_space(reader);
    bool is_there = *reader->at == wanted;
    reader->at += is_there;
    return is_there;
}

// One that does not answer is waited for, and a line may name many registers.
static bool look(Reader *reader)
{
    const Hmp *hmp = reader->hmp;
    if (reader->has_looked)
        return true;
    g_autofree VcpuLook *looks = g_new0(VcpuLook, hmp->machine->cpus(hmp->machine->owner));
    hmp->machine->look(hmp->machine->owner, looks);
    reader->registers = looks[hmp->cpu].registers;
    reader->has_looked = looks[hmp->cpu].known;
    return reader->has_looked;
}

// "r3" and its like.
static bool find_register(const KvmRegisters *registers, const char *name, uint64_t *value)
{
    const struct {
        const char *name;
        uint64_t value;
    } named[] = { { "pc", registers->pc }, { "nip", registers->pc }, { "lr", registers->lr },
        { "ctr", registers->ctr }, { "msr", registers->msr }, { "sp", registers->gpr[1] } };
    guint64 number;
    for (unsigned i = 0; i < G_N_ELEMENTS(named); i++)
        if (strcmp(named[i].name, name) == 0) {
            *value = named[i].value;
            return true;
        }
    if (name[0] != 'r' || !g_ascii_string_to_unsigned(name + 1, 10, 0, 31, &number, NULL))
        return false;
    *value = registers->gpr[number];
    return true;
}

static uint64_t read_register(Reader *reader)
{
    size_t length = 0;
    while (g_ascii_isalnum(reader->at[length]))
        length++;
    g_autofree char *name = g_strndup(reader->at, length);
    reader->at += length;
    uint64_t value = 0;
    if (!look(reader))
        reader->wrong = "the vCPU does not tell its registers";
    else if (!find_register(&reader->registers, name, &value))
        reader->wrong = "unknown register";
    return value;
}

static uint64_t read_digits(Reader *reader)
{
    char *end;
    errno = 0;
    uint64_t value = g_ascii_strtoull(reader->at, &end, 0);
    if (errno || end == reader->at || !g_ascii_isdigit(*reader->at))
        reader->wrong = "invalid number";
    reader->at = end;
    return value;
}

static uint64_t read_one(Reader *reader)
{
    if (take(reader, '-'))
        return -read_one(reader);
    if (take(reader, '~'))
        return ~read_one(reader);
    if (take(reader, '$'))
        return read_register(reader);
    if (!take(reader, '('))
        return read_digits(reader);
    uint64_t value = ++reader->depth > DEPTH_MAX ? 0 : read_sum(reader);
    if (!take(reader, ')') && !reader->wrong)
        reader->wrong = "')' expected";
    reader->depth--;
    return value;
}

static uint64_t read_product(Reader *reader)
{
    uint64_t value = read_one(reader);
    while (!reader->wrong) {
        if (take(reader, '*')) {
            value *= read_one(reader);
        } else if (take(reader, '/')) {
            uint64_t by = read_one(reader);
            if (!reader->wrong && by == 0)
                reader->wrong = "division by zero";
            value = by ? value / by : 0;
        } else {
            break;
        }
    }
    return value;
}

static uint64_t read_sum(Reader *reader)
{
    uint64_t value = read_product(reader);
    while (!reader->wrong) {
        if (take(reader, '+'))
            value += read_product(reader);
        else if (take(reader, '-'))
            value -= read_product(reader);
        else if (take(reader, '&'))
            value &= read_product(reader);
        else if (take(reader, '|'))
            value |= read_product(reader);
        else
            break;
    }
    return value;
}

bool hmp_number(Hmp *hmp, const char *text, uint64_t *number)
{
    Reader reader = { .hmp = hmp, .at = text };
    *number = read_sum(&reader);
    skip_space(&reader);
    if (!reader.wrong && *reader.at)
        reader.wrong = "unexpected characters behind it";
    if (reader.wrong)
        hmp_say(hmp, "%s: %s\n", text, reader.wrong);
    return !reader.wrong;
}
