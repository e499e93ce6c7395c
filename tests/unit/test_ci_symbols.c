// Names of a kernel's functions: files of both byte orders, function descriptors, and damaged ones.
#include "scratch_file.h"
#include "symbols.h"
#include <elf.h>
#include <fcntl.h>
#include <string.h>

#define TEXT 0xc000000000010000ULL
#define TEXT_SIZE 0x1000
#define OPD 0xc000000000020000ULL

enum { SECTION_NONE, SECTION_TEXT, SECTION_OPD, SECTION_DATA, SECTION_SYMBOLS, SECTION_NAMES, SECTIONS };

static const char names[] = "\0do_fault\0__switch_to\0described\0jiffies\0local\0bad\x1b[31mname";
enum {
    NAME_FAULT = 1,
    NAME_SWITCH = 10,
    NAME_DESCRIBED = 22,
    NAME_DATA = 32,
    NAME_LOCAL = 40,
    NAME_BAD = 46
};

typedef struct Image {
    Elf64_Ehdr head;
    Elf64_Shdr sections[SECTIONS];
    Elf64_Sym symbols[7];
    guint64 opd[3];
    char names[sizeof names];
} Image;

static Elf64_Shdr section(guint32 type, guint64 flags, guint64 address, guint64 offset, guint64 size)
{
    return (Elf64_Shdr){
        .sh_type = type, .sh_flags = flags, .sh_addr = address, .sh_offset = offset, .sh_size = size
    };
}

static Elf64_Sym symbol(guint32 name, unsigned type, unsigned index, guint64 value)
{
    return (
        Elf64_Sym){ .st_name = name, .st_info = (guint8)type, .st_shndx = (guint16)index, .st_value = value };
}

// In the host's byte order.
static Image make_image(void)
{
    Image image = { .head = { .e_shoff = offsetof(Image, sections),
                        .e_shentsize = sizeof(Elf64_Shdr),
                        .e_shnum = SECTIONS } };
    memcpy(image.head.e_ident, ELFMAG, SELFMAG);
    image.head.e_ident[EI_CLASS] = ELFCLASS64;
    image.head.e_ident[EI_DATA] = G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
    image.sections[SECTION_TEXT] = section(SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, TEXT, 0, TEXT_SIZE);
    image.sections[SECTION_OPD] =
        section(SHT_PROGBITS, SHF_ALLOC, OPD, offsetof(Image, opd), sizeof image.opd);
    image.sections[SECTION_DATA] = section(SHT_NOBITS, SHF_ALLOC, OPD + 0x1000, 0, 0x1000);
    image.sections[SECTION_SYMBOLS] =
        section(SHT_SYMTAB, 0, 0, offsetof(Image, symbols), sizeof image.symbols);
    image.sections[SECTION_SYMBOLS].sh_link = SECTION_NAMES;
    image.sections[SECTION_NAMES] = section(SHT_STRTAB, 0, 0, offsetof(Image, names), sizeof names);
    image.symbols[0] = symbol(NAME_SWITCH, STT_FUNC, SECTION_TEXT, TEXT + 0x200);
    image.symbols[1] = symbol(NAME_FAULT, STT_FUNC, SECTION_TEXT, TEXT + 0x100);
    image.symbols[2] = symbol(NAME_LOCAL, STT_NOTYPE, SECTION_TEXT, TEXT + 0x100);
    image.symbols[3] = symbol(NAME_DESCRIBED, STT_FUNC, SECTION_OPD, OPD);
    image.symbols[4] = symbol(NAME_DATA, STT_OBJECT, SECTION_DATA, OPD + 0x1000);
    image.symbols[5] = symbol(NAME_BAD, STT_NOTYPE, SECTION_TEXT, TEXT + 0x800);
    image.symbols[6] = symbol(NAME_DATA, STT_FUNC, SECTION_TEXT, TEXT + 0x10 * TEXT_SIZE); // outside
    image.opd[0] = TEXT + 0x400;
    memcpy(image.names, names, sizeof names);
    return image;
}

#define SWAP16(x) ((x) = GUINT16_SWAP_LE_BE(x))
#define SWAP32(x) ((x) = GUINT32_SWAP_LE_BE(x))
#define SWAP64(x) ((x) = GUINT64_SWAP_LE_BE(x))

static void swap(Image *image)
{
    image->head.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
    SWAP64(image->head.e_shoff);
    SWAP16(image->head.e_shentsize);
    SWAP16(image->head.e_shnum);
    for (unsigned i = 0; i < SECTIONS; i++) {
        SWAP32(image->sections[i].sh_type);
        SWAP32(image->sections[i].sh_link);
        SWAP64(image->sections[i].sh_flags);
        SWAP64(image->sections[i].sh_addr);
        SWAP64(image->sections[i].sh_offset);
        SWAP64(image->sections[i].sh_size);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(image->symbols); i++) {
        SWAP32(image->symbols[i].st_name);
        SWAP16(image->symbols[i].st_shndx);
        SWAP64(image->symbols[i].st_value);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(image->opd); i++)
        SWAP64(image->opd[i]);
}

static Symbols *read_bytes(const void *bytes, size_t size, GError **error)
{
    char *path = scratch_file(bytes, size);
    Symbols *symbols = symbols_read(path, error);
    scratch_remove(path);
    return symbols;
}

static void assert_name(const Symbols *symbols, guint64 address, const char *expected)
{
    g_autofree char *name = symbols_name(symbols, address);
    g_assert_cmpstr(name, ==, expected);
}

static void test_names(gconstpointer other_order)
{
    g_autoptr(GError) error = NULL;
    Image image = make_image();
    if (other_order)
        swap(&image);
    g_autoptr(Symbols) symbols = read_bytes(&image, sizeof image, &error);
    g_assert_no_error(error);
    assert_name(symbols, TEXT + 0x100, "do_fault+0x0");
    assert_name(symbols, TEXT + 0x110, "do_fault+0x10");
    assert_name(symbols, TEXT + 0x1ff, "do_fault+0xff");
    assert_name(symbols, TEXT + 0x200, "__switch_to+0x0");
    assert_name(symbols, TEXT + 0x404, "described+0x4"); // by its descriptor
    assert_name(symbols, TEXT + 0x800, "bad?[31mname+0x0");
    assert_name(symbols, TEXT + 0xfff, "bad?[31mname+0x7ff");
    assert_name(symbols, TEXT + 0xff, "0xc0000000000100ff");
    assert_name(symbols, TEXT + TEXT_SIZE, "0xc000000000011000");
    assert_name(symbols, OPD + 0x1000, "0xc000000000021000"); // data
    assert_name(symbols, 0, "0x0");
    assert_name(symbols, G_MAXUINT64, "0xffffffffffffffff");
}

static void test_none(void)
{
    assert_name(NULL, 0x1234, "0x1234");
    symbols_free(NULL);
}

static void assert_wrong(const void *bytes, size_t size, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(read_bytes(bytes, size, &error));
    g_assert_cmpstr(error->message, ==, message);
}

static void test_wrong(void)
{
    Image image = make_image();
    g_autoptr(GError) error = NULL;
    g_assert_null(symbols_read("/nowhere/vmlinux", &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_null(symbols_read("/", &error));
    g_assert_nonnull(error);
    assert_wrong("", 0, "not an ELF file");
    assert_wrong(&image, sizeof image.head, "its sections are cut off");
    assert_wrong(&image, offsetof(Image, symbols) + 8, "it has no symbols");
    assert_wrong(&image, offsetof(Image, names) + 8, "it has no symbols");
    image.head.e_ident[EI_CLASS] = ELFCLASS32;
    assert_wrong(&image, sizeof image, "not a 64-bit ELF file");
    image = make_image();
    image.head.e_shnum = 0;
    assert_wrong(&image, sizeof image, "it has no sections");
    image = make_image();
    image.sections[SECTION_SYMBOLS].sh_size = G_MAXUINT64;
    assert_wrong(&image, sizeof image, "it has no symbols");
    image = make_image();
    image.sections[SECTION_SYMBOLS].sh_link = 99;
    assert_wrong(&image, sizeof image, "it has no symbols");
    image = make_image();
    image.sections[SECTION_NAMES].sh_offset = G_MAXUINT64 - 4;
    assert_wrong(&image, sizeof image, "it has no symbols");
}

// Any byte may be anything: nothing crashes, and a name is text.
static void test_hostile(void)
{
    Image image = make_image();
    char *path = scratch_file(&image, sizeof image);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    for (unsigned round = 0; round < 3000; round++) {
        Image damaged = image;
        for (unsigned i = 0; i < 4; i++)
            ((guint8 *)&damaged)[g_test_rand_int_range(16, sizeof damaged)] =
                (guint8)g_test_rand_int_range(0, 256);
        g_assert_cmpint(pwrite(fd, &damaged, sizeof damaged, 0), ==, sizeof damaged);
        g_autoptr(Symbols) symbols = symbols_read(path, NULL);
        for (guint64 at = TEXT; symbols && at < TEXT + TEXT_SIZE; at += 0xf0) {
            g_autofree char *name = symbols_name(symbols, at);
            g_assert_cmpuint(strlen(name), <, 200);
        }
    }
    close(fd);
    scratch_remove(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/ci-symbols/names", NULL, test_names);
    g_test_add_data_func("/ci-symbols/other-order", "", test_names);
    g_test_add_func("/ci-symbols/none", test_none);
    g_test_add_func("/ci-symbols/wrong", test_wrong);
    g_test_add_func("/ci-symbols/hostile", test_hostile);
    return g_test_run();
}
