// Where a JSON text in a stream of bytes ends: at the brace that closes it, wherever lines end, as QEMU has
// it.
//
// Bytes that no JSON text can have end a message too, so that a client can get out of half a message: the
// custom is to send 0xff.
#include "frame.h"

Frame *frame_new(void)
{
    Frame *frame = g_new0(Frame, 1);
    frame->text = g_string_new(NULL);
    return frame;
}

void frame_free(Frame *frame)
{
    if (!frame)
        return;
    g_string_free(frame->text, TRUE);
    g_free(frame);
}

void frame_clear(Frame *frame)
{
    g_string_truncate(frame->text, 0);
    frame->depth = 0;
    frame->in_string = frame->escaped = false;
}

static FrameResult wrong(Frame *frame, const char *what, const char **why)
{
    frame_clear(frame);
    *why = what;
    return FRAME_WRONG;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

// Inside a string only a quote or a backslash counts.
static void take_in_string(Frame *frame, uint8_t byte)
{
    if (frame->escaped)
        frame->escaped = false;
    else if (byte == '\\')
        frame->escaped = true;
    else if (byte == '"')
        frame->in_string = false;
}

// True at the end of a message that is an object or a list.
static bool take_outside(Frame *frame, uint8_t byte)
{
    if (byte == '"')
        frame->in_string = true;
    else if (byte == '{' || byte == '[')
        frame->depth++;
    else if (byte == '}' || byte == ']')
        return frame->depth <= 1;
    return false;
}

FrameResult frame_take(Frame *frame, uint8_t byte, const char **why)
{
    if (frame->skipping) {
        frame->skipping = byte != '\n';
        return FRAME_MORE;
    }
    if (is_space(byte) && frame->depth == 0 &&
        !frame->in_string) // after a number or a word; or between messages
        return frame->text->len > 0 ? FRAME_MESSAGE : FRAME_MORE;
    if ((byte < 0x20 && (frame->in_string || !is_space(byte))) || byte > 0xf4)
        return wrong(frame, "JSON parse error, stray byte", why);
    if (frame->text->len == FRAME_BYTES) {
        frame->skipping = true;
        return wrong(frame, "JSON token size limit exceeded", why);
    }
    g_string_append_c(frame->text, (char)byte);
    if (frame->in_string) {
        take_in_string(frame, byte);
        return FRAME_MORE;
    }
    if (take_outside(frame, byte))
        return FRAME_MESSAGE;
    frame->depth -= byte == '}' || byte == ']';
    return frame->depth > FRAME_DEPTH ? wrong(frame, "JSON nesting depth limit exceeded", why) : FRAME_MORE;
}
