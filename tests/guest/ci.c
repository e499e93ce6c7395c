// H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE for device registers.
#include "ci.h"
#include "hypercall.h"
#include "payload.h"

uint64_t ci_load(unsigned size, uint64_t address)
{
    Hypercall call = { .r = { H_LOGICAL_CI_LOAD, size, address } };
    int64_t status = hypercall(&call);
    if (status != H_SUCCESS)
        payload_bail("H_LOGICAL_CI_LOAD of %u bytes at 0x%lx: %ld", size, address, status);
    return call.r[1];
}

void ci_store(unsigned size, uint64_t address, uint64_t value)
{
    Hypercall call = { .r = { H_LOGICAL_CI_STORE, size, address, value } };
    int64_t status = hypercall(&call);
    if (status != H_SUCCESS)
        payload_bail("H_LOGICAL_CI_STORE of %u bytes at 0x%lx: %ld", size, address, status);
}
