// RTAS calls: what SLOF's RTAS blob would do (LoPAR 7.2.7 has the argument block).
#include "rtas.h"
#include "fdt.h"
#include "hypercall.h"
#include "order.h"

void rtas_call(
    const char *name, const uint32_t *inputs, unsigned input_count, uint32_t *outputs, unsigned output_count)
{
    uint32_t block[3 + 16] = { 0 };
    block[0] = big32(fdt_number("rtas", name, 0));
    block[1] = big32(input_count);
    block[2] = big32(output_count);
    for (unsigned i = 0; i < input_count; i++)
        block[3 + i] = big32(inputs[i]);
    Hypercall call = { .r = { KVMPPC_H_RTAS, (uint64_t)block } };
    hypercall(&call);
    for (unsigned i = 0; i < output_count; i++)
        outputs[i] = big32(block[3 + input_count + i]);
}
