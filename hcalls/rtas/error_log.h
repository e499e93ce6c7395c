// An RTAS error log in the making (LoPAR 10.3.2): every field is big-endian, and comes in the order of the
// format. Private to hcalls/rtas/.
#pragma once
#include <stddef.h>
#include <stdint.h>

#define ERROR_LOG_FIXED 8 // bytes of the part that every log has

typedef struct ErrorLog {
    uint8_t bytes[256];
    size_t length;
} ErrorLog;

void error_log_put(ErrorLog *log, unsigned size, uint64_t value);
void error_log_put_zeros(ErrorLog *log, unsigned size);

// Fields of the fixed part (LoPAR 10.3.2.1).
enum { SEVERITY_EVENT = 1, SEVERITY_SYNC = 3, SEVERITY_ERROR = 4 };
enum { FULLY_RECOVERED = 0, NOT_RECOVERED = 2 };
// The fixed part, and the header of the extended one, which has `sections` bytes of sections behind it.
void error_log_put_headers(
    ErrorLog *log, unsigned severity, unsigned disposition, uint8_t type, unsigned sections);
// Sections of the platform event log, version 6 (LoPAR 10.3.2.2), begin with this, which `length` includes.
void error_log_put_section(ErrorLog *log, const char id[2], unsigned length, unsigned version);
