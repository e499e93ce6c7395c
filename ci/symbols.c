// Symbols of an ELF file (System V ABI, 64-bit). The file may be damaged or hostile: each piece is bounded,
// read once, and looked at by functions that know its length.
#include "symbols.h"
#include "elf_file.h"
#include "refuse.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS_MAX 4096u     // that a vmlinux has some 100 of
#define PIECE_MAX (256u << 20) // bytes of a table
#define NAME_MAX_SHOWN 128u    // of a symbol

typedef struct Section {
    guint64 address, offset, size;
    guint32 type, link;
    guint64 flags;
} Section;

typedef struct Symbol {
    guint64 address, end; // where what it names ends at the latest
    guint32 name;         // in `names`
    bool is_function;
} Symbol;

struct Symbols {
    GArray *list;  // of Symbol, by address
    GBytes *names; // the last byte is NUL
};

// --- The file.

typedef struct File {
    int fd;
    bool little;
    GArray *sections;
} File;

#define FIELD(file, bytes, type, member)                                                                     \
    elf_number((bytes) + G_STRUCT_OFFSET(type, member), sizeof(((type *)NULL)->member), (file)->little)

// NULL: not there, or larger than any that is. One byte more, which is 0.
static GBytes *read_piece(const File *file, guint64 offset, guint64 size)
{
    if (size == 0 || size > PIECE_MAX || offset > G_MAXINT64 - PIECE_MAX)
        return NULL;
    off_t end = lseek(file->fd, 0, SEEK_END); // nothing is allocated for what is not there
    if (end < 0 || offset + size > (guint64)end)
        return NULL;
    guint8 *bytes = g_try_malloc(size + 1);
    if (bytes && elf_read_at(file->fd, offset, bytes, size)) {
        bytes[size] = 0;
        return g_bytes_new_take(bytes, size + 1);
    }
    g_free(bytes);
    return NULL;
}

static Section take_section(const File *file, const guint8 *bytes)
{
    return (Section){
        .address = FIELD(file, bytes, Elf64_Shdr, sh_addr),
        .offset = FIELD(file, bytes, Elf64_Shdr, sh_offset),
        .size = FIELD(file, bytes, Elf64_Shdr, sh_size),
        .type = (guint32)FIELD(file, bytes, Elf64_Shdr, sh_type),
        .link = (guint32)FIELD(file, bytes, Elf64_Shdr, sh_link),
        .flags = FIELD(file, bytes, Elf64_Shdr, sh_flags),
    };
}

static bool read_sections(File *file, GError **error)
{
    guint8 head[sizeof(Elf64_Ehdr)];
    if (!elf_read_at(file->fd, 0, head, sizeof head) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return refuse(error, "not an ELF file");
    if (head[EI_CLASS] != ELFCLASS64 || (head[EI_DATA] != ELFDATA2LSB && head[EI_DATA] != ELFDATA2MSB))
        return refuse(error, "not a 64-bit ELF file");
    file->little = head[EI_DATA] == ELFDATA2LSB;
    guint64 count = FIELD(file, head, Elf64_Ehdr, e_shnum), size = FIELD(file, head, Elf64_Ehdr, e_shentsize);
    if (size != sizeof(Elf64_Shdr) || count == 0 || count > SECTIONS_MAX)
        return refuse(error, "it has no sections");
    g_autoptr(GBytes) table = read_piece(file, FIELD(file, head, Elf64_Ehdr, e_shoff), count * size);
    if (!table)
        return refuse(error, "its sections are cut off");
    const guint8 *bytes = g_bytes_get_data(table, NULL);
    for (guint64 i = 0; i < count; i++) {
        Section section = take_section(file, bytes + i * size);
        g_array_append_val(file->sections, section);
    }
    return true;
}

static const Section *section_at(const File *file, guint64 index)
{
    return index < file->sections->len ? &g_array_index(file->sections, Section, index) : NULL;
}

static const Section *find_table(const File *file)
{
    for (unsigned i = 0; i < file->sections->len; i++)
        if (section_at(file, i)->type == SHT_SYMTAB)
            return section_at(file, i);
    return NULL;
}

// --- Its symbols.

// Where the code of a symbol is: of a function descriptor (ELFv1, as big-endian kernels have it) the address
// stands in the descriptor. NULL: it is no code.
static const Section *find_code(const File *file, const Section *section, guint64 *address)
{
    if (!section || section->flags & SHF_EXECINSTR)
        return section;
    guint8 bytes[8];
    guint64 at = *address - section->address;
    if (section->type != SHT_PROGBITS || at >= section->size ||
        !elf_read_at(file->fd, section->offset + at, bytes, sizeof bytes))
        return NULL;
    *address = elf_number(bytes, sizeof bytes, file->little);
    for (unsigned i = 0; i < file->sections->len; i++) {
        const Section *code = section_at(file, i);
        if (code->flags & SHF_EXECINSTR && *address - code->address < code->size)
            return code;
    }
    return NULL;
}

static bool take_symbol(const File *file, const guint8 *bytes, gsize names, Symbol *symbol)
{
    unsigned type = ELF64_ST_TYPE(bytes[G_STRUCT_OFFSET(Elf64_Sym, st_info)]);
    const Section *own = section_at(file, FIELD(file, bytes, Elf64_Sym, st_shndx));
    *symbol = (Symbol){
        .address = FIELD(file, bytes, Elf64_Sym, st_value),
        .name = (guint32)FIELD(file, bytes, Elf64_Sym, st_name),
        .is_function = type == STT_FUNC,
    };
    if ((type != STT_FUNC && type != STT_NOTYPE) || symbol->name == 0 || symbol->name >= names)
        return false;
    if (type != STT_FUNC && (!own || !(own->flags & SHF_EXECINSTR))) // others have no descriptors
        return false;
    const Section *code = find_code(file, own, &symbol->address);
    if (!code || symbol->address - code->address >= code->size)
        return false;
    symbol->end = code->address + code->size;
    return true;
}

static int by_address(gconstpointer a, gconstpointer b)
{
    const Symbol *left = a, *right = b;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return left->is_function - right->is_function; // the last of one address is found
}

static Symbols *take_table(const File *file, GError **error)
{
    const Section *table = find_table(file);
    const Section *strings = table ? section_at(file, table->link) : NULL;
    g_autoptr(GBytes) entries = table ? read_piece(file, table->offset, table->size) : NULL;
    GBytes *names = strings && entries ? read_piece(file, strings->offset, strings->size) : NULL;
    if (!names) {
        refuse(error, "it has no symbols");
        return NULL;
    }
    Symbols *symbols = g_new0(Symbols, 1);
    symbols->names = names;
    symbols->list = g_array_new(FALSE, FALSE, sizeof(Symbol));
    const guint8 *bytes = g_bytes_get_data(entries, NULL);
    for (guint64 i = 0; i < table->size / sizeof(Elf64_Sym); i++) {
        Symbol symbol;
        if (take_symbol(file, bytes + i * sizeof(Elf64_Sym), g_bytes_get_size(names) - 1, &symbol))
            g_array_append_val(symbols->list, symbol);
    }
    g_array_sort(symbols->list, by_address);
    return symbols;
}

Symbols *symbols_read(const char *path, GError **error)
{
    File file = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    if (file.fd < 0) {
        refuse(error, "%s", g_strerror(errno));
        return NULL;
    }
    file.sections = g_array_new(FALSE, FALSE, sizeof(Section));
    Symbols *symbols = read_sections(&file, error) ? take_table(&file, error) : NULL;
    g_array_unref(file.sections);
    close(file.fd);
    return symbols;
}

void symbols_free(Symbols *symbols)
{
    if (!symbols)
        return;
    g_array_unref(symbols->list);
    g_bytes_unref(symbols->names);
    g_free(symbols);
}

// --- By address.

// The last one at or before `address`; NULL where it is in nothing.
static const Symbol *find(const Symbols *symbols, guint64 address)
{
    unsigned low = 0, high = symbols->list->len;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (g_array_index(symbols->list, Symbol, middle).address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const Symbol *found = low ? &g_array_index(symbols->list, Symbol, low - 1) : NULL;
    return found && address < found->end ? found : NULL;
}

static char *show_name(const Symbols *symbols, const Symbol *symbol)
{
    const char *name = (const char *)g_bytes_get_data(symbols->names, NULL) + symbol->name;
    char *shown = g_strndup(name, NAME_MAX_SHOWN);
    for (char *at = shown; *at; at++)
        if (!g_ascii_isgraph(*at))
            *at = '?';
    return shown;
}

char *symbols_name(const Symbols *symbols, guint64 address)
{
    const Symbol *symbol = symbols ? find(symbols, address) : NULL;
    if (!symbol)
        return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", address);
    g_autofree char *name = show_name(symbols, symbol);
    return g_strdup_printf("%s+0x%" G_GINT64_MODIFIER "x", name, address - symbol->address);
}
