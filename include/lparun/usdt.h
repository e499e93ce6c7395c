// USDT probes at the points of tracing (include/lparun/trace.h), for bpftrace, perf, gdb and SystemTap: a
// no-op in the code and a note in the ELF file each. Provider "lparun". Without sys/sdt.h there are none.
#pragma once

#ifdef HAVE_SDT
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <sys/sdt.h>
#pragma GCC diagnostic pop
#define USDT(name, a) STAP_PROBE1(lparun, name, a)
#define USDT2(name, a, b) STAP_PROBE2(lparun, name, a, b)
#define USDT3(name, a, b, c) STAP_PROBE3(lparun, name, a, b, c)
#define USDT4(name, a, b, c, d) STAP_PROBE4(lparun, name, a, b, c, d)
#else
#define USDT(name, a) ((void)(a))
#define USDT2(name, a, b) ((void)(a), (void)(b))
#define USDT3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#define USDT4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif
