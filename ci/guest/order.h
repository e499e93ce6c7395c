// What init was told to do: the file in the initrd.
#pragma once

typedef struct Order {
    const char *program, *directory;
    char **arguments, **variables; // up to a NULL
} Order;

// A fault ends the guest.
void order_read(Order *order);
// The next record of that letter behind `after`, or the first for NULL; NULL: there is none.
const char *order_next(char letter, const char *after);
