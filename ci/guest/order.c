// What init was told to do.
#include "order.h"
#include "bytes.h"
#include "calls.h"
#include "frame.h"
#include "say.h"

#define ORDER_ROOM (2u << 20) // what a kernel takes as arguments of a program

static char text[ORDER_ROOM + 1];
static size_t length;

const char *order_next(char letter, const char *after)
{
    for (const char *at = after ? after + text_length(after) + 1 : text; at < text + length;
         at += text_length(at) + 1)
        if (*at == letter)
            return at + 1;
    return NULL;
}

// A record is behind its letter.
static void take_words(char letter, char **words)
{
    unsigned count = 0;
    for (const char *word = order_next(letter, NULL); word && count < ORDER_WORDS;
         word = order_next(letter, word))
        words[count++] = (char *)word;
}

void order_read(Order *order)
{
    static char *arguments[ORDER_WORDS + 1], *variables[ORDER_WORDS + 1];
    int file = sys_open("/" ORDER_FILE, O_RDONLY);
    for (long got = 1; file >= 0 && got > 0; length += got > 0 ? (size_t)got : 0)
        got = sys_read(file, text + length, ORDER_ROOM - length);
    sys_close(file);
    take_words(ORDER_ARGUMENT, arguments);
    take_words(ORDER_VARIABLE, variables);
    order->program = order_next(ORDER_PROGRAM, NULL);
    order->directory = order_next(ORDER_DIRECTORY, NULL);
    order->arguments = arguments;
    order->variables = variables;
    if (!order->program || !arguments[0])
        fault("the initrd has no command", NULL, NULL);
}
