// Which MMU there is, and the switch to virtual mode.
#include "mmu.h"
#include "fdt.h"

#define MSR_IR_DR 0x30

// The guest's own words in ibm,architecture-vec-5: a length, then the vector; byte 24 chooses radix (LoPAR
// B.6.2.3).
static bool is_radix(void)
{
    uint32_t length;
    const uint8_t *vector = fdt_bytes(fdt_find("chosen", 0), "ibm,architecture-vec-5", &length);
    return vector && length > 24 && (vector[24] & 0xc0) == 0x40;
}

const char *mmu_name(void)
{
    return is_radix() ? "radix" : "hash";
}

void mmu_on(void)
{
    uint64_t msr, next;
    if (is_radix())
        radix_prepare();
    else
        hash_prepare();
    __asm__ volatile("mfmsr %0\n\t"
                     "ori %0, %0, %2\n\t"
                     "mtsrr1 %0\n\t"
                     "bcl 20, 31, 1f\n"
                     "1: mflr %1\n\t"
                     "addi %1, %1, 2f - 1b\n\t"
                     "mtsrr0 %1\n\t"
                     "rfid\n"
                     "2:"
                     : "=&r"(msr), "=&b"(next)
                     : "i"(MSR_IR_DR)
                     : "lr", "memory");
}
