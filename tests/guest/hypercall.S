// int64_t hypercall(Hypercall *call): fills the nonvolatile registers with marks, calls, looks at the marks.

#define FRAME 256
#define SAVED 64    // of r14 to r31 in the frame
#define SAVED_R2 208
#define SAVED_R13 216
#define CALL 224
#define STATUS 232
#define CHANGED 80  // in Hypercall

#define MARK 0x5a00       // + the register's number, in both halves
#define MARK_CR 0x005a    // CR2 = 5, CR3 = 10
#define MARK_CR_LOW 0x5000 // CR4 = 5

    .macro mark register, number
    li \register, MARK + \number
    rldimi \register, \register, 32, 0
    .endm

    // r4 |= bit if r5 is not 0
    .macro note bit
    cntlzd 5, 5
    srdi 5, 5, 6
    xori 5, 5, 1
    sldi 5, 5, \bit
    or 4, 4, 5
    .endm

    .macro look number
    mark 5, \number
    xor 5, 5, \number
    note \number
    .endm

    .text
    .globl hypercall
    .type hypercall, @function
hypercall:
    mflr 0
    std 0, 16(1)
    mfcr 0
    stw 0, 8(1)
    stdu 1, -FRAME(1)
    .irp n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    std \n, SAVED + 8 * (\n - 14)(1)
    mark \n, \n
    .endr
    std 2, SAVED_R2(1)
    std 13, SAVED_R13(1)
    std 3, CALL(1)
    mark 13, 13
    lis 0, MARK_CR
    ori 0, 0, MARK_CR_LOW
    mtcr 0
    li 0, MARK
    mtlr 0
    .irp n, 4,5,6,7,8,9,10,11,12,3
    ld \n, 8 * (\n - 3)(3)
    .endr
    .globl hypercall_instruction
hypercall_instruction:
    sc 1
    std 3, STATUS(1)
    ld 3, CALL(1)
    .irp n, 4,5,6,7,8,9,10,11,12
    std \n, 8 * (\n - 3)(3)
    .endr
    mfcr 6
    li 4, 0
    .irp n, 13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    look \n
    .endr
    ld 5, SAVED_R2(1)
    xor 5, 5, 2
    note 2
    rlwinm 6, 6, 0, 8, 19
    lis 5, MARK_CR
    ori 5, 5, MARK_CR_LOW
    xor 5, 5, 6
    note 32
    mflr 5
    xori 5, 5, MARK
    note 33
    std 4, CHANGED(3)
    ld 4, STATUS(1)
    std 4, 0(3)
    mr 3, 4
    .irp n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld \n, SAVED + 8 * (\n - 14)(1)
    .endr
    ld 2, SAVED_R2(1)
    ld 13, SAVED_R13(1)
    addi 1, 1, FRAME
    ld 0, 16(1)
    mtlr 0
    lwz 0, 8(1)
    mtcr 0
    blr
    .size hypercall, . - hypercall

    .section .note.GNU-stack, "", @progbits
