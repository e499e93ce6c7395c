// The frames that go to the disk of results.
#include "stream.h"
#include "bytes.h"
#include "calls.h"
#include "say.h"

static char frame[FRAME_MOST] __attribute__((aligned(FRAME_MOST)));
static int file = -1;
static uint64_t at, end;
static uint32_t number;

void stream_open(int disk, unsigned long size)
{
    file = disk;
    at = DISK_FRAMES_AT;
    end = size;
}

char *stream_bytes(void)
{
    return frame + FRAME_HEAD;
}

static uint64_t sum_of(uint64_t sum, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * FRAME_SUM_FACTOR;
    return sum;
}

// The reserve is for frames that are small.
static bool has_room(FrameKind kind, size_t size)
{
    uint64_t reserve = kind == FRAME_END || kind == FRAME_FAULT ? 0 : DISK_RESERVE;
    return at + size + reserve <= end;
}

bool stream_send(FrameKind kind, size_t length)
{
    size_t used = FRAME_HEAD + length, size = (used + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
    if (!has_room(kind, size))
        return false;
    put32(frame + FRAME_AT_MAGIC, FRAME_MAGIC);
    put32(frame + FRAME_AT_KIND, kind);
    put32(frame + FRAME_AT_NUMBER, number++);
    put32(frame + FRAME_AT_LENGTH, (uint32_t)length);
    put64(frame + FRAME_AT_TIME, sys_nanoseconds());
    uint64_t sum = sum_of(FRAME_SUM_START, frame, FRAME_AT_SUM);
    put64(frame + FRAME_AT_SUM, sum_of(sum, frame + FRAME_HEAD, length));
    memset(frame + used, 0, size - used);
    if (call(__NR_pwrite64, file, frame, size, at) != (long)size) {
        file = -1;
        fault("the disk of results cannot be written", NULL, NULL);
    }
    at += size;
    return true;
}

void stream_fault(const char *a, const char *b, const char *c)
{
    const char *const texts[] = { a, b, c ? ": " : NULL, c };
    size_t length = 0;
    if (file < 0)
        return;
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t more = texts[i] ? text_length(texts[i]) : 0;
        if (length + more > DISK_RESERVE / 2 - FRAME_HEAD)
            break;
        memcpy(stream_bytes() + length, texts[i], more);
        length += more;
    }
    (void)stream_send(FRAME_FAULT, length);
    (void)call(__NR_fsync, file);
}
