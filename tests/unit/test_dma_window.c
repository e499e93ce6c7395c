// The default DMA window: its table is KVM's, and its properties say where it lies.
#include "fake_kvm.h"
#include "lparun/dma_window.h"
#include "lparun/error.h"
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>

static void test_refused(void)
{
    KvmVm *vm = fake_kvm_new();
    fake_kvm_power(vm)->tce_table = -ENOMEM;
    g_autoptr(GError) error = NULL;
    g_assert_null(dma_window_new(vm, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_nonnull(strstr(error->message, "ulimit -l"));
    dma_window_free(NULL);
    kvm_vm_close(vm);
}

static void test_described(void)
{
    KvmVm *vm = fake_kvm_new();
    int fd = fake_kvm_power(vm)->tce_table = open("/dev/null", O_RDONLY | O_CLOEXEC);
    g_autoptr(GError) error = NULL;
    DmaWindow *window = dma_window_new(vm, &error);
    g_assert_no_error(error);
    g_autoptr(Tree) tree = tree_new(4096);
    tree_begin(tree, "%s", "");
    dma_window_describe(window, tree);
    tree_end(tree);
    size_t size;
    const void *blob = tree_finish(tree, 0, &size);
    int length;
    const fdt32_t *cells = fdt_getprop(blob, 0, "ibm,dma-window", &length);
    static const uint32_t expected[] = { 0x80000000, 0, 0, 0, 0x10000000 }; // LIOBN, address, size
    g_assert_cmpint(length, ==, sizeof expected);
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmphex(fdt32_ld(&cells[i]), ==, expected[i]);
    dma_window_free(window);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1); // the table is gone
    kvm_vm_close(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dma-window/refused", test_refused);
    g_test_add_func("/dma-window/described", test_described);
    return g_test_run();
}
