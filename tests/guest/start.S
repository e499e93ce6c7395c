// Entry and interrupt vectors. lparun enters at 0x100 in real mode, 64-bit, big-endian, with the device
// tree's address in r3; the little-endian build turns itself around first. Another processor is started at the
// same place, with PAYLOAD_SECOND in r3.
#include "payload.h"

    .section .vectors, "ax"
    .globl entry
entry: // 0x100
#ifdef __LITTLE_ENDIAN__
    // An instruction as a big-endian processor fetches it.
    .macro big word
    .byte (\word) >> 24 & 0xff, (\word) >> 16 & 0xff, (\word) >> 8 & 0xff, (\word) & 0xff
    .endm
    big 0x7c8000a6 // mfmsr  r4
    big 0x60840001 // ori    r4, r4, 1 (LE)
    big 0x7c9b03a6 // mtsrr1 r4
    big 0x38a00118 // li     r5, 0x118: behind the rfid
    big 0x7cba03a6 // mtsrr0 r5
    big 0x4c000024 // rfid
#endif
    b start

// Nothing here expects an interrupt, so each of them ends the run: r3 names it.
    .macro vector number
    .org \number - 0x100
    li 3, \number
    b interrupted
    .endm
    vector 0x200
    vector 0x300
    vector 0x380
    vector 0x400
    vector 0x480
    vector 0x500
    vector 0x600
    vector 0x700
    vector 0x800
    vector 0x900
    vector 0x980
    vector 0xa00
    vector 0xc00
    vector 0xd00
    vector 0xe00
    vector 0xe20
    vector 0xe40
    vector 0xe60
    vector 0xe80
    vector 0xf00
    vector 0xf20
    vector 0xf40
    vector 0xf60
    vector 0xf80
    vector 0x1500
    vector 0x1700

    .text
    .macro address register, symbol // all of the image lies below 2 GiB
    lis \register, \symbol@ha
    addi \register, \register, \symbol@l
    .endm

start:
    cmpldi 3, PAYLOAD_SECOND
    beq second
    address 4, bss_start
    address 5, bss_end
    li 0, 0
1:  std 0, 0(4)
    addi 4, 4, 8
    cmpld 4, 5
    blt 1b
    address 1, stack_end - 64
    std 0, 0(1)
    address 2, .TOC.
    bl payload_start
    b .

second:
    address 1, second_stack_end - 64
    li 0, 0
    std 0, 0(1)
    address 2, .TOC.
    bl payload_second
    b .

interrupted:
    mfspr 4, 26 // SRR0
    mfspr 5, 27 // SRR1
    mfspr 6, 19 // DAR
    mfspr 7, 18 // DSISR
    address 1, interrupt_stack_end - 64
    address 2, .TOC.
    bl payload_interrupted
    b .

    .bss
    .balign 16
    .space 16384
stack_end:
    .space 4096
second_stack_end:
    .space 4096
interrupt_stack_end:

    .section .note.GNU-stack, "", @progbits
