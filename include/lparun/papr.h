// PAPR's numbers: hypercalls, their return codes, RTAS statuses.
#pragma once
#include <stdint.h>

// Return codes (LoPAR 14.5.3).
#define H_SUCCESS 0
#define H_BUSY 1
#define H_CLOSED 2
#define H_NOT_AVAILABLE 3
#define H_CONTINUE 18
#define H_LONG_BUSY 9900 // and up to 9905: try again in 1 ms, 10 ms, ... 100 s
#define H_HARDWARE (-1)
#define H_FUNCTION (-2)
#define H_PRIVILEGE (-3)
#define H_PARAMETER (-4)
#define H_BAD_MODE (-5)
#define H_PTEG_FULL (-6)
#define H_NO_MEM (-9)
#define H_RESOURCE (-16)
#define H_P2 (-55)
#define H_P3 (-56)
#define H_P4 (-57)
#define H_P5 (-58)
#define H_NOOP (-63)
#define H_UNSUPPORTED_FLAG (-256)
#define H_MULTI_THREADS_ACTIVE (-9005)

// Hypercalls (LoPAR 14.5.4).
#define H_STUFF_TCE 0x138
#define H_PUT_TCE_INDIRECT 0x13c
#define H_READ 0xc
#define H_READ_4 (1ULL << 37) // its flag
#define H_CLEAR_MOD 0x10
#define H_CLEAR_REF 0x14
#define H_SET_SPRG0 0x24
#define H_SET_DABR 0x28
#define H_PAGE_INIT 0x2c
#define H_ICACHE_INVALIDATE (1ULL << 23) // its flags
#define H_ICACHE_SYNCHRONIZE (1ULL << 22)
#define H_ZERO_PAGE (1ULL << 15)
#define H_COPY_PAGE (1ULL << 14)
#define H_LOGICAL_CI_LOAD 0x3c
#define H_LOGICAL_CI_STORE 0x40
#define H_LOGICAL_ICBI 0x4c
#define H_LOGICAL_DCBF 0x50
#define H_GET_TERM_CHAR 0x54
#define H_PUT_TERM_CHAR 0x58
#define H_CONFER 0xe4
#define H_PROD 0xe8
#define H_SET_XDABR 0x134
#define H_GET_CPU_CHARACTERISTICS 0x1c8
#define H_JOIN 0x298
#define H_HOME_NODE_ASSOCIATIVITY 0x2ec
#define H_RANDOM 0x300
#define H_SET_MODE 0x31c
#define H_RESIZE_HPT_PREPARE 0x36c
#define H_RESIZE_HPT_COMMIT 0x370
#define H_REGISTER_PROC_TBL 0x37c
#define H_SIGNAL_SYS_RESET 0x380
#define H_INT_GET_SOURCE_INFO 0x3a8
#define H_INT_SET_SOURCE_CONFIG 0x3ac
#define H_INT_GET_SOURCE_CONFIG 0x3b0
#define H_INT_GET_QUEUE_INFO 0x3b4
#define H_INT_SET_QUEUE_CONFIG 0x3b8
#define H_INT_GET_QUEUE_CONFIG 0x3bc
#define H_INT_SET_OS_REPORTING_LINE 0x3c0
#define H_INT_GET_OS_REPORTING_LINE 0x3c4
#define H_INT_ESB 0x3c8
#define H_INT_SYNC 0x3cc
#define H_INT_RESET 0x3d0
#define H_RPT_INVALIDATE 0x448
#define H_WATCHDOG 0x45c
#define H_LAST 0x488

// KVM's own, agreed between SLOF and VMMs; they are in no specification.
#define KVMPPC_H_RTAS 0xf000
#define KVMPPC_H_LOGICAL_MEMOP 0xf001
#define KVMPPC_H_CAS 0xf002
#define KVMPPC_H_UPDATE_DT 0xf003
#define KVMPPC_H_LAST 0xf00f

// An address as a real-mode guest hands it over: the top bits only name the mode.
static inline uint64_t papr_real_address(uint64_t address)
{
    return address & 0x0fffffffffffffffULL;
}

// RTAS statuses (LoPAR 7.2.7).
#define RTAS_SUCCESS 0
#define RTAS_NO_EVENT 1 // check-exception and event-scan alone
#define RTAS_HARDWARE_ERROR (-1)
#define RTAS_BUSY (-2)
#define RTAS_PARAMETER_ERROR (-3)
#define RTAS_NOT_SUPPORTED (-3)
#define RTAS_NOT_AUTHORIZED (-9002)

// Interrupt source numbers, as QEMU's pseries gives them out, so that guests see what they know.
#define SOURCE_EPOW 0x1000
#define SOURCE_HOT_PLUG 0x1001
#define SOURCE_VTY 0x1100     // the first of virtual devices
#define SOURCE_PCI_LSI 0x1200 // the first of the pins of PCI functions
#define SOURCE_MSI 0x1300
#define SOURCE_MSI_COUNT 0xd00
#define PCI_SLOTS 32
#define SOURCE_MSI_SLOT (SOURCE_MSI_COUNT / PCI_SLOTS) // as many has each PCI slot for itself

// Where the PCI bridge's windows begin, as QEMU's do; RAM ends below.
#define PCI_WINDOWS 0x200000000000ULL

// The buid of PHB 0.
#define PHB_BUID 0x800000020000000ULL
