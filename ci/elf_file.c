// What an ELF file says of itself.
#include "elf_file.h"
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SEGMENTS_MOST 256
#define TAGS_MOST 4096
#define TEXT_MOST 4096

typedef struct Segment {
    guint64 type, offset, address, file_size;
} Segment;

typedef struct Reader {
    int file;
    ElfFile *elf;
    Segment segments[SEGMENTS_MOST];
    unsigned count;
    guint64 strings; // address of the string table
} Reader;

bool elf_read_at(int file, guint64 offset, void *to, size_t length)
{
    if (offset > G_MAXINT64 - length)
        return false;
    for (size_t done = 0; done < length;) {
        ssize_t now = pread(file, (guint8 *)to + done, length - done, (off_t)(offset + done));
        if (now <= 0)
            return false;
        done += (size_t)now;
    }
    return true;
}

guint64 elf_number(const guint8 *bytes, unsigned size, bool little)
{
    guint64 value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[little ? size - 1 - i : i];
    return value;
}

// --- Numbers of either form.

static guint64 number(const Reader *reader, const guint8 *bytes, unsigned size)
{
    return elf_number(bytes, size, reader->elf->kind.little);
}

// A field that stands at one place in the form for 32 bits and at another in that for 64.
static guint64 field(const Reader *reader, const guint8 *bytes, size_t at_32, size_t at_64)
{
    bool is_64 = reader->elf->kind.is_64;
    return number(reader, bytes + (is_64 ? at_64 : at_32), is_64 ? 8 : 4);
}

#define FIELD(reader, bytes, structure, name)                                                                \
    field(reader, bytes, offsetof(Elf32_##structure, name), offsetof(Elf64_##structure, name))

static bool read_head(Reader *reader, guint8 head[sizeof(Elf64_Ehdr)])
{
    ElfKind *kind = &reader->elf->kind;
    if (!elf_read_at(reader->file, 0, head, sizeof(Elf32_Ehdr)) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return false;
    kind->is_64 = head[EI_CLASS] == ELFCLASS64;
    kind->little = head[EI_DATA] == ELFDATA2LSB;
    kind->machine = (unsigned)number(reader, head + offsetof(Elf64_Ehdr, e_machine), 2);
    return !kind->is_64 || elf_read_at(reader->file, 0, head, sizeof(Elf64_Ehdr));
}

static void read_segment(Reader *reader, const guint8 *bytes)
{
    reader->segments[reader->count++] = (Segment){
        .type = number(reader, bytes, 4),
        .offset = FIELD(reader, bytes, Phdr, p_offset),
        .address = FIELD(reader, bytes, Phdr, p_vaddr),
        .file_size = FIELD(reader, bytes, Phdr, p_filesz),
    };
}

static bool read_segments(Reader *reader, const guint8 *head)
{
    bool is_64 = reader->elf->kind.is_64;
    guint64 at = FIELD(reader, head, Ehdr, e_phoff);
    size_t count_at = is_64 ? offsetof(Elf64_Ehdr, e_phnum) : offsetof(Elf32_Ehdr, e_phnum);
    size_t size = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    guint64 count = number(reader, head + count_at, 2);
    guint8 bytes[sizeof(Elf64_Phdr)];
    for (guint64 i = 0; i < MIN(count, SEGMENTS_MOST); i++) {
        if (at > G_MAXINT64 / 2 || !elf_read_at(reader->file, at + i * size, bytes, size))
            return false;
        read_segment(reader, bytes);
    }
    return true;
}

static const Segment *find_segment(const Reader *reader, guint64 type)
{
    for (unsigned i = 0; i < reader->count; i++)
        if (reader->segments[i].type == type)
            return &reader->segments[i];
    return NULL;
}

// NULL: it is too long, or not there.
static char *text_at(const Reader *reader, guint64 offset)
{
    char text[TEXT_MOST];
    ssize_t length = offset < G_MAXINT64 ? pread(reader->file, text, sizeof text, (off_t)offset) : -1;
    return length > 0 && memchr(text, '\0', (size_t)length) ? g_strdup(text) : NULL;
}

static char *string_at(const Reader *reader, guint64 index)
{
    guint64 address = reader->strings + index;
    for (unsigned i = 0; i < reader->count; i++) {
        const Segment *segment = &reader->segments[i];
        if (segment->type == PT_LOAD && address - segment->address < segment->file_size)
            return text_at(reader, segment->offset + (address - segment->address));
    }
    return NULL;
}

// --- The dynamic section.

static void replace(char **text, char *by)
{
    g_free(*text);
    *text = by;
}

static void take_tag(Reader *reader, guint64 tag, guint64 value)
{
    char *name;
    if (tag == DT_NEEDED && (name = string_at(reader, value)))
        g_ptr_array_add(reader->elf->needed, name);
    else if (tag == DT_RPATH)
        replace(&reader->elf->rpath, string_at(reader, value));
    else if (tag == DT_RUNPATH)
        replace(&reader->elf->runpath, string_at(reader, value));
}

static void find_strings(Reader *reader, guint64 tag, guint64 value)
{
    if (tag == DT_STRTAB)
        reader->strings = value;
}

static void each_tag(Reader *reader, void (*take)(Reader *reader, guint64 tag, guint64 value))
{
    const Segment *dynamic = find_segment(reader, PT_DYNAMIC);
    size_t size = reader->elf->kind.is_64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    guint64 count = dynamic ? MIN(dynamic->file_size / size, TAGS_MOST) : 0;
    guint8 bytes[sizeof(Elf64_Dyn)];
    for (guint64 i = 0; i < count && elf_read_at(reader->file, dynamic->offset + i * size, bytes, size);
         i++) {
        guint64 tag = FIELD(reader, bytes, Dyn, d_tag);
        if (tag == DT_NULL)
            return;
        take(reader, tag, FIELD(reader, bytes, Dyn, d_un));
    }
}

static bool read_all(Reader *reader)
{
    guint8 head[sizeof(Elf64_Ehdr)];
    if (!read_head(reader, head) || !read_segments(reader, head))
        return false;
    const Segment *interpreter = find_segment(reader, PT_INTERP);
    if (interpreter)
        reader->elf->interpreter = text_at(reader, interpreter->offset);
    each_tag(reader, find_strings);
    each_tag(reader, take_tag);
    return true;
}

ElfFile *elf_file_read(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return NULL;
    ElfFile *elf = g_new0(ElfFile, 1);
    elf->needed = g_ptr_array_new_with_free_func(g_free);
    g_autofree Reader *reader = g_new0(Reader, 1);
    reader->file = file;
    reader->elf = elf;
    if (!read_all(reader))
        g_clear_pointer(&elf, elf_file_free);
    close(file);
    return elf;
}

void elf_file_free(ElfFile *elf)
{
    if (!elf)
        return;
    g_ptr_array_unref(elf->needed);
    g_free(elf->interpreter);
    g_free(elf->rpath);
    g_free(elf->runpath);
    g_free(elf);
}

bool elf_kind_equal(const ElfKind *a, const ElfKind *b)
{
    return a->machine == b->machine && a->is_64 == b->is_64 && a->little == b->little;
}

char *elf_kind_words(const ElfKind *kind)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = { { EM_PPC64, "ppc64" }, { EM_PPC, "ppc" }, { EM_X86_64, "x86-64" }, { EM_386, "x86" },
        { EM_AARCH64, "aarch64" }, { EM_ARM, "arm" }, { EM_S390, "s390x" }, { EM_RISCV, "riscv" } };
    const char *order = kind->little ? "little-endian" : "big-endian";
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].machine == kind->machine)
            return g_strdup_printf("%s %s", order, names[i].name);
    return g_strdup_printf("%s machine %u", order, kind->machine);
}
