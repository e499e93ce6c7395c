// Says where the kernel starts that came with it, and what its header's mark is (it is a payload, too).
#include "console.h"
#include "fdt.h"
#include "order.h"

void payload(void)
{
    uint64_t entry = fdt_wide(fdt_find("chosen", 0), "qemu,boot-kernel", 0);
    const uint32_t *mark = (const uint32_t *)((entry & ~0xfffULL) + 0x28);
    print("# the kernel starts at 0x%lx, its mark is %x\n", entry, big32(*mark));
}
