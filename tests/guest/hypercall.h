// Hypercalls: registers as PAPR has them, and what a call must leave alone.
#pragma once
#include <stdint.h>

// Return codes (LoPAR 14.5.3).
#define H_SUCCESS 0
#define H_BUSY 1
#define H_CLOSED 2
#define H_HARDWARE (-1)
#define H_PRIVILEGE (-3)
#define H_CONTINUE 18
#define H_FUNCTION (-2)
#define H_PARAMETER (-4)
#define H_BAD_MODE (-5)
#define H_PTEG_FULL (-6)
#define H_NOT_FOUND (-7)
#define H_RESOURCE (-16)
#define H_P2 (-55)
#define H_LONG_BUSY 9900 // to 9905

#define H_REMOVE 0x4
#define H_ENTER 0x8
#define H_READ 0xc
#define H_CLEAR_MOD 0x10
#define H_CLEAR_REF 0x14
#define H_SET_DABR 0x28
#define H_PAGE_INIT 0x2c
#define H_LOGICAL_CI_LOAD 0x3c
#define H_LOGICAL_CI_STORE 0x40
#define H_PUT_TERM_CHAR 0x58
#define H_CONFER 0xe4
#define H_PROD 0xe8
#define H_JOIN 0x298
#define H_RANDOM 0x300
#define H_SET_MODE 0x31c
#define H_RESIZE_HPT_PREPARE 0x36c
#define H_RESIZE_HPT_COMMIT 0x370
#define H_REGISTER_PROC_TBL 0x37c
#define H_SIGNAL_SYS_RESET 0x380
#define KVMPPC_H_RTAS 0xf000
#define KVMPPC_H_LOGICAL_MEMOP 0xf001

typedef struct Hypercall {
    uint64_t r[10];   // r3 to r12, before and after: r[0] is the number, then the status
    uint64_t changed; // nonvolatile registers that the call changed: bit n for rn, and the two below
} Hypercall;

#define CHANGED_CR (1ULL << 32) // CR2 to CR4
#define CHANGED_LR (1ULL << 33)

// Makes the call and fills `call` with what came back; returns the status. LoPAR 14.5.3: volatile are r0, r3
// to r12, CTR, XER and CR0, CR1, CR5 to CR7.
int64_t hypercall(Hypercall *call);

// The one instruction that makes a hypercall.
extern uint32_t hypercall_instruction[1];
