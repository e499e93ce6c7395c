// A person, or a script, at the human monitor: bytes in, lines run, text out.
#pragma once
#include "hmp.h"

#define HMP_LINE 4096 // bytes of a line; what is more is not taken

typedef struct HmpSession HmpSession;

// `write` takes all of `length` bytes, or returns false: come again, by hmp_session_go_on(). It greets at
// once. The main thread, as all of this.
HmpSession *hmp_session_new(const MonitorMachine *machine,
    bool (*write)(void *owner, const uint8_t *bytes, size_t length), void *owner);
void hmp_session_free(HmpSession *session);
// Returns how many of `length` bytes were taken: none while an answer waits to be written.
size_t hmp_session_take(HmpSession *session, const uint8_t *bytes, size_t length);
// Writes what waits. True once nothing does: there may be input that was not taken.
bool hmp_session_go_on(HmpSession *session);
