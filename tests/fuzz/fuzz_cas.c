// The vectors of ibm,client-architecture-support, as any guest may send them.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with hcalls/cas_vectors.c and
// vmm/memory.c. Without it the program makes its own inputs: what Linux sends, with some bytes changed, for a
// fixed number of rounds from a fixed start.
#include "cas_vectors.h"
#include "lparun/cas.h"

#define RAM 0x10000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

// The input ends with RAM, so that all that it lacks is beyond.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static GuestMemory *memory;
    static CasRequest request;
    if (!memory)
        memory = guest_memory_new(RAM, NULL);
    size = MIN(size, RAM);
    if (size == 0)
        return 0;
    uint64_t gpa = RAM - size;
    guest_memory_write(memory, gpa, bytes, size);
    if (!cas_request_read(&request, memory, gpa))
        return 0;
    g_assert_cmpuint(request.processors, <=, CAS_PROCESSORS);
    cas_request_knows(&request, 0x004e1203);
    for (unsigned vector = 1; vector <= CAS_VECTORS; vector++) {
        g_assert_cmpuint(request.vector[vector].length, <=, 256);
        for (unsigned number = 1; number <= 300; number++)
            if (cas_request_byte(&request, vector, number) < 0)
                break;
    }
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 20000

static void change(GRand *rand, GByteArray *bytes)
{
    for (int left = g_rand_int_range(rand, 0, 8); left > 0; left--)
        bytes->data[g_rand_int_range(rand, 0, (gint32)bytes->len)] = (uint8_t)g_rand_int(rand);
    if (g_rand_boolean(rand))
        g_byte_array_set_size(bytes, (unsigned)g_rand_int_range(rand, 1, (gint32)bytes->len + 1));
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GByteArray) bytes = cas_vectors_bytes(&linux_vectors);
        change(rand, bytes);
        LLVMFuzzerTestOneInput(bytes->data, bytes->len);
    }
    g_rand_free(rand);
    return 0;
}
#endif
